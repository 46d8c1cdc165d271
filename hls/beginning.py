"""Whether a source began with what had piled up before it was let in, and how much of that was too much.

Who dials, shakes hands and waits for its key goes on recording meanwhile, and sends all of it at once when it
may. From then on it is ahead of time by that much, steadily: played from its first sample on, it would be
heard so much later than it need be. What else is early at the beginning is not steady:

- A source that has no clock, such as a file sent as fast as it goes, gets further and further ahead.
- An encoder that gives its first seconds at once and then waits until they have been played is not ahead any
  more when it goes on.
- A source whose blocks are long is ahead behind each of them, and not before the next.

So what counts is the least that was left before a block came, while for half a second and more each row of
blocks brought the source just as far ahead as the one before.
"""

MAX_AHEAD_S = 3.75
"""More is taken for a file, which comes until it is made to wait: then nothing is told by when it comes.

Who dials over a line that loses two packets has piled up three seconds and more: a SYN is repeated after one
second, and again after two. Source: RFC 6298, 2.1 and 5.5.
"""

MIN_AHEAD_S = 0.1
"""Less is not worth it: jitter looks the same. A clock that begins is as far behind its source anyway."""

WATCH_S = 2.5
"""So long it may take. A show does not begin meanwhile, if its source is ahead."""

_STEADY_S = 0.5  # longer than a flight of TCP takes over most ways
_MAX_RISE_S, _MAX_FALL_S = 0.1, 0.2  # what is late is jitter; what is ever earlier has no clock
_ROW_S = 0.01  # blocks that follow each other more closely have come at once
_FIRST_LOOK_S = 0.3  # what had piled up may come behind a first block, which a decoder gives sooner


class Beginning:
    """Watches the first blocks of a source; counts alone. Bound: a few numbers, two and a half seconds.

    Attributes:
        ahead_s: sound that is always left when more comes, 0 if none is; None until that is known.
        steady_blocks: that have come while it was.
    """

    def __init__(self) -> None:
        self.ahead_s: float | None = None
        self.steady_blocks = 0
        self._began_at: float | None = None
        self._came_at = 0.0
        self._sound_s = 0.0
        self._row_blocks = 0
        self._steady_from = 0.0
        self._steady_s: float | None = None
        self._least_s = MAX_AHEAD_S

    def arrive(self, now: float, sound_s: float) -> None:
        """A block of so much sound came; `now` in seconds of a clock that never goes back."""
        if self.ahead_s is not None:
            return
        if self._began_at is None:
            self._began_at = self._came_at = now
        if now - self._came_at >= _ROW_S:
            self._end_row(self._left_s(now))
        self.look(now)
        self._came_at = now
        self._sound_s += sound_s
        self._row_blocks += 1
        self.look(now)

    def look(self, now: float) -> None:
        """Time has gone by: a source may have shown that it has no clock, or that it waits."""
        if self.ahead_s is not None or self._began_at is None:
            return
        gone_s = now - self._began_at
        spent = gone_s >= _FIRST_LOOK_S and self._left_s(now) < MIN_AHEAD_S
        if spent or gone_s > WATCH_S or self._left_s(now) > MAX_AHEAD_S:
            self.ahead_s = 0.0

    def lose(self) -> None:
        """The source is gone: no more will be known of it."""
        if self.ahead_s is None:
            self.ahead_s = 0.0

    def _left_s(self, now: float) -> float:
        """What there would be if the source had been played from its first block on."""
        assert self._began_at is not None
        return self._sound_s - (now - self._began_at)

    def _end_row(self, left_s: float) -> None:
        """Blocks had come at once; before the next came, so much of their sound was left."""
        ahead_s = self._left_s(self._came_at)
        if self._steady_s is None or not -_MAX_FALL_S <= ahead_s - self._steady_s <= _MAX_RISE_S:
            self._steady_from, self._steady_s = self._came_at, ahead_s
            self._least_s = left_s
            self.steady_blocks = 1  # the last of a row is as early as those behind it
        else:
            self._least_s = min(self._least_s, left_s)
            self.steady_blocks += self._row_blocks
            if self._came_at - self._steady_from >= _STEADY_S and self._least_s >= MIN_AHEAD_S:
                self.ahead_s = self._least_s
        self._row_blocks = 0
