"""Whether Redis can be reached, as this node sees it: told to those who ask, and counted."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

GRACE_S = 0.5  # a line that is opened again within this was not worth a word
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.05, 0.5

log = structlog.get_logger()


@dataclass(slots=True)
class RedisStats:
    """Totals since the start, and what is now.

    Attributes:
        link_up: messages can be stored.
        breaks_total: lines that broke, by what they are for.
        not_stored_total: drafts that were given up, by why: refused, unreachable, unsure, overflow.
        whispers_dropped_total: what was to be heard and never sent.
        restored_total: entries that Redis had lost and this node put back.
        renewed_total: rooms that got another epoch, because positions could not be trusted.
        archived_total: entries that this node brought into SQL.
        archive_failures_total: times that SQL did not take them.
        archive_oldest_ms: when the oldest entry was appended that this node is bringing into SQL, by branch;
            0 for none.
        archive_shards: how many shards this node archives, by branch.
    """

    link_up: bool = False
    breaks_total: Counter[str] = field(default_factory=Counter)
    not_stored_total: Counter[str] = field(default_factory=Counter)
    whispers_dropped_total: int = 0
    restored_total: int = 0
    renewed_total: int = 0
    archived_total: int = 0
    archive_failures_total: int = 0
    archive_oldest_ms: dict[int, int] = field(default_factory=dict)
    archive_shards: dict[int, int] = field(default_factory=dict)

    @property
    def archive_lag_s(self) -> float:
        oldest_ms = min((at_ms for at_ms in self.archive_oldest_ms.values() if at_ms), default=0)
        return max(0.0, time.time() - oldest_ms / 1000) if oldest_ms else 0.0


class Link:
    """Sums up the parts that need Redis: up when all of them are."""

    def __init__(self, stats: RedisStats) -> None:
        """Made on the running loop."""
        self._stats = stats
        self._down: dict[tuple[int, str], str] = {}
        self._told: list[Callable[[bool], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._said_up = True  # nobody has to be told of what they never had

    @property
    def trouble(self) -> str | None:
        """What is wrong, if something is."""
        return next(iter(self._down.values()), None)

    def watch(self, told: Callable[[bool], None]) -> None:
        self._told.append(told)

    def expect(self, part: str, number: int) -> None:
        """It is not connected yet."""
        self._down[number, part] = "not connected yet"

    def forget(self) -> None:
        """Nothing is needed, as long as nothing else is expected."""
        self._down.clear()

    def up(self, part: str, number: int) -> None:
        self._down.pop((number, part), None)
        if self._down:
            return
        self._stats.link_up = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._said_up:
            self._say(True, "")

    def down(self, part: str, number: int, why: str) -> None:
        if (number, part) not in self._down:
            self._stats.breaks_total[part] += 1
        self._down[number, part] = why
        self._stats.link_up = False
        if self._timer is None and self._said_up:
            self._timer = asyncio.get_running_loop().call_later(GRACE_S, self._say, False, why)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._told.clear()

    def _say(self, up: bool, why: str) -> None:
        self._timer = None
        self._said_up = up
        if up:
            log.info("Redis can be reached again")
        else:
            log.warning("Redis can't be reached", reason=why)
        for told in self._told:
            told(up)


class Strand:
    """The parts of a link that go to one Redis, or to one master of a cluster."""

    def __init__(self, link: Link, number: int) -> None:
        self._link = link
        self._number = number
        for part in ("writing", "listening"):
            link.expect(part, number)

    @property
    def trouble(self) -> str | None:
        """What is wrong anywhere, if something is."""
        return self._link.trouble

    def up(self, part: str) -> None:
        self._link.up(part, self._number)

    def down(self, part: str, why: str) -> None:
        self._link.down(part, self._number, why)


class Pause:
    """How long to wait before a line is opened again. Short: a node that is late holds up nobody else, but
    who comes back together sees the same log (`broker_redis/recovery.py`)."""

    def __init__(self) -> None:
        self._next_s = _FIRST_PAUSE_S

    @property
    def waited(self) -> bool:
        """Since it was reset."""
        return self._next_s > _FIRST_PAUSE_S

    def reset(self) -> None:
        self._next_s = _FIRST_PAUSE_S

    async def wait(self) -> None:
        pause_s, self._next_s = self._next_s, min(_LAST_PAUSE_S, 2 * self._next_s)
        await asyncio.sleep(pause_s)
