"""Live shows as they are fetched over HLS: the outlet that players without a socket listen to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from hls.live import LiveRendition, OnAir, PartCut
from hls.live_index import live_multivariant
from hls.live_playlist import Title as ListedTitle
from streamer.heads import Head
from streamer.lane import DatabaseFailed
from streamer.live.feed import NOW, Feed, FeedPlace
from streamer.live.outlet import Deaf, Title
from streamer.live.passes import PREFIX as PASS_PREFIX
from streamer.live.passes import Passes
from streamer.live.pieces import Piece
from streamer.live.sessions import Caller, Sessions
from streamer.resource import Denial, Found, Resource
from streamer.shelf import PLAYLIST_TYPE
from streamer.voice import Answerable, Lookup
from streamer.waiting import Waiting
from streamer.wheel import TimerWheel

LIVE_PREFIX: Final = "/hls/live/"
INDEX: Final = "index.m3u8"

_WARM_S: Final = 5.0  # the encoders open in less than one
_ENDED_S: Final = 60.0  # long enough to hear the end of it, and to learn that it is the end
_MAX_TITLES: Final = 64


class Doors(Protocol):
    """Which rooms are open to everybody."""

    def is_open(self, room: str) -> bool | None:
        """None if that is not known: then ask `learn`."""
        ...

    async def learn(self, room: str) -> None:
        """Find it out. Raises DatabaseFailed."""
        ...


class _Show:
    """What is fetched of one show."""

    def __init__(self, show: OnAir, feeds: dict[str, Feed]) -> None:
        self.show = show
        self.feeds = feeds
        self.titles: list[ListedTitle] = []
        self.index: Resource | None = None
        self.waiting: Waiting | None = None  # for the index
        self.lagging = set(feeds)  # of the part that comes in at this moment
        self.ended = False


class LiveShelf(Deaf):
    """Holds what every show has to be fetched. Sessions are counted, and not more than asked for.

    Bounds: those of `Feed` for each rendition of each show that is on, or ended within the last minute.
    """

    def __init__(
        self,
        wheel: TimerWheel,
        sessions: Sessions,
        doors: Doors,
        passes: Passes,
        now_s: Callable[[], float],
    ) -> None:
        self._wheel = wheel
        self._sessions = sessions
        self._doors = doors
        self._passes = passes
        self._now_s = now_s
        self._media: dict[str, Piece] = {}
        self._shows: dict[str, _Show] = {}  # by room
        self._coming: dict[str, _Show] = {}

    # --- from shows

    def started(self, show: OnAir) -> None:
        self._coming.pop(show.room, None)
        self._put(self._make(show, {}))

    def follow(self, show: OnAir, places: Mapping[str, FeedPlace], titles: Sequence[Title]) -> None:
        """Go on as the shelf of another node does, from where that was between two segments.

        What was there before is fetched until `reveal`: so there may be much to catch up with.

        Args:
            places: of its feeds, by rendition.
            titles: those that it may list still.
        """
        self._coming[show.room] = self._make(show, places)
        for title in titles:
            self.titled(show, title)

    def reveal(self, room: str) -> None:
        """What `follow` began is fetched from now on. Idempotent."""
        coming = self._coming.pop(room, None)
        if coming is not None:
            self._put(coming)

    def places(self, room: str) -> dict[str, FeedPlace] | None:
        """For `follow`; None within a segment, and where nothing is on."""
        here = self._shows.get(room)
        places = {} if here is None else {name: feed.place for name, feed in here.feeds.items()}
        whole = {name: place for name, place in places.items() if place is not None}
        return whole if whole and len(whole) == len(places) else None

    def part(self, show: OnAir, part: PartCut) -> None:
        here = self._at(show.room)
        feed = here.feeds.get(part.rendition) if here is not None else None
        if here is None or feed is None:
            return
        if part.rendition not in here.lagging:
            self._publish(here)  # others lag: their listeners wait, these need not
        feed.append(part)
        here.lagging.discard(part.rendition)
        if not here.lagging:
            self._publish(here)

    def renewed(self, show: OnAir) -> None:
        here = self._at(show.room)
        if here is None:
            return
        here.show = show
        for rendition in listed(show):
            if rendition.name in here.feeds:
                here.feeds[rendition.name].renew(show, rendition)
        self._publish(here)

    def titled(self, show: OnAir, title: Title) -> None:
        here = self._at(show.room)
        if here is not None:
            here.titles.append(ListedTitle(title.number, title.starts_at_us, title.text))
            del here.titles[:-_MAX_TITLES]

    def ended(self, show: OnAir) -> None:
        here = self._at(show.room)
        if here is None or here.ended:
            return
        if not all(feed.warm for feed in here.feeds.values()):
            self._remove(here)  # it was over before there was a sound
            return
        here.ended = True
        for feed in here.feeds.values():
            feed.end()
        self._publish(here)
        self._wheel.schedule(_ENDED_S, lambda: self._remove(here))

    # --- to the front door

    def find(self, head: Head, caller: Caller, listener: str = "") -> Lookup | None:
        """What a path below `LIVE_PREFIX` answers, or below a pass; see `server.LiveMedia`."""
        path, listener = head.path, listener or head.listener
        piece = self._media.get(path)
        if piece is not None and self._doors.is_open(piece.pieces.room):
            self._sessions.seen(caller, piece.pieces.room, listener, piece.delay_ms)
            return piece.resource
        token = ""
        if path.startswith(PASS_PREFIX):
            token, _, path = path[len(PASS_PREFIX) :].partition("/")
            path = f"/{path}"
        if not path.startswith(LIVE_PREFIX):
            return None
        room, _, name = path[len(LIVE_PREFIX) :].partition("/")
        here = self._shows.get(room)
        if here is None:
            return Denial(404, f"nothing is live in {room[:70]!r}")
        is_open = self._doors.is_open(room)
        if is_open is None:
            return self._learn(head, caller, listener, room)
        if not is_open and not self._passes.verify(token, room, self._now_s()):
            return Denial(403, "the room is not open: its pass is missing, not good, or no longer good")
        piece = self._media.get(path)
        self._sessions.seen(caller, room, listener, None if piece is None else piece.delay_ms)
        return self._find(here, name, head) if piece is None else piece.resource

    def hurry(self) -> None:
        """Answer everyone who waits with what there is."""
        for here in self._shows.values():
            for feed in here.feeds.values():
                feed.hurry()
            self._give_up(here)

    async def _learn(self, head: Head, caller: Caller, listener: str, room: str) -> Answerable:
        try:
            await self._doors.learn(room)
        except DatabaseFailed:
            return Denial(503, "who may listen can't be found out at this moment")
        found = self.find(head, caller, listener)
        return await found if isinstance(found, Awaitable) else found

    def _find(self, here: _Show, name: str, head: Head) -> Found | Waiting:
        if name == INDEX:
            return self._find_index(here)
        rendition, _, rest = name.partition("/")
        feed = here.feeds.get(rendition.removesuffix(".m3u8") if not rest else rendition)
        if feed is None or not (rest or rendition == feed.uri):
            return Denial(404, f"there is no {name[:70]!r} in this show")
        if rest:
            return feed.find_part(rest)
        return feed.find(head.query, zipped=head.takes_gzip)

    def _find_index(self, here: _Show) -> Found | Waiting:
        if here.index is None:
            if not all(feed.warm for feed in here.feeds.values()):
                if here.waiting is None:
                    here.waiting = Waiting(self._wheel, _WARM_S, lambda _: self._give_up(here))
                return here.waiting
            here.index = _index(here)
        return here.index

    # --- what has changed

    def _publish(self, here: _Show) -> None:
        """A part of every rendition is there, or there won't be another."""
        feeds = here.feeds.values()
        here.lagging = set(here.feeds)
        here.index = None
        if not all(feed.warm for feed in feeds):
            return
        self._drop_titles(here)
        reports = {feed.name: feed.report for feed in feeds}
        for feed in feeds:
            others = [report for name, report in reports.items() if name != feed.name]
            feed.publish(others, here.titles)
        waiting, here.waiting = here.waiting, None
        if waiting is not None:
            here.index = _index(here)
            waiting.release(here.index)

    def _drop_titles(self, here: _Show) -> None:
        """Of those that began before the list does, only the last is still heard in it."""
        begin_us = min(feed.window.segments[0].starts_at_us for feed in here.feeds.values())
        titles = here.titles
        while len(titles) > 1 and titles[1].starts_at_us <= begin_us:
            del titles[0]

    def _give_up(self, here: _Show) -> None:
        waiting, here.waiting = here.waiting, None
        if waiting is not None:
            waiting.release(Denial(503, "the show begins; there is no sound yet"))

    def _make(self, show: OnAir, places: Mapping[str, FeedPlace]) -> _Show:
        feeds = {
            one.name: Feed(self._media, self._wheel, show, one, places.get(one.name)) for one in listed(show)
        }
        return _Show(show, feeds)

    def _put(self, here: _Show) -> None:
        """Who still waits for something of the room's last show is told."""
        before = self._shows.get(here.show.room)
        if before is not None:
            self._remove(before)
        self._shows[here.show.room] = here

    def _at(self, room: str) -> _Show | None:
        """The show that is told of."""
        return self._coming.get(room) or self._shows.get(room)

    def _remove(self, here: _Show) -> None:
        for feed in here.feeds.values():
            feed.remove()
        self._give_up(here)
        if self._shows.get(here.show.room) is here:
            del self._shows[here.show.room]


def listed(show: OnAir) -> list[LiveRendition]:
    """The renditions that come in parts."""
    return [rendition for rendition in show.renditions if rendition.init]


def _index(here: _Show) -> Resource:
    feeds = here.feeds.values()
    text = live_multivariant(here.show.grid, [feed.variant for feed in feeds])
    return Resource(
        media_type=PLAYLIST_TYPE,
        body=text.encode(),
        etag=f'"{here.show.show}-{sum(feed.variant.peak_bandwidth for feed in feeds):x}"',
        last_modified=None,
        cache_control=NOW,
    )
