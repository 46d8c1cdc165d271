"""What is counted of RTMP."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class RtmpStats:
    """Plain counts.

    Attributes:
        connections_open: now, those that publish among them.
        publishing: now.
        received_bytes: all that came, handshakes and video included.
        video_bytes: video, which was thrown away.
        ended_total: connections by how they ended: published, the reason for a dismissal, bad_key,
            bad_rtmp, full, late, crowded, or silent for one that never asked to publish.
    """

    connections_open: int = 0
    publishing: int = 0
    received_bytes: int = 0
    video_bytes: int = 0
    ended_total: Counter[str] = field(default_factory=Counter)
