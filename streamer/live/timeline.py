"""Where in a recording a moment of its show is: a recording has no gaps, a show that was interrupted by a
restart has some. Pure."""

from dataclasses import dataclass

from hls.live import LIVE_RATE

_US_PER_S = 1_000_000


@dataclass(slots=True)
class Life:
    """What one encoder has given.

    Attributes:
        starts_at_us: media time of its first sample.
        base_ticks: where in the recording that is.
        ticks: how much there is of it so far.
    """

    starts_at_us: int
    base_ticks: int
    ticks: int = 0


class Timeline:
    """The lives of a show, one after the other."""

    def __init__(self) -> None:
        self._lives: list[Life] = []

    @property
    def ticks(self) -> int:
        """How long the recording is."""
        return self._lives[-1].base_ticks + self._lives[-1].ticks if self._lives else 0

    @property
    def ends_at_us(self) -> int:
        """Media time of its end."""
        last = self._lives[-1]
        return last.starts_at_us + last.ticks * _US_PER_S // LIVE_RATE

    @property
    def lives(self) -> int:
        """How many there are."""
        return len(self._lives)

    def begin(self, starts_at_us: int) -> None:
        """What comes next is from another encoder, whose first sample is from this moment."""
        self._lives.append(Life(starts_at_us, self.ticks))

    def extend(self, ticks: int) -> None:
        """So much more is there."""
        self._lives[-1].ticks += ticks

    def place_ms(self, media_us: int) -> int:
        """Where a moment is, in ms of the recording; one that is not in it, where it would be."""
        here = self._lives[0]
        for life in self._lives:
            if life.starts_at_us <= media_us:
                here = life
        ticks = (media_us - here.starts_at_us) * LIVE_RATE // _US_PER_S
        return (here.base_ticks + min(max(0, ticks), here.ticks)) * 1000 // LIVE_RATE
