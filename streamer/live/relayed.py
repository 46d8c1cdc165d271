"""What the node of a show has the others know of it: messages, packed so that no sound is in them twice.

A part holds the same access units as the chunks since the part before it, behind the boxes of its container.
So only the boxes are sent with it, and who unpacks puts the units behind them: the bytes are the same.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from hls.live import ChunkCut, OnAir, PartCut
from streamer.live.feed import FeedPlace
from streamer.live.outlet import Title

_MAX_KEPT: Final = 256 << 10  # of units that wait for their part; those of a lossless one are 60 KB


class Bill(msgspec.Struct, frozen=True):
    """Whose show it is, and what people call it."""

    name: str
    person: str
    person_name: str


class Joint(msgspec.Struct, frozen=True, tag=True):
    """From here on a node can follow that knows nothing: no segment is growing.

    Attributes:
        places: of the feeds, by rendition.
        titles: that playlists may list still; the last one is what plays.
        since_us: when the show became what it is, live or interrupted.
    """

    show: OnAir
    bill: Bill
    places: dict[str, FeedPlace]
    titles: tuple[Title, ...]
    interrupted: bool
    since_us: int


class Renewed(msgspec.Struct, frozen=True, tag=True):
    """As `Outlet.renewed`."""

    show: OnAir


class Titled(msgspec.Struct, frozen=True, tag=True):
    """As `Outlet.titled`."""

    title: Title


class Turned(msgspec.Struct, frozen=True, tag=True):
    """As `Outlet.interrupted`."""

    interrupted: bool
    since_us: int


class Over(msgspec.Struct, frozen=True, tag=True):
    """As `Outlet.ended`."""


class Boxes(msgspec.Struct, frozen=True, tag=True):
    """A part without the last `units_bytes` of it, which are the chunks of `rendition` that came before."""

    rendition: str
    number: int
    at_ticks: int
    duration_ticks: int
    boxes: bytes
    units_bytes: int


Message = Joint | Renewed | Titled | Turned | Over | ChunkCut | PartCut
_Packed = Joint | Renewed | Titled | Turned | Over | ChunkCut | Boxes


class Broken(Exception):
    """What was sent can't be understood, or not without what came before it."""


class _Units:
    """The units of each rendition since its last part. Both ends forget them at a joint."""

    def __init__(self) -> None:
        self._units: dict[str, bytearray] = {}

    def add(self, chunk: ChunkCut) -> None:
        units = self._units.setdefault(chunk.rendition, bytearray())
        units += b"".join(chunk.units)
        if len(units) > _MAX_KEPT:  # a rendition that has no parts
            units.clear()

    def take(self, rendition: str) -> bytes:
        return bytes(self._units.pop(rendition, b""))

    def clear(self) -> None:
        self._units.clear()


class Packer:
    """Makes bytes of messages, in order."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._units = _Units()

    def pack(self, messages: Iterable[Message]) -> bytes:
        """Bytes for one `Unpacker.unpack`."""
        return self._encoder.encode([self._pack(message) for message in messages])

    def _pack(self, message: Message) -> _Packed:
        match message:
            case Joint():
                self._units.clear()
            case ChunkCut():
                self._units.add(message)
            case PartCut():
                units, data = self._units.take(message.rendition), message.data
                if not data.endswith(units):
                    units = b""
                return Boxes(
                    message.rendition,
                    message.number,
                    message.at_ticks,
                    message.duration_ticks,
                    data[: len(data) - len(units)],
                    len(units),
                )
        return message


class Unpacker:
    """Makes messages of bytes, from a joint on."""

    def __init__(self) -> None:
        self._decoder = msgspec.msgpack.Decoder(list[_Packed])
        self._units = _Units()

    def unpack(self, data: bytes) -> Sequence[Message]:
        """What was packed.

        Raises:
            Broken: it is of another version, or something before it is missing.
        """
        try:
            packed = self._decoder.decode(data)
        except msgspec.DecodeError as error:
            raise Broken(str(error)) from None
        return [self._unpack(message) for message in packed]

    def _unpack(self, message: _Packed) -> Message:
        match message:
            case Joint():
                self._units.clear()
            case ChunkCut():
                self._units.add(message)
            case Boxes():
                units = self._units.take(message.rendition)
                if message.units_bytes not in (0, len(units)):
                    raise Broken(f"a part has {message.units_bytes} bytes of units, its chunks {len(units)}")
                data = message.boxes + units if message.units_bytes else message.boxes
                return PartCut(
                    message.rendition, message.number, message.at_ticks, message.duration_ticks, data
                )
        return message
