"""Plain counts of the WebSocket side, read by whoever wants to know."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class ChatStats:
    """Totals since the start, and the connections of now.

    Attributes:
        connections_open: handshake done, not ended.
        handshakes_total: by status, 101 among them.
        commands_total: frames received from clients, malformed ones too.
        messages_total: stored and acknowledged.
        frames_delivered_total: messages and presence, once for each member.
        writes_total: what these took; fewer, when frames were joined.
        errors_total: error replies, by code.
        closes_total: connections ended, by close code; 1006 without one.
        acts_total: what was done about rooms and people in them, by the kind of act; refused ones are not.
    """

    connections_open: int = 0
    handshakes_total: Counter[int] = field(default_factory=Counter)
    commands_total: int = 0
    messages_total: int = 0
    frames_delivered_total: int = 0
    writes_total: int = 0
    errors_total: Counter[str] = field(default_factory=Counter)
    closes_total: Counter[int] = field(default_factory=Counter)
    acts_total: Counter[str] = field(default_factory=Counter)
