"""What is counted of sources over HTTP."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class WayStats:
    """Plain counts.

    Attributes:
        open: sources on stage now.
        received_bytes: of sound, out of its framing.
        answers_total: sources by the status they were told at last, or would have been had none gone before.
    """

    open: int = 0
    received_bytes: int = 0
    answers_total: Counter[int] = field(default_factory=Counter)
