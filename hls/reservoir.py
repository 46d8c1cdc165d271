"""Sound that waits for its turn, with the marks that lie between its samples."""

from collections import deque

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Of shape (n, 2), full scale 1.0."""

_CHANNELS = 2


class Reservoir:
    """First in, first out. Who fills it bounds it."""

    def __init__(self) -> None:
        self._blocks: deque[Samples] = deque()
        self._marks: deque[tuple[int, int]] = deque()  # place, number
        self._in = 0
        self._out = 0

    def __len__(self) -> int:
        """Samples that wait."""
        return self._in - self._out

    def put(self, samples: Samples) -> None:
        """Take more."""
        if len(samples):
            self._blocks.append(samples)
            self._in += len(samples)

    def mark(self, number: int) -> None:
        """What comes next is behind a mark."""
        self._marks.append((self._in, number))

    def take(self, count: int) -> Samples:
        """The oldest samples, `count` of them or all that there are."""
        count = min(count, len(self))
        taken = []
        missing = count
        while missing:
            block = self._blocks.popleft()
            if len(block) > missing:
                self._blocks.appendleft(block[missing:])
                block = block[:missing]
            taken.append(block)
            missing -= len(block)
        self._out += count
        return np.concatenate(taken) if taken else np.empty((0, _CHANNELS), np.float32)

    def peek(self, count: int) -> Samples:
        """The oldest samples, which go on waiting; those that are not there are silent."""
        found = np.zeros((count, _CHANNELS), np.float32)
        place = 0
        for block in self._blocks:
            if place == count:
                break
            part = block[: count - place]
            found[place : place + len(part)] = part
            place += len(part)
        return found

    def cut(self, keep: int, fade: int) -> None:
        """Throw the newest samples away but for `keep`, the last of which become silent within `fade`."""
        kept = self.take(min(keep, len(self)))
        self._out -= len(kept)
        self._in = self._out + len(kept)
        self._marks = deque((min(place, self._in), number) for place, number in self._marks)
        self._blocks.clear()
        if len(kept):
            fade = min(fade, len(kept))
            kept[len(kept) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
            self._blocks.append(kept)

    def passed(self) -> list[tuple[int, int]]:
        """Marks that samples behind them were taken from: how many samples ago, and the number of each."""
        gone = []
        while self._marks and self._marks[0][0] < self._out:
            place, number = self._marks.popleft()
            gone.append((self._out - place, number))
        return gone
