"""Tells rooms what becomes of their shows: events in the room's log."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

from chat.broker import NotStored
from hls.live import OnAir
from streamer.herald import Herald, SystemEvent
from streamer.live.outlet import Deaf, Title

_MAX_WAITING = 1000
_TRIES = 5
_PAUSE_S = 1.0
_AWAY = "The broadcaster is away for a moment; the show goes on"
_BACK = "The broadcaster is back"

log = structlog.get_logger()


class Crier(Deaf):
    """An outlet. What it has to say is said in order, one after the other, by `run`.

    Bound: 1,000 events wait; beyond them the oldest is not said.
    """

    def __init__(self, herald: Herald, name_of: Callable[[OnAir], str]) -> None:
        """Args: `name_of` says what people call a show."""
        self._herald = herald
        self._name_of = name_of
        self._waiting: deque[tuple[str, SystemEvent, dict[str, Any], str]] = deque(maxlen=_MAX_WAITING)
        self._news = asyncio.Event()
        self._count = 0

    def started(self, show: OnAir) -> None:
        if show.began_at_us == show.starts_at_us:  # else it goes on
            self._say(show, "went_live", {"title": self._name_of(show), "media": show.began_at_us // 1000})

    def titled(self, show: OnAir, title: Title) -> None:
        fields = {"title": title.text, "artist": title.artist, "song": title.title}
        self._say(show, "now_playing", fields | {"media": title.starts_at_us // 1000})

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None:
        event: SystemEvent = "interrupted" if interrupted else "back"
        self._say(show, event, {"text": _AWAY if interrupted else _BACK})

    def ended(self, show: OnAir) -> None:
        self._say(show, "ended", {"track": show.show})

    async def run(self) -> None:
        """Say what there is to say. Runs until cancelled; what is being said then may be said or not."""
        while True:
            while self._waiting:
                await self._announce(*self._waiting.popleft())
            self._news.clear()
            await self._news.wait()

    def _say(self, show: OnAir, event: SystemEvent, fields: dict[str, Any]) -> None:
        self._count += 1
        nonce = f"{show.show}-{show.starts_at_us}-{self._count}"
        self._waiting.append((show.room, event, {"show": show.show} | fields, nonce))
        self._news.set()

    async def _announce(self, room: str, event: SystemEvent, fields: dict[str, Any], nonce: str) -> None:
        for _ in range(_TRIES):
            outcome = await self._herald.announce(room, event, fields, nonce=nonce)
            if not isinstance(outcome, NotStored):
                return
            log.error("an event of a show could not be stored", room=room, what=event, reason=outcome.reason)
            await asyncio.sleep(_PAUSE_S)
