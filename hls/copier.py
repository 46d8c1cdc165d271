"""A rendition that is the source's own access units, read from where the container lists them.

Nothing is decoded for it, so it is complete long before anything that is. What a decoder finds out later is
put right where it lies: a unit that can't be decoded, at which players stop, becomes silence of its size.
"""

from array import array
from bisect import bisect_right
from collections import deque
from fractions import Fraction
from typing import Protocol

from hls import gapless
from hls.coding import coding
from hls.job import Job, MediaRefused
from hls.ladder import RenditionPlan
from hls.model import AccessUnit
from hls.packager import Packager
from hls.report import RenditionFinished
from hls.silence import silent_unit
from hls.timeline import Timeline

MAX_UNIT_BYTES = 8191
"""ISO/IEC 14496-3, 1.A.2.2: `aac_frame_length` of ADTS has 13 bits. What claims to be longer is no AAC."""

_MAX_OFFSET = 1 << 60
_BATCH_UNITS = 256
_HELD_UNITS = 8  # more than the padding that any encoder puts behind the last sample


class Units(Protocol):
    """The access units of a source, as its container lists them."""

    @property
    def complete(self) -> bool:
        """No more will be listed."""
        ...

    def listed(self, start: int, most: int, /) -> list[tuple[int, int, int]]:
        """Byte offset, size, and time stamp in ticks of the source, of up to `most` units from `start` on."""
        ...


