"""What came in over WebSockets from who broadcasts, counted."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class UplinkStats:
    """Plain counts, read by whoever wants to know.

    Attributes:
        received_bytes: of recordings, each byte once.
        resent_bytes: that had come before: acknowledgements were on their way when a line broke.
        resumed_total: recordings that went on over another connection.
        ended_total: recordings that are over, by the code of `dismissed`, or "lost": nobody came back.
    """

    received_bytes: int = 0
    resent_bytes: int = 0
    resumed_total: int = 0
    ended_total: Counter[str] = field(default_factory=Counter)
