"""One rendition of a show as it is fetched: its playlist, and who waits for the next one.

What a cache may keep of a playlist: one that was asked for by a part in it is the same for everybody who asks
so, and old as soon as these ask for the next; it is kept like media. Without that it is old as soon as there
is another part. What is given because a wait was too long is not kept: the address promises more.
"""

import gzip
import hashlib
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from hls.directives import Directives, DirectivesRefused, read_directives
from hls.live import LiveRendition, OnAir, PartCut
from hls.live_index import Bandwidth, Measured, Variant
from hls.live_playlist import LivePlaylist, Report, Title
from hls.window import Part, Place, Refused, Wait, Window
from streamer.live.ahead import may_ask, may_come
from streamer.live.pieces import KEPT, Piece, Pieces
from streamer.resource import Denial, Found, Resource
from streamer.shelf import PLAYLIST_TYPE
from streamer.waiting import Waiting
from streamer.wheel import TimerWheel

NOW: Final = "public, max-age=0"
NOT_KEPT: Final = "no-store"

_TARGETS_WAITED: Final = 3  # RFC 8216bis 6.2.5.2: more, and something is wrong
_TARGETS_WITH_PARTS: Final = 3  # and their parts are there for two segments more
_PARTS_IN_HAND: Final = 2  # of players of parts; of segments, two as well
_MAX_KNOWN: Final = 256
_GZIP_LEVEL: Final = 6
_US_PER_S: Final = 1_000_000
_MAX_WANTED: Final = 256


class FeedPlace(Struct, frozen=True):
    """Where a feed stands between two segments: what that of another node needs to go on as it does.

    Attributes:
        edge_us: time up to which there is sound.
    """

    window: Place
    measured: Measured
    edge_us: int


