"""The broker of a single process: order and dedupe in memory, the log in SQL."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chat.broker import (
    NONCE_TTL_S,
    Deliver,
    Draft,
    Hear,
    LogUnavailable,
    NotStored,
    Outcome,
    Page,
    Settle,
    Stored,
    TooFast,
)
from chat.charges import Purse
from chat.entries import encode_entry
from streamer.chronicle import Group, MessageRow, make_row, read_entry
from streamer.journal import Journal, JournalClosed
from streamer.lane import DatabaseFailed

_EPOCH_BYTES = 8
_MAX_BUCKETS = 100_000


@dataclass(slots=True)
class _Log:
    """A room's log, as far as it is needed here: its end, and the nonces of the last minutes."""

    room: str
    deliver: Deliver | None = None
    hear: Hear | None = None
    users: int = 0  # reads and drafts under way
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    known: bool = False  # what follows is what the disk has
    written: bool = False  # the room has a row
    epoch: str = ""
    seq: int = 0
    nonces: dict[tuple[str, str], tuple[int, Stored]] = field(
        default_factory=dict
    )  # (at, outcome), oldest first


class MemoryBroker:
    """Keeps the promises of `chat/broker.py` for one process that has the database to itself.

    Messages are numbered when their group is about to be committed, so that a commit that fails leaves no
    hole.

    Bounds: logs in memory are those subscribed to or in use; a nonce is kept for `NONCE_TTL_S`; drafts wait
    for one commit, and are bounded by the rate limits of those who send them.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Args: `clock` gives seconds since the epoch; `entropy(n)` gives n random bytes."""
        self._journal = journal
        self._clock = clock
        self._entropy = entropy
        self._logs: dict[str, _Log] = {}
        self._filling: _Gathering | None = None
        self._unsettled = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._listeners: dict[str, Hear] = {}
        self.purse = Purse(_MAX_BUCKETS)

    def subscribe(self, room: str, deliver: Deliver, hear: Hear) -> None:
        log = self._log(room)
        log.deliver, log.hear = deliver, hear

    def unsubscribe(self, room: str) -> None:
        log = self._log(room)
        log.deliver = log.hear = None
        self._drop_unused(log)

    def append(self, draft: Draft, settle: Settle) -> None:
        if self._closing:
            asyncio.get_running_loop().call_soon(settle, NotStored("the server is stopping"))
            return
        if self._filling is None:
            gathering = _Gathering(self)
            try:
                self._journal.append(gathering)
            except JournalClosed as error:
                asyncio.get_running_loop().call_soon(settle, NotStored(str(error)))
                return
            self._filling = gathering
            self._unsettled += 1
            self._idle.clear()
        log = self._log(draft.room)
        log.users += 1
        self._filling.drafts.append((log, draft, settle))

    def whisper(self, room: str, payload: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._whisper, room, payload)

    def tell(self, topic: str, payload: bytes) -> None:
        hear = self._listeners.get(topic)
        if hear is not None:
            asyncio.get_running_loop().call_soon(hear, payload)

    def listen(self, topic: str, hear: Hear) -> None:
        self._listeners[topic] = hear

    def watch_link(self, told: Callable[[bool], None]) -> None:
        """There is no link that could break."""

    async def caught_up(self, room: str) -> None:
        """What is stored is in SQL already."""

    async def read(self, room: str, after: int | None, limit: int) -> Page:
        log = self._log(room)
        log.users += 1
        try:
            await self.open(log)
            seq, rows = await self._journal.read(room, after or 0, limit)
            return Page(log.epoch, seq, [read_entry(row) for row in rows])
        except DatabaseFailed as error:
            raise LogUnavailable(str(error)) from error
        finally:
            self.release(log)

    async def close(self) -> None:
        self._closing = True
        await self._idle.wait()
        self._journal.close()

    # --- for _Gathering

    async def open(self, log: _Log) -> None:
        """Have `log` say what the disk says. Raises DatabaseFailed."""
        async with log.opening:
            if log.known:
                return
            end = await self._journal.read_end(log.room, int(self._clock() * 1000) - NONCE_TTL_S * 1000)
            missed: Sequence[MessageRow] = ()
            if log.epoch and end.seq > log.seq:
                # A commit was reported as failed, and was none: those who listen have not seen what is in it.
                _, missed = await self._journal.read(log.room, log.seq, end.seq - log.seq)
            log.written = end.epoch is not None
            log.epoch = end.epoch or log.epoch or self._entropy(_EPOCH_BYTES).hex()
            log.seq = end.seq
            log.nonces = {(row.author_id, row.nonce): (row.at, Stored(row.seq, row.id)) for row in end.recent}
            log.known = True
            if missed and log.deliver is not None:
                log.deliver(log.epoch, [read_entry(row) for row in missed])

    def seal(self, gathering: "_Gathering") -> int:
        """What is appended from now on goes into another group. Returns the time in milliseconds."""
        if self._filling is gathering:
            self._filling = None
        return int(self._clock() * 1000)

    def release(self, log: _Log) -> None:
        log.users -= 1
        self._drop_unused(log)

    def settled(self) -> None:
        """A group came to its end."""
        self._unsettled -= 1
        if not self._unsettled:
            self._idle.set()

    def _whisper(self, room: str, payload: bytes) -> None:
        log = self._logs.get(room)
        if log is not None and log.hear is not None:
            log.hear(payload)

    def _log(self, room: str) -> _Log:
        log = self._logs.get(room)
        if log is None:
            log = self._logs[room] = _Log(room)
        return log

    def _drop_unused(self, log: _Log) -> None:
        if log.deliver is None and not log.users:
            self._logs.pop(log.room, None)


