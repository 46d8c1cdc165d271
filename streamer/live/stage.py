"""Where all ways in bring their sources, and where all shows are: implements `streamer.live.line.Stage`."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from streamer.lane import DatabaseFailed
from streamer.live.keys import StreamKeys, admission_of
from streamer.live.line import Admission, KeyRefused, Line, Offer, Shell, StageFull
from streamer.live.now_playing import Words, clean_words
from streamer.live.show import House, Show
from streamer.live.show_encoding import Past
from streamer.live.show_state import Crowded, State
from streamer.live.takeovers import Contested

_TICK_S = 0.5
_KEYS_EVERY = 4
"""Ticks between two looks whether keys that are in use are still good: `veza key` tells no server."""
_MAX_HELD = 256
_HELD_S = 600.0
"""A title that comes before its source is kept for so long."""

log = structlog.get_logger()


class Elsewhere(Protocol):
    """What is on at other nodes, see `streamer.live.nodes`."""

    def take(self, admission: Admission) -> Past | None: ...

    def announce(
        self, room: str, key_id: str, artist: str | None, title: str | None, text: str | None
    ) -> bool: ...


@dataclass(frozen=True, slots=True)
class StageLimits:
    """Bounds of what is live at the same time."""

    max_shows: int


class LiveStage:
    """All shows of this node.

    Attributes:
        shows: by room; those that are over but whose last parts are still on their way, too.
        nodes: what is on elsewhere; None where there is one node.
    """

    def __init__(
        self,
        keys: StreamKeys,
        house: House,
        limits: StageLimits,
        make_id: Callable[[], str],
        refuse: Callable[[Admission], Awaitable[str | None]],
    ) -> None:
        """Args: `refuse` says why somebody may not be a source whose key is good, or None; DatabaseFailed."""
        self.shows: dict[str, Show] = {}
        self.nodes: Elsewhere | None = None
        self.contested: Callable[[str, str], None] = lambda room, why: None
        self._keys = keys
        self._house = house
        self._limits = limits
        self._make_id = make_id
        self._refuse = refuse
        self._held: OrderedDict[str, tuple[Words, float]] = OrderedDict()  # by key
        self._stopping = False
        keys.revoked = self.revoke

    async def admit(self, room: str, key: str) -> Admission:
        admission = await self.admit_key(key)
        if admission.room != room:
            raise KeyRefused("that is no stream key of this room")
        return admission

    async def admit_key(self, key: str) -> Admission:
        admission = admission_of(await self._keys.find(key))
        if why := await self._refuse(admission):
            raise KeyRefused(why)
        return admission

    def connect(self, admission: Admission, offer: Offer, shell: Shell) -> Line:
        if self._stopping:
            raise StageFull("the server stops; come back in a moment")
        show = self.live(admission.room)
        if show is None:
            show = self._begin(admission, offer)
        words = self._take_held(admission.key_id)
        try:
            return show.connect(admission, offer, shell, words)
        except Crowded as error:
            raise StageFull(str(error)) from None
        except Contested as error:
            raise self._contested(admission, error) from None

    def announce(self, admission: Admission, artist: str | None, title: str | None, text: str | None) -> bool:
        show = self.live(admission.room)
        for source in () if show is None else show.sources.values():
            if source.admission.key_id == admission.key_id:
                source.title(artist, title, text)
                return True
        if self.nodes and self.nodes.announce(admission.room, admission.key_id, artist, title, text):
            return True
        words = clean_words(artist, title, text)
        if words is not None:
            self._held[admission.key_id] = words, self._house.clock()
            self._held.move_to_end(admission.key_id)
            if len(self._held) > _MAX_HELD:
                self._held.popitem(last=False)
        return False

    def live(self, room: str) -> Show | None:
        """The show of a room that is not over."""
        show = self.shows.get(room)
        return None if show is None or show.state is State.ENDED else show

    def resume(self, id: str, admission: Admission, offer: Offer, past: Past) -> None:
        """A show that was live when this server stopped waits for its sources."""
        assert admission.room not in self.shows
        self.shows[admission.room] = Show(id, admission.room, admission, offer, self._house, past)

    def revoke(self, key_id: str) -> None:
        """A key is good no more: who is on with it goes."""
        self._held.pop(key_id, None)
        for show in list(self.shows.values()):
            show.revoke(key_id)

    def ended(self, show: Show) -> None:
        """For `House.ended`."""
        if self.shows.get(show.room) is show:
            del self.shows[show.room]

    async def run(self, tick: Callable[[], None]) -> None:
        """Let time go by, and call `tick` twice a second. Runs until cancelled."""
        turn = 0
        while True:
            await asyncio.sleep(_TICK_S)
            turn += 1
            for show in list(self.shows.values()):
                show.tick()
            tick()
            if turn % _KEYS_EVERY == 0:
                await self._look_at_keys()

    def stop(self) -> None:
        """Send sources away; shows go on with the next start."""
        self._stopping = True
        for show in list(self.shows.values()):
            show.stop()

    def _begin(self, admission: Admission, offer: Offer) -> Show:
        former = self.shows.get(admission.room)
        if former is None and len(self.shows) >= self._limits.max_shows:
            raise StageFull(f"{len(self.shows)} shows are live, and may be {self._limits.max_shows}")
        past = None if self.nodes is None else self._take(self.nodes, admission)
        if former is not None:
            former.cut()
        show = Show(self._make_id(), admission.room, admission, offer, self._house, past)
        self.shows[admission.room] = show
        return show

    def _take(self, nodes: Elsewhere, admission: Admission) -> Past | None:
        try:
            return nodes.take(admission)
        except Contested as error:
            raise self._contested(admission, error) from None

    def _contested(self, admission: Admission, error: Contested) -> StageFull:
        """Programs show numbers rather than words: the room's host is told, too."""
        self.contested(admission.room, str(error))
        return StageFull(str(error))

    def _take_held(self, key_id: str) -> Words | None:
        words, at = self._held.pop(key_id, (None, 0.0))
        return words if self._house.clock() - at < _HELD_S else None

    async def _look_at_keys(self) -> None:
        used = {
            source.admission.key_id: source.admission
            for show in self.shows.values()
            for source in show.sources.values()
            if source.open
        }
        if not used:
            return
        try:
            good = set(await self._keys.still_good({id: one.key_hash for id, one in used.items()}))
            good = {id for id in good if not await self._refuse(used[id])}
        except DatabaseFailed as error:
            log.error("stream keys could not be looked at", error=str(error))
            return
        for key_id in used.keys() - good:
            self.revoke(key_id)
