"""What a node does when it meets a Redis that may have forgotten: it puts back what it knows."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from chat.broker import Draft, Entry
from streamer.broker_redis import script
from streamer.broker_redis.kept import Kept, read_payload
from streamer.broker_redis.line import Line, LineBroken, Refusal
from streamer.broker_redis.link import RedisStats
from streamer.broker_redis.logs import Ask, Logs

BARRIER_S = 1.0
"""Twice the longest pause before a line is opened again: so long every node has to put back what it knows."""
_RETRY_S = 0.1
_OFFERED = 200  # entries in one script
_ROOMS = 100  # in one write

log = structlog.get_logger()


class Recovery:
    """Keeps the numbers of a log true across the loss of what Redis had in memory.

    A Redis that was restarted without its data, or from an older state, or a replica that took over, may lack
    the newest entries. Every node knows those that it has seen and that are not archived yet. Before it
    numbers anything in a new run of Redis, it offers them, each under its old number, and waits until the
    others have done so. What can't have its number back, because a hole remained or others came first, is
    appended again under a new one, and the epoch changes, so that no client takes one for the other.
    """

    def __init__(
        self,
        logs: Logs,
        kept: Kept,
        publish: str,
        append: Callable[[Draft], None],
        stats: RedisStats,
    ) -> None:
        """Args: `append` takes a draft that nobody waits for."""
        self._logs = logs
        self._kept = kept
        self._publish = publish
        self._append = append
        self._stats = stats

    async def run(self, line: Line, barrier_s: float) -> None:
        """Put back what is missing. Afterwards `line.run` may number.

        Raises:
            LineBroken, DatabaseFailed: it has to be done again.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + barrier_s
        rooms = list(self._kept.rooms)
        before = self._stats.restored_total
        while True:
            lacking = [
                room
                for start in range(0, len(rooms), _ROOMS)
                for room in await self._offer_all(line, rooms[start : start + _ROOMS])
            ]
            rooms = [room for room in lacking if not await self._offer(line, room)]
            left_s = deadline_s - loop.time()
            if left_s <= 0:
                break
            await asyncio.sleep(min(left_s, _RETRY_S) if rooms else left_s)
        for room in rooms:
            await self._renew(line, room)
        if restored := self._stats.restored_total - before:
            log.warning("Redis had lost messages; they were put back", messages=restored)

    async def _offer_all(self, line: Line, rooms: Sequence[str]) -> list[str]:
        """Offer the beginnings of many rooms at once, and open those that are not. Returns those that may
        lack something still."""
        turn = asyncio.Lock()

        async def ask(commands: Sequence[script.Command]) -> list[Any]:
            async with turn:  # the line has one caller at a time
                return await line.ask(commands)

        whole = set()
        for _ in range(2):
            left = [room for room in rooms if room not in whole]
            parts = [self._kept.of_room(room)[1][:_OFFERED] for room in left]
            commands = [self._command(line, *offered) for offered in zip(left, parts, strict=True)]
            closed = []
            for room, part, answer in zip(left, parts, await line.ask(commands), strict=True):
                if isinstance(answer, list) and answer[0] == b"unopened":
                    closed.append(room)
                elif self._took(answer, part) and len(part) < _OFFERED:
                    whole.add(room)
            opening = [self._open(line, room, ask) for room in closed]
            for failure in await asyncio.gather(*opening, return_exceptions=True):
                if failure is not None:
                    raise failure
        return [room for room in rooms if room not in whole]

    async def _offer(self, line: Line, room: str) -> bool:
        """Whether the log has everything that this node knows of it."""
        _, entries = self._kept.of_room(room)
        for start in range(0, len(entries), _OFFERED):
            part = entries[start : start + _OFFERED]
            [answer] = await line.ask([self._command(line, room, part)])
            if not self._took(answer, part):
                return False
        return True

    def _took(self, answer: Any, offered: Sequence[Entry]) -> bool:
        if isinstance(answer, Refusal):
            raise LineBroken(answer.text)
        if answer[0] != b"done":
            return False
        _, seq, restored, *taken = answer
        self._stats.restored_total += restored
        return not taken and (not offered or seq >= offered[-1].seq)

    def _command(self, line: Line, room: str, entries: Sequence[Entry]) -> script.Command:
        keys = self._logs.keys.room(room)
        epoch, _ = self._kept.of_room(room)
        named = []
        for entry in entries:
            draft, _ = read_payload(entry.payload)
            named.append((entry, keys.nonce(draft.author.id, draft.nonce), draft.id))
        return script.offer(keys, line.run, self._publish, epoch, named)

    async def _open(self, line: Line, room: str, ask: Ask) -> None:
        await self._logs.open(room, ask, line.run, self._kept.of_room(room)[0])

    async def _renew(self, line: Line, room: str) -> None:
        """Change the epoch, and append once more what has no place in the log."""
        epoch, entries = self._kept.of_room(room)
        keys = self._logs.keys.room(room)
        [known] = await line.ask([("HGET", keys.meta, "epoch")])
        if isinstance(known, bytes) and known.decode() == epoch:
            fresh = self._logs.new_epoch()
            await self._logs.rename(room, fresh)
            await line.ask([script.renew(keys, epoch, fresh)])
        self._stats.renewed_total += 1
        log.warning("a room's log does not go on where it was", room=room, messages=len(entries))
        self._kept.forget(room)
        for entry in entries:
            # Its nonce keeps out what is in the log after all.
            self._append(read_payload(entry.payload)[0])
