"""The outlet that has other nodes hear the shows of this one."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from hls.live import ChunkCut, OnAir, PartCut
from streamer.live.outlet import Deaf, Title
from streamer.live.relay_log import RelayLog
from streamer.live.relayed import Bill, Joint, Message, Over, Packer, Renewed, Titled, Turned
from streamer.live.shelf import LiveShelf
from streamer.live.show import Show
from streamer.wheel import TimerWheel

_MORE_SEGMENTS: Final = 6  # than the list has: what is fetched still when it has left it, and one that grows
_MAX_LOG_BYTES: Final = 32 << 20
_MAX_TITLES: Final = 64
_TITLES_KEPT_US: Final = 120_000_000
_WRITTEN_S: Final = 30.0  # so long is tried to say that a show is over

Write = Callable[[str, str, RelayLog, asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class _Run:
    """A show that is on, since it is on here."""

    name: str
    since_us: int
    bill: Bill
    log: RelayLog
    show: OnAir
    turned: Turned
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    packer: Packer = field(default_factory=Packer)
    titles: list[Title] = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class Relay(Deaf):
    """Has to come after the shelf, whose places it relays, in the order of outlets.

    Bound: 32 MiB for each show, of which usually some 4 are used; what other nodes may still need of it.

    Attributes:
        changed: called when a show begins or ends.
        sent_bytes: that were relayed, before Redis has them.
    """

    def __init__(
        self,
        shelf: LiveShelf,
        write: Write,
        show_of: Callable[[str], Show | None],
        now_us: Callable[[], int],
        node: str,
        wheel: TimerWheel,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Args: `write` has in Redis what a log has, until it is cancelled; `show_of` finds a room's show."""
        self._shelf = shelf
        self._write = write
        self._show_of = show_of
        self._now_us = now_us
        self._node = node
        self._wheel = wheel
        self._tasks = tasks
        self._runs: dict[str, _Run] = {}  # by room
        self._ending: set[asyncio.Task[None]] = set()
        self._count = 0
        self._loop = asyncio.get_running_loop()
        self.changed: Callable[[], None] = lambda: None
        self.sent_bytes = 0

    def __len__(self) -> int:
        return len(self._runs)

    def run_of(self, room: str, show: str) -> tuple[str, int] | None:
        """The name of the stream of a show, and when it began here; None where it is not relayed."""
        run = self._runs.get(room)
        return None if run is None or run.show.show != show else (run.name, run.since_us)

    def close(self) -> None:
        """Relay no more; what other nodes do not have yet, they do not get. Idempotent."""
        for task in [*self._ending, *(run.task for run in self._runs.values())]:
            if task is not None:
                task.cancel()
        self._runs.clear()

    # --- from shows

    def started(self, show: OnAir) -> None:
        self._end(show.room)
        here = self._show_of(show.room)
        if here is None:
            return
        self._count += 1
        run = self._runs[show.room] = _Run(
            name=f"{self._node}-{self._count}",
            since_us=self._now_us(),
            bill=Bill(here.name, here.admission.person, here.admission.name),
            log=RelayLog(show.grid.keep_segments + _MORE_SEGMENTS, _MAX_LOG_BYTES),
            show=show,
            turned=Turned(False, here.since_us),
        )
        self._join(run)
        work = self._write(show.room, run.name, run.log, run.wake)
        run.task = self._tasks.create_task(work, name=f"relay {show.room}")
        self.changed()

    def chunk(self, show: OnAir, chunk: ChunkCut) -> None:
        self._say(show, chunk)

    def part(self, show: OnAir, part: PartCut) -> None:
        run = self._say(show, part)
        if run is not None and (part.number + 1) % show.grid.parts_per_segment == 0:
            self._join(run)

    def renewed(self, show: OnAir) -> None:
        run = self._say(show, Renewed(show))
        if run is not None:
            run.show = show

    def titled(self, show: OnAir, title: Title) -> None:
        run = self._say(show, Titled(title))
        if run is None:
            return
        titles = run.titles
        titles.append(title)
        while len(titles) > _MAX_TITLES or (
            len(titles) > 1 and titles[1].starts_at_us < title.starts_at_us - _TITLES_KEPT_US
        ):
            del titles[0]

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None:
        here = self._show_of(show.room)
        turned = Turned(interrupted, self._now_us() if here is None else here.since_us)
        run = self._say(show, turned)
        if run is not None:
            run.turned = turned

    def ended(self, show: OnAir) -> None:
        if self._say(show, Over()) is not None:
            self._end(show.room)
            self.changed()

    def handed_over(self, show: OnAir) -> None:
        self._end(show.room)
        self.changed()

    # --- inside

    def _say(self, show: OnAir, message: Message) -> _Run | None:
        run = self._runs.get(show.room)
        if run is None or run.show.show != show.show:
            return None
        if not run.waiting:
            self._loop.call_soon(self._flush, run)
        run.waiting.append(message)
        return run

    def _join(self, run: _Run) -> None:
        """Let nodes follow from here on, if every rendition is between two segments."""
        places = self._shelf.places(run.show.room)
        if places is None:
            return
        self._flush(run)
        joint = Joint(
            run.show, run.bill, places, tuple(run.titles), run.turned.interrupted, run.turned.since_us
        )
        self._add(run, run.packer.pack([joint]), joint=True)

    def _flush(self, run: _Run) -> None:
        """What was said in this turn of the loop is one entry."""
        waiting, run.waiting = run.waiting, []
        if waiting:
            self._add(run, run.packer.pack(waiting), joint=False)

    def _add(self, run: _Run, data: bytes, *, joint: bool) -> None:
        run.log.add(data, joint=joint)
        self.sent_bytes += len(data)
        run.wake.set()

    def _end(self, room: str) -> None:
        run = self._runs.pop(room, None)
        if run is None:
            return
        self._flush(run)
        task = run.task
        if task is not None:
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            self._wheel.schedule(_WRITTEN_S, lambda: _cancel(task))


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