class Feed:
    """Takes the parts of one rendition, and answers for its playlist.

    Bounds: those of `Pieces`; and as many playlists are waited for as `Window.locate` lets be asked for, in
    each of four forms. A feed that follows another node's waits for what that has listed already, and for
    256 playlists at most.
    """

    def __init__(
        self,
        media: dict[str, Piece],
        wheel: TimerWheel,
        show: OnAir,
        rendition: LiveRendition,
        place: FeedPlace | None = None,
    ) -> None:
        """Args:
        media: where pieces of all feeds are, by their path.
        place: of the feed of another node that this one follows.
        """
        grid = show.grid
        self.name = rendition.name
        self.uri = f"{rendition.name}.m3u8"
        self.bound_s = _TARGETS_WAITED * grid.target_duration_s
        segment_us = grid.segment_ticks * _US_PER_S // grid.timescale
        # Shows of a room follow one another, and have a number for each segment: so none comes twice.
        first = show.began_at_us // segment_us
        if show.first_number:  # the first of them was several
            first += len(grid.opening) + show.first_number
        self._init = first if place is None else place.window.init
        self._init_data = rendition.init
        self._follows = place is not None
        self._codecs = rendition.codecs
        self._part_us = grid.part_ticks * _US_PER_S // grid.timescale
        self._segment_us = segment_us
        self._grid = grid
        self.window = _window(show, first) if place is None else Window.at(grid, place.window)
        self._bandwidth = Bandwidth(grid, None if place is None else place.measured)
        self._playlist = LivePlaylist(self.window, self.name)
        self.pieces = Pieces(
            media,
            room=show.room,
            name=self.name,
            tag=f"{show.show}-{self.name}",
            parts_of=-(-_TARGETS_WITH_PARTS * grid.target_duration_s * _US_PER_S // segment_us) + 3,
            wheel=wheel,
        )
        self.pieces.put_init(self._init, rendition.init, show.starts_at_us)
        if place is not None:
            self.pieces.edge_us = place.edge_us
        self._wheel = wheel
        self._wanted: dict[tuple[Directives, bool], Waiting] = {}
        self._known: dict[tuple[str, bool], Found | Waiting] = {}  # by query and gzip, until the next part
        self._texts: dict[tuple[bool, bool], tuple[bytes, str]] = {}  # by skip and gzip: body, entity tag
        self._reports: Sequence[Report] = ()
        self._titles: Sequence[Title] = ()

    # --- from the show

    def append(self, part: PartCut) -> None:
        """A part is there; who waits for a playlist with it does so until `publish`."""
        window = self.window
        cut = Part(len(part.data), part.duration_ticks)
        gone = window.append(cut)
        segment = window.segments[-1]
        duration_us = part.duration_ticks * _US_PER_S // self._grid.timescale
        self.pieces.put_part(segment, part.data, duration_us, _PARTS_IN_HAND * self._part_us)
        self._bandwidth.add_part(cut)
        if segment.complete:
            self._complete()
        self.pieces.unlist(gone)
        self._forget()

    def renew(self, show: OnAir, rendition: LiveRendition) -> None:
        """What comes next continues nothing."""
        growing = bool(self.window.segments) and not self.window.segments[-1].complete
        if rendition.init != self._init_data:
            self._init += 1
            self._init_data = rendition.init
        self.window.cut(init=self._init, starts_at_us=show.starts_at_us)
        if growing:
            self._complete()
        self.pieces.put_init(self._init, rendition.init, show.starts_at_us)
        self.pieces.give_up()
        self._forget()

    def end(self) -> None:
        """Nothing comes any more."""
        growing = bool(self.window.segments) and not self.window.segments[-1].complete
        self.window.end()
        if growing:
            self._complete()
        self.pieces.give_up()
        self._forget()

    def publish(self, reports: Sequence[Report], titles: Sequence[Title]) -> None:
        """Answer everyone whose playlist is there now."""
        self._reports, self._titles = reports, titles
        self._forget()
        for (asked, zipped), waiting in list(self._wanted.items()):
            verdict = self.window.locate(asked)
            if isinstance(verdict, Wait):
                continue
            del self._wanted[asked, zipped]
            waiting.release(self._answer(asked, zipped))

    # --- to the front door

    def find(self, query: str, *, zipped: bool) -> Found | Waiting:
        """What a request for the playlist is answered."""
        known = self._known.get((query, zipped))
        if known is not None:
            return known
        found = self._judge(query, zipped)
        # Queries that are a player's own are not asked twice.
        if len(self._known) < _MAX_KNOWN and "CMCD" not in query:
            self._known[query, zipped] = found
        return found

    def find_part(self, name: str) -> Denial | Waiting:
        """Of what is not there: what was hinted at can be waited for, or listed by the node of the show."""
        number, part = self.window.next_place
        if not self.window.ended and name == f"{number}.{part}.m4s":
            return self.pieces.wait(name, self.bound_s)
        if self._follows and may_come(self.window, self._init, name):
            return self.pieces.wait_ahead(name, self.bound_s)
        return Denial(404, f"{name} is not there any more, or was never")

    def hurry(self) -> None:
        """Answer everyone with what there is."""
        for key in list(self._wanted):
            self._give_up(*key)
        self.pieces.give_up(503)

    def remove(self) -> None:
        """It can't be fetched any more."""
        self.hurry()
        self.pieces.remove()

    @property
    def place(self) -> FeedPlace | None:
        """Where it stands; None within a segment."""
        place = self.window.place
        return None if place is None else FeedPlace(place, self._bandwidth.measured, self.pieces.edge_us)

    @property
    def warm(self) -> bool:
        """It has a part."""
        return bool(self.window.segments)

    @property
    def variant(self) -> Variant:
        """How the multivariant playlist lists it. Needs a part."""
        return Variant(self.uri, self._codecs, self._bandwidth.peak, self._bandwidth.average)

    @property
    def report(self) -> Report:
        """How the playlists of others list it. Needs a part."""
        return Report(self.uri, *self.window.last_place)

    def _complete(self) -> None:
        segment = self.window.segments[-1]
        self._bandwidth.add_segment(segment)
        self.pieces.put_segment(segment, _PARTS_IN_HAND * self._segment_us)

    def _forget(self) -> None:
        self._known.clear()
        self._texts.clear()

    def _judge(self, query: str, zipped: bool) -> Found | Waiting:
        try:
            asked = read_directives(query)
        except DirectivesRefused as refused:
            return Denial(400, str(refused))
        verdict = self.window.locate(asked)
        if isinstance(verdict, Refused) and not self._may_ask(asked):
            return Denial(400, verdict.reason)
        late = isinstance(verdict, Wait | Refused)
        return self._wait(asked, zipped) if late else self._answer(asked, zipped)

    def _may_ask(self, asked: Directives) -> bool:
        """Whether the node of the show may have what is too far ahead here."""
        return self._follows and len(self._wanted) < _MAX_WANTED and may_ask(self.window, asked)

    def _wait(self, asked: Directives, zipped: bool) -> Waiting:
        if asked.msn is not None:  # there are many ways to ask for the beginning of the next segment
            asked = Directives(*self.window.place_of(asked.msn, asked.part), asked.skip)
        waiting = self._wanted.get((asked, zipped))
        if waiting is None:
            waiting = Waiting(self._wheel, self.bound_s, lambda _: self._give_up(asked, zipped))
            self._wanted[asked, zipped] = waiting
        return waiting

    def _give_up(self, asked: Directives, zipped: bool) -> None:
        """The part clock stands still. An error would make players stop that have sound left to play."""
        waiting = self._wanted.pop((asked, zipped))
        self._known.clear()
        if self.warm:
            waiting.release(self._render(asked.skip, zipped, NOT_KEPT))
        else:
            waiting.release(Denial(503, "there is no sound yet"))

    def _answer(self, asked: Directives, zipped: bool) -> Resource:
        return self._render(asked.skip, zipped, NOW if asked.msn is None else KEPT)

    def _render(self, skip: bool, zipped: bool, cache_control: str) -> Resource:
        """The playlist as it is now, made once for all who ask. Needs a part, unless the show has ended."""
        form = self._texts.get((skip, zipped))
        if form is None:
            form = self._texts[skip, zipped] = self._make(skip, zipped)
        body, tag = form
        return Resource(
            media_type=PLAYLIST_TYPE,
            body=body,
            etag=tag,
            last_modified=None,
            cache_control=cache_control,
            encoding="gzip" if zipped else None,
        )

    def _make(self, skip: bool, zipped: bool) -> tuple[bytes, str]:
        if zipped:
            plain, tag = self._texts.get((skip, False)) or self._make(skip, False)
            return gzip.compress(plain, _GZIP_LEVEL, mtime=0), f'{tag[:-1]}-gz"'
        body = self._playlist.render(skip=skip, reports=self._reports, titles=self._titles).encode()
        return body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def _window(show: OnAir, first: int) -> Window:
    return Window(
        show.grid,
        starts_at_us=show.starts_at_us,
        first_number=first,
        init=first,
        gone_discontinuities=show.first_number or None,
    )
