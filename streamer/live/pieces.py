"""Parts and segments of one rendition of a show, as ready bytes."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from hls.window import LiveSegment
from streamer.resource import Denial, Resource
from streamer.shelf import MEDIA_TYPE
from streamer.waiting import Waiting
from streamer.wheel import TimerWheel

#: Numbers begin with the time, so that an address means the same bytes for good. A day, because nobody asks
#: for them that long, and caches of players have better things to keep.
KEPT: Final = "public, max-age=86400, immutable"

_MAX_BEHIND: Final = 4
_MAX_AHEAD: Final = 32
_MAX_BEHIND_BYTES: Final = 16 << 20
_US_PER_S: Final = 1_000_000


class Piece:
    """Something to fetch.

    Attributes:
        starts_at_us: time of its first sample, microseconds since the Unix epoch; None for what has none.
        kept_us: how much sound players of such pieces usually keep in hand.
    """

    __slots__ = ("kept_us", "pieces", "resource", "starts_at_us")

    def __init__(self, pieces: "Pieces", resource: Resource, starts_at_us: int | None, kept_us: int) -> None:
        self.pieces = pieces
        self.resource = resource
        self.starts_at_us = starts_at_us
        self.kept_us = kept_us

    @property
    def delay_ms(self) -> int | None:
        """How far behind the show somebody is who fetches this now, as far as can be told."""
        if self.starts_at_us is None:
            return None
        return (self.pieces.edge_us - self.starts_at_us + self.kept_us) // 1_000


class Pieces:
    """What can be fetched of one rendition, and the one part that can be waited for.

    Bounds: the segments that are listed, and of those that were before at most 4 and 16 MiB; of the last
    `parts_of` segments their parts too. 32 pieces are waited for that lie further ahead.

    Attributes:
        room: whose show it is.
        edge_us: time up to which there is sound.
    """

    def __init__(
        self, media: dict[str, Piece], *, room: str, name: str, tag: str, parts_of: int, wheel: TimerWheel
    ) -> None:
        """Args:
        media: where pieces of all shows are, by their path.
        name: of the rendition.
        tag: of entity tags, unlike that of any other rendition or show.
        """
        self.room = room
        self.edge_us = 0
        self._media = media
        self._base = f"/hls/live/{room}/{name}/"
        self._tag = tag
        self._parts_of = parts_of
        self._wheel = wheel
        self._paths: set[str] = set()
        self._bodies: list[bytes] = []  # of the segment that grows
        self._with_parts: deque[LiveSegment] = deque()
        self._behind: deque[LiveSegment] = deque()
        self._hinted: tuple[str, Waiting] | None = None
        self._ahead: dict[str, Waiting] = {}

    def put_init(self, number: int, data: bytes, at_us: int) -> None:
        """An init segment, for as long as the show can be fetched."""
        self.edge_us = at_us
        self._put(f"init{number}.mp4", data, None, 0)

    def put_part(self, segment: LiveSegment, data: bytes, duration_us: int, kept_us: int) -> None:
        """The last part of a segment. Who waits for it gets it."""
        name = f"{segment.number}.{len(segment.parts) - 1}.m4s"
        piece = self._put(name, data, self.edge_us, kept_us)
        self.edge_us += duration_us
        self._bodies.append(data)
        hinted = self._hinted
        if hinted is not None:
            self._hinted = None
            hinted[1].release(piece.resource if hinted[0] == name else _never(hinted[0]))

    def put_segment(self, segment: LiveSegment, kept_us: int) -> None:
        """The segment of the last parts is complete; parts of an older one are not wanted any more."""
        data, self._bodies = b"".join(self._bodies), []
        self._put(f"{segment.number}.m4s", data, segment.starts_at_us, kept_us)
        self._with_parts.append(segment)
        if len(self._with_parts) > self._parts_of:
            old = self._with_parts.popleft()
            self._drop(f"{old.number}.{number}.m4s" for number in range(len(old.parts)))

    def unlist(self, gone: Sequence[LiveSegment]) -> None:
        """These have left the list."""
        behind = self._behind
        behind.extend(gone)
        while len(behind) > _MAX_BEHIND or sum(one.size_bytes for one in behind) > _MAX_BEHIND_BYTES:
            self._drop((f"{behind.popleft().number}.m4s",))

    def wait(self, name: str, bound_s: float) -> Waiting:
        """For the part that comes next, by its name."""
        if self._hinted is None or self._hinted[0] != name:
            self.give_up()
            waiting = Waiting(self._wheel, bound_s, lambda _: self.give_up(503))
            self._hinted = name, waiting
        return self._hinted[1]

    def wait_ahead(self, name: str, bound_s: float) -> Waiting | Denial:
        """For a piece that another node has listed already."""
        waiting = self._ahead.get(name)
        if waiting is None:
            if len(self._ahead) >= _MAX_AHEAD:
                return Denial(503, f"{len(self._ahead)} pieces are waited for already")
            waiting = self._ahead[name] = Waiting(self._wheel, bound_s, lambda _: self._give_up(name, 503))
        return waiting

    def give_up(self, status: int = 404) -> None:
        """What was waited for will not come, or (503) not soon."""
        hinted, self._hinted = self._hinted, None
        if hinted is not None:
            hinted[1].release(_never(hinted[0]) if status == 404 else Denial(status, f"{hinted[0]} is late"))
        for name in list(self._ahead):
            self._give_up(name, status)

    def _give_up(self, name: str, status: int) -> None:
        self._ahead.pop(name).release(_never(name) if status == 404 else Denial(status, f"{name} is late"))

    def remove(self) -> None:
        """Nothing of it can be fetched any more."""
        self.give_up()
        for path in self._paths:
            if self._media[path].pieces is self:  # else who follows it has the same there already
                del self._media[path]
        self._paths.clear()

    def _put(self, name: str, data: bytes, starts_at_us: int | None, kept_us: int) -> Piece:
        path = self._base + name
        at_us = self.edge_us if starts_at_us is None else starts_at_us
        resource = Resource(
            media_type=MEDIA_TYPE,
            body=data,
            etag=f'"{self._tag}-{name}"',
            last_modified=at_us // _US_PER_S,
            cache_control=KEPT,
        )
        piece = self._media[path] = Piece(self, resource, starts_at_us, kept_us)
        self._paths.add(path)
        ahead = self._ahead.pop(name, None)
        if ahead is not None:
            ahead.release(resource)
        return piece

    def _drop(self, names: Iterable[str]) -> None:
        for name in names:
            self._paths.discard(self._base + name)
            self._media.pop(self._base + name, None)


def _never(name: str) -> Denial:
    return Denial(404, f"{name} did not come: the segment ended before")
