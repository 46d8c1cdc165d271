"""Threads of a worker: FFmpeg lets go of Python's lock while it encodes, so renditions use every core."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

_MAX_ITEMS = 24  # blocks of 0.2 s: enough that a lane which was not given its turn does not hold up the rest
_STACK_BYTES = 1 << 20  # FFmpeg's encoders need a fraction of it
_END = object()


class ThreadLane:
    """A thread that works its items off in order. Implements `hls.job.Lane`; holds 24 items."""

    def __init__(self) -> None:
        self._work: Callable[[Any], None] = _nothing
        self._items: queue.Queue[Any] = queue.Queue(_MAX_ITEMS)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def begin(self, work: Callable[[Any], None]) -> None:
        """What to do with the items, before the first of them."""
        self._work = work

    def feed(self, item: Any, /) -> None:
        """Put an item at the end; wait while there is no room. Raises what an item before has raised."""
        self._check()
        self._items.put(item)

    def finish(self) -> None:
        """Wait until every item is done; raises what one of them has raised."""
        self.close()
        self._check()

    def close(self) -> None:
        """Wait until the thread has ended, whatever became of its items."""
        if self._thread.is_alive():
            self._items.put(_END)
            self._thread.join()

    def abandon(self) -> None:
        """Do no item that has not begun."""
        self._work = _nothing
        self.close()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        # Nothing that is raised here may end the thread: whoever feeds the lane would wait for ever.
        while True:
            try:
                if (item := self._items.get()) is _END:
                    return
                self._work(item)
            except BaseException as error:  # carried over to who feeds the lane; the rest is thrown away
                self._error = self._error or error
                self._work = _nothing


@contextlib.contextmanager
def lanes(count: int) -> Iterator[Callable[[Callable[[Any], None]], ThreadLane]]:
    """Opens up to so many lanes; at the end all their threads have ended, and nothing is written any more.

    The threads are there from the beginning. A thread that starts when memory has run out dies in silence,
    and Python waits for its first sign of life for ever.
    """
    threading.stack_size(_STACK_BYTES)
    ready = [ThreadLane() for _ in range(count)]
    idle = iter(ready)

    def open_lane(work: Callable[[Any], None]) -> ThreadLane:
        lane = next(idle)
        lane.begin(work)
        return lane

    try:
        yield open_lane
    finally:
        for lane in ready:
            lane.abandon()


def _nothing(_item: Any) -> None:
    pass
