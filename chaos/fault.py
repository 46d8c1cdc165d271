"""What the judge says."""

from msgspec import Struct


class Fault(Struct, frozen=True):
    """A broken promise.

    Attributes:
        promise: which one, in a word or two; the same for all of its kind.
        where: the client or the room.
        what: that was seen.
    """

    promise: str
    where: str
    what: str
