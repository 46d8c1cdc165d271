"""Which broker keeps the rooms' logs, as the settings say, and what else the server must know of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncEngine

from chat.broker import Broker
from chat.limits import ChatLimits
from streamer.broker_memory import MemoryBroker
from streamer.gauges_redis import redis_gauges
from streamer.journal import Journal
from streamer.metrics import Gauge
from streamer.settings import Settings
from streamer.start import StartRefused
from streamer.watchers import Watchers

if TYPE_CHECKING:
    from streamer.broker_redis.air import Air
    from streamer.broker_redis.broker import RedisBroker

_TRACKS = "tracks"


class ChatLog:
    """A broker inside the process, or in Redis.

    Attributes:
        broker: to be handed to who speaks and hears.
    """

    def __init__(self, settings: Settings, engine: AsyncEngine, limits: ChatLimits) -> None:
        """Made on the running loop."""
        self._redis: RedisBroker | None = None
        if settings.redis_url:
            self._redis = _open_redis(settings, engine, limits)
            self.broker: Broker = self._redis
            self.run = self._redis.run
        else:
            journal = Journal(engine)
            self.broker = MemoryBroker(journal)
            self.run = journal.run

    async def prepare(self) -> None:
        """See whether the log can be kept.

        Raises:
            StartRefused: Redis does not answer, or can't do what is needed.
        """
        if self._redis is not None and (trouble := await self._redis.prepare()):
            raise StartRefused(f"redis_url = {self._redis.shown!r} can't be used: {trouble}")

    def trouble(self) -> str | None:
        """Why messages can't be stored right now, if they can't."""
        if self._redis is None or self._redis.trouble is None:
            return None
        return f"Redis can't be reached: {self._redis.trouble}"

    def gauges(self) -> list[Gauge]:
        return redis_gauges(self._redis) if self._redis else []

    @property
    def air(self) -> Air | None:
        """Where shows go from node to node; None where there is one node."""
        return None if self._redis is None else self._redis.air

    @property
    def node(self) -> str:
        """Names this node among others, until it stops; empty where there is one."""
        return "" if self._redis is None else self._redis.node

    def share_tracks(self, watchers: Watchers) -> None:
        """Have what is told to who watches tracks told on every node."""
        redis = self._redis
        if redis is None:
            return
        here = redis.node.encode()

        def hear(payload: bytes) -> None:
            node, track_id, event = payload.split(b" ", 2)
            if node != here:
                watchers.show(track_id.decode(), event)

        redis.listen(_TRACKS, hear)
        watchers.pass_on = _passer(redis, here)


def _open_redis(settings: Settings, engine: AsyncEngine, limits: ChatLimits) -> RedisBroker:
    # Only where it is wanted: the client library is as slow to import as the rest of the server.
    from streamer.broker_redis.broker import RedisBroker
    from streamer.broker_redis.url import read_url

    return RedisBroker(read_url(settings.redis_url), engine, limits, replicas=settings.redis_replicas)


def _passer(redis: RedisBroker, here: bytes) -> Callable[[str, bytes], None]:
    return lambda track_id, event: redis.tell(_TRACKS, b"%b %b %b" % (here, track_id.encode(), event))
