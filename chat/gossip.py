"""What nodes tell each other of the people in a room, as whispers of that room.

Every node numbers the versions of what it has to tell. Whoever has missed one sees so from the next frame, or
from a pulse, and asks. So nothing here has to arrive: what is lost is made good by what comes later.

A frame is a JSON array, an event for members is a JSON object: the first byte tells them apart.
"""

import msgspec
from msgspec import Struct


class Person(Struct, frozen=True, array_like=True):
    """Somebody on one node; `away` when every connection there is."""

    id: str
    name: str
    away: bool


class Frame(Struct, frozen=True, array_like=True, tag=str.lower):
    """Attributes: `node` is whoever tells; a node that restarts has another name."""

    node: str


class Roll(Frame, frozen=True):
    """Everybody here. `people` is None where there are too many to name: then only `count` is told."""

    version: int
    count: int
    people: list[Person] | None


class News(Frame, frozen=True):
    """What makes `version`, one more than the version before, of it: who came or changed, and the ids of
    those who went.
    """

    version: int
    came: list[Person]
    went: list[str]


class Pulse(Frame, frozen=True):
    """Still here; this is the newest version."""

    version: int
    count: int


class Ask(Frame, frozen=True):
    """Asks a node, or with None all nodes, for a `Roll`."""

    of: str | None


AnyFrame = Roll | News | Pulse | Ask

_decoder: msgspec.json.Decoder[AnyFrame] = msgspec.json.Decoder(AnyFrame)
encode_frame = msgspec.json.Encoder().encode


def is_frame(payload: bytes) -> bool:
    """Whether a whisper is for nodes, and not an event for members."""
    return payload.startswith(b"[")


def decode_frame(payload: bytes) -> AnyFrame | None:
    """None for what another release of this program may mean."""
    try:
        return _decoder.decode(payload)
    except msgspec.DecodeError:
        return None