class _Gathering:
    """Drafts that will be committed together; `streamer.journal.Batch`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self.drafts: list[tuple[_Log, Draft, Settle]] = []
        self._outcomes: list[tuple[Settle, Outcome]] = []
        self._numbered: dict[str, list[tuple[int, Draft]]] = {}
        self._logs: dict[str, _Log] = {}

    async def prepare(self) -> Group:
        now_ms = self._broker.seal(self)
        self._logs = {log.room: log for log, _, _ in self.drafts}
        for log in self._logs.values():
            await self._broker.open(log)
            _forget_old(log, now_ms - NONCE_TTL_S * 1000)
        said: dict[tuple[str, str, str], Stored] = {}
        for log, draft, settle in self.drafts:
            said_by = (draft.author.id, draft.nonce)
            earlier = said.get((log.room, *said_by)) or log.nonces.get(said_by, (0, None))[1]
            if earlier is None and draft.charges:
                if retry_ms := self._broker.purse.pay(draft.charges, now_ms / 1000):
                    self._outcomes.append((settle, TooFast(retry_ms)))
                    continue
            if earlier is None:
                numbered = self._numbered.setdefault(log.room, [])
                earlier = said[log.room, *said_by] = Stored(log.seq + len(numbered) + 1, draft.id)
                numbered.append((earlier.seq, draft))
            self._outcomes.append((settle, earlier))
        new: list[dict[str, object]] = [
            {"name": log.room, "epoch": log.epoch, "created_at": now_ms}
            for log in self._logs.values()
            if not log.written and log.room in self._numbered
        ]
        return Group(new, [make_row(draft, seq) for batch in self._numbered.values() for seq, draft in batch])

    def committed(self) -> None:
        for room, numbered in self._numbered.items():
            log = self._logs[room]
            log.written, log.seq = True, numbered[-1][0]
            for seq, draft in numbered:
                log.nonces[draft.author.id, draft.nonce] = (draft.at, Stored(seq, draft.id))
        for settle, outcome in self._outcomes:
            settle(outcome)
        for room, numbered in self._numbered.items():
            log = self._logs[room]
            if log.deliver is not None:
                log.deliver(log.epoch, [encode_entry(draft, seq) for seq, draft in numbered])
        self._end()

    def failed(self, reason: str) -> None:
        self._broker.seal(self)
        for log, _, settle in self.drafts:
            # The disk may have more than we were told; it is asked before the next number is given.
            log.known = False
            settle(NotStored(reason))
        self._end()

    def _end(self) -> None:
        for log, _, _ in self.drafts:
            self._broker.release(log)
        self._broker.settled()


def _forget_old(log: _Log, before_ms: int) -> None:
    while log.nonces:
        oldest = next(iter(log.nonces))
        if log.nonces[oldest][0] >= before_ms:
            return
        del log.nonces[oldest]
