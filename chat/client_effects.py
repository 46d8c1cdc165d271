"""What a client's machine asks of the shell around it, to be carried out in the order given."""

from msgspec import Struct

from chat.client_outbox import Frame


class Open(Struct, frozen=True):
    """Connect, then call `opened`; when that fails, or the line ends later, `closed`."""


class Write(Struct, frozen=True):
    """Write a frame to the line that is open."""

    frame: Frame


class Drop(Struct, frozen=True):
    """Close the line and hear nothing more of it, whether it was open yet or not."""

    code: int


class Tell(Struct, frozen=True):
    """Tell the program: a frame of the server's, or a `status`, `acked` or `failed` of our own."""

    event: Frame


class Answer(Struct, frozen=True):
    """Answer the question `id`: with the event, or with why there is none (`code` and `message`)."""

    id: int
    frame: Frame | None
    error: Frame | None


ClientEffect = Open | Write | Drop | Tell | Answer
