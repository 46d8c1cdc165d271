"""The sound of shows on its way from node to node: one stream in Redis for each run of a show."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import structlog

from streamer.broker_redis.keys import Keys
from streamer.broker_redis.line import ANSWER_TIMEOUT_S, Line, LineBroken, Refusal
from streamer.broker_redis.link import Pause
from streamer.broker_redis.script import Command

_BLOCK_MS: Final = 2_000
_AT_ONCE: Final = 200
_KEPT_MS: Final = 60_000  # a stream that nobody writes to any more
_TOUCHED_S: Final = 5.0

log = structlog.get_logger()

Take = Callable[[Sequence[tuple[int, bytes]]], Awaitable[None]]


class Log(Protocol):
    """Entries with numbers, see `streamer.live.relay_log`."""

    first: int
    last: int

    def after(self, number: int, most: int) -> Sequence[tuple[int, bytes]]: ...


class Air:
    """The streams. What is written or read for one show has a connection of its own."""

    def __init__(
        self, open_line: Callable[[str, str], Line], keys: Callable[[], Keys], broke: Callable[[], None]
    ) -> None:
        """Args: `open_line(room, use)` makes a line to the Redis that has a room; `broke` counts."""
        self._open_line = open_line
        self._keys = keys
        self._broke = broke

    async def write(self, room: str, run: str, log: Log, wake: asyncio.Event) -> None:
        """Have in Redis what a log has, and no more; `wake` says that it has grown.

        Whatever Redis lost, or was told while nobody heard its answer, is found out when a line is opened
        again: its newest entry says where to go on. Runs until cancelled, which is safe.
        """
        line, key, pause = self._open_line(room, "air"), self._keys().air(room, run), Pause()
        try:
            while True:
                try:
                    await line.open()
                    await self._write(line, key, log, wake, pause)
                except LineBroken as error:
                    await self._mend(line, room, error, pause)
        finally:
            await line.close()

    async def read(self, room: str, run: str, take: Take) -> None:
        """Hand over every entry that is there, and from then on each that comes, in order, none twice.

        Numbers that are missing were let go before they were read. `take` is called with an empty list when
        there has been nothing for two seconds. Runs until cancelled, which is safe.
        """
        line, key, pause = self._open_line(room, "tune"), self._keys().air(room, run), Pause()
        last = 0
        try:
            while True:
                try:
                    if not line.is_open:
                        await line.open()
                    entries = await _read(line, key, last)
                except LineBroken as error:
                    await self._mend(line, room, error, pause)
                    continue
                pause.reset()
                last = entries[-1][0] if entries else last
                await take(entries)
        finally:
            await line.close()

    async def _mend(self, line: Line, room: str, error: LineBroken, pause: Pause) -> None:
        if not pause.waited:
            self._broke()
            log.warning("a show can't be relayed", room=room, reason=str(error))
        await line.close()
        await pause.wait()

    async def _write(self, line: Line, key: str, log: Log, wake: asyncio.Event, pause: Pause) -> None:
        """Raises LineBroken."""
        [newest] = await _ask(line, [("XREVRANGE", key, "+", "-", "COUNT", 1)])
        sent = _number(newest[0]) if newest else 0
        clock, touched_s = asyncio.get_running_loop().time, 0.0
        while True:
            wake.clear()
            while sent < log.last:
                fresh = log.after(sent, _AT_ONCE)
                sent = fresh[-1][0] if fresh else log.last
                commands: list[Command] = [
                    ("XADD", key, "MINID", "=", f"{log.first}-0", f"{number}-0", "p", data)
                    for number, data in fresh
                ]
                if commands and clock() - touched_s > _TOUCHED_S:
                    touched_s = clock()
                    commands.append(("PEXPIRE", key, _KEPT_MS))
                if commands:
                    await _ask(line, commands)
                pause.reset()
            await wake.wait()


async def _read(line: Line, key: str, last: int) -> list[tuple[int, bytes]]:
    """What comes behind an entry, after waiting for it. Raises LineBroken."""
    command = ("XREAD", "BLOCK", _BLOCK_MS, "STREAMS", key, f"{last}-0")
    [answer] = await _ask(line, [command], _BLOCK_MS / 1000 + ANSWER_TIMEOUT_S)
    return [] if answer is None else [(_number(entry), entry[1][1]) for entry in answer[0][1]]


async def _ask(line: Line, commands: Sequence[Command], timeout_s: float = ANSWER_TIMEOUT_S) -> Sequence[Any]:
    answers = await line.ask(commands, timeout_s)
    for answer in answers:
        if isinstance(answer, Refusal):
            raise LineBroken(f"{answer.code} {answer.text}")
    return answers


def _number(entry: Sequence[bytes]) -> int:
    return int(entry[0].partition(b"-")[0])
