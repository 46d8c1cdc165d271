"""Stored objects near at hand: a block is fetched once for all who want it, and kept on disk for the next."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from streamer.files import OpenFile, read_from_thread
from streamer.ranges import Span
from streamer.resource import StoredBody
from streamer.store import Store, StoreError, StoreFailed, StoreMissing
from streamer.store_blocks import BLOCK_BYTES, BlockId, Blocks

_FETCHES_AT_ONCE: Final = 32  # each holds a block in memory
_WAIT_S: Final = 20.0  # for a block, its turn included
_SWEEP_S: Final = 10.0

#: Gets the block's file, acquired and to be released; or why there is none.
Receive = Callable[[OpenFile | StoreError], None]

log = structlog.get_logger()


@dataclass(slots=True)
class CacheStats:
    """Totals since the start.

    Attributes:
        hits: blocks that were on disk when somebody began to read them.
        misses: blocks that were not.
        fetched_bytes: from the store.
        failures: blocks that could not be fetched.
    """

    hits: int = 0
    misses: int = 0
    fetched_bytes: int = 0
    failures: int = 0


class Wanted:
    """One who waits for a block."""

    __slots__ = ("_cancel", "receive")

    def __init__(self, receive: Receive, cancel: Callable[["Wanted"], None]) -> None:
        self.receive = receive
        self._cancel = cancel

    def cancel(self) -> None:
        """`receive` is not called. The last who waits for a fetch ends it. Idempotent."""
        self._cancel(self)


class _Flight:
    """A block on its way, and all who wait for it."""

    __slots__ = ("landing", "task", "waiting")

    def __init__(self) -> None:
        self.waiting: set[Wanted] = set()
        self.landing = False  # it is here, being opened or written: to stop now would save nothing
        self.task: asyncio.Task[None] | None = None


class StoreCache:
    """Reads stored objects through `Blocks`.

    Bounds: a fixed number of fetches at once, the others wait for their turn; whoever waits longer than 20 s
    hears of a failure. Who wants something is a connection, and these are counted at the door.
    """

    def __init__(self, store: Store, blocks: Blocks, tasks: asyncio.TaskGroup) -> None:
        """Args: `tasks` runs the fetches."""
        self.stats = CacheStats()
        self.blocks = blocks
        self._store = store
        self._tasks = tasks
        self._turns = asyncio.Semaphore(_FETCHES_AT_ONCE)
        self._flights: dict[BlockId, _Flight] = {}

    async def run(self) -> None:
        """Keeps house until cancelled."""
        try:
            while True:
                await asyncio.sleep(_SWEEP_S)
                self.blocks.sweep()
        finally:
            self.blocks.close()

    def find(self, body: StoredBody, span: Span) -> tuple[OpenFile, Span] | None:
        """The open file that has all of a span, and where in it; for use in this turn of the loop."""
        number, offset = divmod(span.offset_bytes, BLOCK_BYTES)
        if offset + span.size_bytes > BLOCK_BYTES:
            return None
        file = self.blocks.find(BlockId(body.key, number))
        if file is None:
            return None
        self.stats.hits += 1
        return file, Span(offset, span.size_bytes)

    def count(self, at: BlockId) -> None:
        """Somebody begins to read a block."""
        if at in self.blocks:
            self.stats.hits += 1
        else:
            self.stats.misses += 1

    def want(self, body: StoredBody, number: int, receive: Receive) -> Wanted:
        """Has a block opened, or fetched if need be: once, for all who wait. `receive` is called later."""
        at = BlockId(body.key, number)
        flight = self._flights.get(at)
        if flight is None:
            flight = self._flights[at] = _Flight()
            size = min(BLOCK_BYTES, body.size_bytes - number * BLOCK_BYTES)
            flight.task = self._tasks.create_task(self._fly(at, size, flight), name=f"fetch {body.key}")
        its = flight
        wanted = Wanted(receive, lambda one: self._leave(at, its, one))
        flight.waiting.add(wanted)
        return wanted

    async def read(self, body: StoredBody, offset_bytes: int, max_bytes: int) -> bytes:
        """1 to `max_bytes` bytes from an offset. Cancelling it is safe.

        Raises:
            StoreError, OSError.
        """
        number, offset = divmod(offset_bytes, BLOCK_BYTES)
        size = min(max_bytes, BLOCK_BYTES - offset, body.size_bytes - offset_bytes)
        self.count(BlockId(body.key, number))
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[OpenFile | StoreError] = loop.create_future()
        wanted = self.want(body, number, arrived.set_result)
        try:
            file = await arrived
        except asyncio.CancelledError:
            wanted.cancel()
            if arrived.done() and not arrived.cancelled() and isinstance(late := arrived.result(), OpenFile):
                self.blocks.files.release(late)
            raise
        if isinstance(file, StoreError):
            raise file
        reading = loop.run_in_executor(None, read_from_thread, file.fd, offset, size)
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            await asyncio.wait([reading])
            raise
        finally:
            self.blocks.files.release(file)

    def forget(self, prefix: str) -> None:
        """The objects under a prefix are gone: so are their blocks, and who waits for one hears of it."""
        for at in [at for at in self._flights if at.key.startswith(f"{prefix}/")]:
            flight = self._flights.pop(at)
            if not flight.landing and flight.task is not None:
                flight.task.cancel()
            self._tell(flight, StoreMissing(f"{at.key} was deleted"))
        self.blocks.remove(prefix)

    def _leave(self, at: BlockId, flight: _Flight, wanted: Wanted) -> None:
        flight.waiting.discard(wanted)
        if not flight.waiting and not flight.landing and self._flights.get(at) is flight:
            del self._flights[at]
            if flight.task is not None:
                flight.task.cancel()

    async def _fly(self, at: BlockId, size_bytes: int, flight: _Flight) -> None:
        outcome: OpenFile | StoreError
        try:
            flight.landing = at in self.blocks
            file = await self.blocks.open(at)
            flight.landing = False
            outcome = file or await self._fetch(at, size_bytes, flight)
        except StoreError as error:
            outcome = error
        except TimeoutError:
            outcome = StoreFailed(f"{at.key}: no turn within {_WAIT_S} s", retryable=True)
        except OSError as error:
            outcome = StoreFailed(f"the cache can't be used: {error.strerror or error}", retryable=True)
        wanted = self._flights.get(at) is flight
        if wanted:
            del self._flights[at]
        elif isinstance(outcome, OpenFile) and at not in self._flights:
            self.blocks.remove(at.key.rpartition("/")[0])  # the object was deleted while this was written
        if isinstance(outcome, StoreError):
            self.stats.failures += 1
            log.warning("a stored file could not be read", reason=str(outcome))
        self._tell(flight, outcome)
        if isinstance(outcome, OpenFile):
            self.blocks.files.release(outcome)

    async def _fetch(self, at: BlockId, size_bytes: int, flight: _Flight) -> OpenFile:
        async with asyncio.timeout(_WAIT_S) as waiting, self._turns:
            data = await self._store.get_range(at.key, at.number * BLOCK_BYTES, size_bytes)
            waiting.reschedule(None)
            flight.landing = True
            self.stats.fetched_bytes += size_bytes
            return await self.blocks.add(at, data)  # within the turn: it still is in memory

    def _tell(self, flight: _Flight, outcome: OpenFile | StoreError) -> None:
        waiting, flight.waiting = flight.waiting, set()
        for wanted in waiting:
            if isinstance(outcome, OpenFile):
                outcome.users += 1
            try:
                wanted.receive(outcome)
            except Exception as error:  # one listener's trouble is not the others'
                context = {"message": "a listener could not take a block", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
