"""What a node does when it meets a Redis that may have forgotten: it puts back what it knows."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from chat.broker import Draft, Entry
from streamer import broker_redis_script as script
from streamer.broker_redis_kept import Kept, read_payload
from streamer.broker_redis_line import Line, LineBroken, Refusal
from streamer.broker_redis_link import RedisStats
from streamer.broker_redis_logs import Logs

BARRIER_S = 1.0
"""Twice the longest pause before a line is opened again: so long every node has to put back what it knows."""
_RETRY_S = 0.1
_OFFERED = 200  # entries in one script

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
        rooms = set(self._kept.rooms)
        restored = self._stats.restored_total
        while True:
            rooms = {room for room in rooms if not await self._offer(line, room)}
            left_s = deadline_s - loop.time()
            if left_s <= 0:
                break
            await asyncio.sleep(min(left_s, _RETRY_S) if rooms else left_s)
        for room in rooms:
            await self._renew(line, room)
        if restored := self._stats.restored_total - restored:
            log.warning("Redis had lost messages; they were put back", messages=restored)

    async def _offer(self, line: Line, room: str) -> bool:
        """Whether the log has everything that this node knows of it."""
        epoch, entries = self._kept.of_room(room)
        for start in range(0, len(entries), _OFFERED):
            part = entries[start : start + _OFFERED]
            answer = await self._ask_room(line, room, epoch, part)
            if answer[0] != b"done":
                return False
            _, seq, restored, *taken = answer
            self._stats.restored_total += restored
            if taken or seq < part[-1].seq:
                return False
        return True

    async def _ask_room(self, line: Line, room: str, epoch: str, entries: Sequence[Entry]) -> list[Any]:
        keys = self._logs.keys.room(room)
        named = []
        for entry in entries:
            draft, _ = read_payload(entry.payload)
            named.append((entry, keys.nonce(draft.author.id, draft.nonce), draft.id))
        command = script.offer(keys, line.run, self._publish, epoch, named)
        answer = await _ask(line, command)
        if answer[0] == b"unopened":
            await self._logs.open(room, line.ask, line.run, epoch)
            answer = await _ask(line, command)
        return answer

    async def _renew(self, line: Line, room: str) -> None:
        """Change the epoch, and append once more what has no place in the log."""
        epoch, entries = self._kept.of_room(room)
        keys = self._logs.keys.room(room)
        [known] = await line.ask([("HGET", keys.meta, "epoch")])
        if isinstance(known, bytes) and known.decode() == epoch:
            fresh = self._logs.new_epoch()
            await self._logs.rename(room, fresh)
            await _ask(line, script.renew(keys, epoch, fresh))
        self._stats.renewed_total += 1
        log.warning("a room's log does not go on where it was", room=room, messages=len(entries))
        self._kept.forget(room)
        for entry in entries:
            # Its nonce keeps out what is in the log after all.
            self._append(read_payload(entry.payload)[0])


async def _ask(line: Line, command: script.Command) -> list[Any]:
    [answer] = await line.ask([command])
    if isinstance(answer, Refusal):
        raise LineBroken(answer.text)
    return answer if isinstance(answer, list) else [answer]
