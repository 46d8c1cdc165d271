"""What nodes tell each other of shows and of who listens, every second and when something changes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from streamer.live.audience import WayOut

SILENT_S: Final = 5.0
"""Of a node that has said nothing for so long, nobody is counted any more."""

_WAYS: Final[tuple[WayOut, ...]] = ("hls", "websocket", "progressive")


class Post(msgspec.Struct, frozen=True, array_like=True):
    """A show that is on at the node that tells of it.

    Attributes:
        run: names the stream in which it is relayed.
        after: id of the show of another node that it goes on with, if it does.
        since_us: when this node began with it: of two runs, the later one is on.
        heard: a source is.
        keys: ids of the keys of its sources.
        persons: ids of those whose sources these are, and of whoever began it.
        cockpit: what its host wants to know, `view.Cockpit` in MessagePack.
    """

    room: str
    show: str
    run: str
    since_us: int
    heard: bool
    keys: tuple[str, ...]
    persons: tuple[str, ...]
    cockpit: bytes
    after: str = ""

    @property
    def node(self) -> str:
        """Where it is on."""
        return self.run.rpartition("-")[0]


class Beat(msgspec.Struct, frozen=True, array_like=True, tag="beat"):
    """What is at a node now. `counts`: sessions by room: HLS, WebSocket, progressive; `gone`: it stops."""

    node: str
    posts: tuple[Post, ...]
    counts: dict[str, tuple[int, int, int]]
    gone: bool = False


class Order(msgspec.Struct, frozen=True, array_like=True, tag="order"):
    """What the node of a show is to do with it; others pay no heed.

    `end`: end it. `yield`: it goes on at another node, where a source came. `title`: what plays, for the
    source with `key_id`.
    """

    what: Literal["end", "yield", "title"]
    room: str
    run: str
    key_id: str = ""
    artist: str | None = None
    title: str | None = None
    text: str | None = None


Word = Beat | Order

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Word] = msgspec.msgpack.Decoder(Word)


def encode_word(word: Word) -> bytes:
    """For `decode_word`."""
    return _encoder.encode(word)


def decode_word(data: bytes) -> Word | None:
    """What another node tells; None for what only another version understands."""
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError:
        return None


def counted(rooms: Iterable[str], of: Mapping[str, Mapping[WayOut, int]]) -> dict[str, tuple[int, int, int]]:
    """`Beat.counts` of rooms in which somebody listens."""
    found = {}
    for room in rooms:
        hls, websocket, progressive = (of[room].get(way, 0) for way in _WAYS)
        if hls or websocket or progressive:
            found[room] = (hls, websocket, progressive)
    return found


class Neighbours:
    """The last beat of every other node. Bound: nodes that were heard in the last `SILENT_S`."""

    def __init__(self, node: str) -> None:
        """Args: `node` is this one, which hears itself too."""
        self._node = node
        self._beats: dict[str, tuple[Beat, float]] = {}

    def __len__(self) -> int:
        return len(self._beats)

    def hear(self, beat: Beat, now_s: float) -> bool:
        """Take in what a node says. False if it is this one, or its last word."""
        if beat.node == self._node:
            return False
        if beat.gone:
            self._beats.pop(beat.node, None)
            return False
        self._beats[beat.node] = beat, now_s
        return True

    def forget(self, now_s: float) -> None:
        """Time has gone by."""
        for node, (_, heard_s) in list(self._beats.items()):
            if now_s - heard_s > SILENT_S:
                del self._beats[node]

    def counts(self, room: str) -> Counter[WayOut]:
        """Who listens in a room on all other nodes."""
        total: Counter[WayOut] = Counter()
        for beat, _ in self._beats.values():
            total.update(dict(zip(_WAYS, beat.counts.get(room, (0, 0, 0)), strict=True)))
        return total
