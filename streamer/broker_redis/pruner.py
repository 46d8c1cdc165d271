"""Lets go of what this node knows when SQL has it, and notices if Redis has gone back."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from streamer.broker_redis.kept import Kept
from streamer.broker_redis.line import LineBroken, Refusal
from streamer.broker_redis.logs import Logs

_PAUSE_S = 1.0
_ROOMS = 500  # that are asked about at once


class Pruner:
    """Compares `Kept` with what Redis says of the same rooms, every second."""

    def __init__(self, logs: Logs, kept: Kept, distrust: Callable[[], None]) -> None:
        """Args: `distrust` is called when a log lacks what it had."""
        self._logs = logs
        self._kept = kept
        self._distrust = distrust

    async def run(self) -> None:
        """For the life of the process; cancelling it is safe."""
        while True:
            await asyncio.sleep(_PAUSE_S)
            rooms = list(self._kept.rooms)
            for start in range(0, len(rooms), _ROOMS):
                with suppress(LineBroken):
                    await self._compare(rooms[start : start + _ROOMS])

    async def _compare(self, rooms: Sequence[str]) -> None:
        run = self._logs.run
        known = {room: self._kept.of_room(room) for room in rooms}
        metas = await self._logs.ask(
            [("HMGET", self._logs.keys.room(room).meta, "epoch", "seq", "archived") for room in rooms]
        )
        for (room, (epoch, entries)), meta in zip(known.items(), metas, strict=True):
            if isinstance(meta, Refusal):
                continue
            name, seq, archived = meta
            if archived is not None and name.decode() == epoch:
                self._kept.archived(room, int(archived))
            if run and run == self._logs.run and entries and int(seq or 0) < entries[-1].seq:
                self._distrust()