def whole_units(samples: int, frame_ticks: int) -> int:
    """Samples of silence where so many are missing, so that what follows stays in step with the units."""
    return (samples + frame_ticks // 2) // frame_ticks * frame_ticks


class Copier:
    """Copies what is listed and there. Keeps two bytes a unit, to find it again.

    Attributes:
        presented_ticks: how long the rendition is, as soon as it is complete; None before.
    """

    def __init__(
        self, plan: RenditionPlan, job: Job, units: Units, samples: int | None, time_base: Fraction | None
    ) -> None:
        """Write the init segment.

        Args:
            plan: of the rendition.
            job: where things come from and go to.
            units: in the order in which they are played.
            samples: where the container says that the sound ends; None if it does not.
            time_base: seconds in a tick of the time stamps.
        """
        self.presented_ticks: int | None = None
        self._plan = plan
        self._job = job
        self._units = units
        self._samples = samples
        self._timeline = Timeline(plan.sample_rate, time_base)
        self._silent = silent_unit(plan.channels)
        self._max_units = job.limits.max_duration_s * plan.sample_rate // plan.frame_ticks + 1
        self._consumed_bytes = 0
        self._awaited = 0  # where the unit ends that was not there in full
        self._number = 0  # of the unit to be read next
        self._held: deque[bytes] = deque()
        self._sure = 0  # of the held ones: up to the last that may be sound
        self._heard = 0  # units of the source up to there
        self._lost = 0  # units of silence up to there that stand for none of the source
        self._inserted: list[int] = []  # for each of those, the unit before which it stands
        self._missed: list[int] = []  # units that could not be decoded, and are not written yet
        self._firsts: list[int] = []  # of each fragment, its first unit, as they lie in the file
        self._fragments: list[tuple[int, array[int]]] = []  # offset of its data, sizes of its units
        how = coding(plan, b"", 0)
        self.packager = Packager(
            plan, how, job.output, job.report, lambda: self._consumed_bytes, self._written
        )

    def advance(self) -> None:
        """Copy every unit that is there.

        Raises:
            MediaRefused: there are more than the limit on the duration allows.
        """
        source = self._job.source
        while self.presented_ticks is None:
            everything_is_there = source.size_bytes is not None
            if self._awaited and not everything_is_there and not source.arrived(self._awaited - 1, 1):
                return
            batch = self._units.listed(self._number, _BATCH_UNITS)
            if not batch:
                if self._units.complete:
                    self._end()
                return
            if not self._copy(batch, everything_is_there):
                return
            if self._number > self._max_units:
                raise MediaRefused(f"it is longer than {self._job.limits.max_duration_s} s")

    def miss(self, number: int) -> None:
        """A unit can't be decoded, the first being 0: put silence there, in as many bytes."""
        if not self._mend(number):
            self._missed.append(number)

    def finish(self) -> int:
        """Nothing more comes. Returns `presented_ticks`."""
        self.advance()
        if self.presented_ticks is None:
            self._end()
        assert self.presented_ticks is not None
        return self.presented_ticks

    def _copy(self, batch: list[tuple[int, int, int]], everything_is_there: bool) -> bool:
        """Take units that lie side by side in one read; False where one has not arrived in full."""
        start = 0
        while start < len(batch):
            stop, size_bytes = _run(batch, start)
            data = self._job.source.arrived(batch[start][0], size_bytes) if size_bytes else b""
            place = 0
            for offset, size, at in batch[start:stop]:
                unit = data[place : place + size] if size_bytes else b""
                if len(unit) < size and size_bytes and not everything_is_there:
                    self._awaited = offset + size
                    return False
                place += size
                self._consumed_bytes = offset + size
                self._take(unit, at)
            start = stop
        return True

    def _take(self, unit: bytes, at: int) -> None:
        held = self._held
        lost = self._timeline.feed(at, self._plan.frame_ticks)
        if lost:
            count = whole_units(lost, self._plan.frame_ticks) // self._plan.frame_ticks
            held.extend([self._silent] * count)
            self._inserted.extend([self._number] * count)
        self._number += 1
        # Zeros are what a disk has where a download never came to.
        if not unit or (unit[0] == 0 and not any(unit)):
            held.append(self._silent)
            return
        held.append(unit)
        self._sure, self._heard, self._lost = len(held), self._number, len(self._inserted)
        while self._sure > _HELD_UNITS:
            self.packager.feed(held.popleft())
            self._sure -= 1

    def _end(self) -> None:
        """What comes behind the last sound is not written, whether it is padding or damage."""
        frame = self._plan.frame_ticks
        heard = self._heard * frame - self._plan.delay_ticks
        ticks = heard - gapless.padding(heard, self._samples) + self._lost * frame
        if ticks <= 0:
            raise MediaRefused("there is not one sample of sound in it")
        self.packager.finish(list(self._held)[: self._sure], ticks)
        self.presented_ticks = ticks
        self._job.report(RenditionFinished(self._plan.name))

    def _written(self, offset: int, units: list[AccessUnit]) -> None:
        self._firsts.append(self._firsts[-1] + len(self._fragments[-1][1]) if self._fragments else 0)
        self._fragments.append((offset, array("H", [len(unit.data) for unit in units])))
        self._missed = [number for number in self._missed if not self._mend(number)]

    def _mend(self, number: int) -> bool:
        """Put silence over a unit; False if it is not written."""
        place = number + bisect_right(self._inserted, number)
        which = bisect_right(self._firsts, place) - 1
        if which < 0:
            return False
        place -= self._firsts[which]
        offset, sizes = self._fragments[which]
        if place >= len(sizes):
            return False
        silent = silent_unit(self._plan.channels, sizes[place])
        self._job.output.replace(self._plan.name, offset + sum(sizes[:place]), silent)
        return True


def _run(batch: list[tuple[int, int, int]], start: int) -> tuple[int, int]:
    """Where the units end that follow `start` side by side, and their bytes together; 0 if it is none."""
    begin, size, _ = batch[start]
    if not 0 < size <= MAX_UNIT_BYTES or not 0 <= begin < _MAX_OFFSET:
        return start + 1, 0
    end, stop = begin + size, start + 1
    while stop < len(batch) and batch[stop][0] == end and 0 < batch[stop][1] <= MAX_UNIT_BYTES:
        end += batch[stop][1]
        stop += 1
    return stop, end - begin
