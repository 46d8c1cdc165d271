"""What is heard when sound comes late, in bursts, too fast, from a clock that is not ours, or not at all.

The clock of a show takes so many samples with every tick, and never waits. Between it and the source some
sound is held, as little as does:

- A show begins holding `hold_ticks` more than its first tick takes. Sound that comes later than that leaves a
  gap, which is filled. It is played all the same, so from then on more is held, by what it was late: the
  buffer adapts to the jitter by itself.
- What came more than a second late is not played: a show would be late for ever. As much is thrown away as
  was filled, and no more.
- After three minutes without a gap the least that was ever left over is what need not be held. It goes by
  playing up to 0.3% faster, which nobody hears: see hls.surplus.
- A clock that is faster or slower than ours, by up to 200 ppm, is followed in the same way.
- What had piled up at a source before it was let in is not held: see hls.beginning. A show begins earlier by
  as much. What piled up while a show had no source is thrown away, as much as was filled meanwhile.
- A source that has no clock, such as a file sent as fast as it goes, shows that by being ahead of time by
  more than a second. Nothing of it is thrown away and its speed is left alone: it is made to wait, because
  whoever fills the buffer stops at `full_ticks`. A live source can't be ahead, but for a burst at its
  beginning: one that has not filled the buffer for a minute is taken for live again.
"""

from collections import deque
from typing import Literal

import msgspec

from hls.beginning import Beginning
from hls.drift import Drift
from hls.surplus import Surplus

SLACK_TICKS = 32
"""Left in the buffer by every plan: what resampling looks ahead, and may take more than it gives."""

MAX_DRIFT_PPM = 200.0
_LATE_S = 1.0  # later than this is not jitter
_AHEAD_S = 1.0  # earlier than this is no live source
_FORGIVEN_S = 60.0
_LEAD_LEAK = 0.001  # of the time: far more than clocks drift
_MIN_LEAD_S = -30.0
_RAMP_PPM_PER_S = 300.0
_PLAIN_PPM = 0.5  # less is none
_BURST_TICKS = 5  # of the clock: so long a burst of late sound may go on before it is played
_DELAYS = 128


class Plan(msgspec.Struct, frozen=True):
    """What a tick is made of, in this order.

    Attributes:
        skip: samples of the source that are thrown away.
        before: ticks to be filled.
        play: ticks of the source.
        behind: ticks to be filled.
        ppm: how much faster than they are the samples are to be played.
    """

    skip: int = 0
    before: int = 0
    play: int = 0
    behind: int = 0
    ppm: float = 0.0


class Bridge:
    """Decides, from counts and times alone. Bound: some hundred numbers.

    Attributes:
        filled_ticks: all that was put in for what was not there.
        dropped_ticks: all that was thrown away.
        ppm: how much faster than it came the source is played.
        drift: of the source's clock.
        eager: the source has no clock of its own.
    """

    def __init__(self, rate: int, *, hold_ticks: int, full_ticks: int) -> None:
        """Begin without a source.

        Args:
            rate: ticks in a second.
            hold_ticks: what is held to begin with, and left over after a gap.
            full_ticks: with so much waiting, the source has to wait.
        """
        self.filled_ticks = 0
        self.dropped_ticks = 0
        self.ppm = 0.0
        self.drift = Drift()
        self.eager = False
        self._rate = rate
        self._hold_ticks = hold_ticks
        self._full_ticks = full_ticks
        self._state: Literal["DRY", "LATE", "PLAYING"] = "PLAYING"
        self._gone = False
        self._gap_ticks = 0  # of the gap that there is
        self._owed_ticks = 0  # filled, for sound that may still come
        self._arrived_ticks = 0
        self._arrived_at: float | None = None
        self._lead_s = 0.0
        self._full_at = 0.0
        self._delays: deque[float] = deque(maxlen=_DELAYS)
        self._surplus = Surplus(rate)
        self._planned_at: float | None = None
        self._seen_waiting = 0
        self._burst = 0
        self._beginning = Beginning()
        self._settled = False
        self._missed_ticks = 0  # filled before the source came: it may have recorded meanwhile
        self._piled_ticks = 0

    @property
    def jitter_s(self) -> float:
        """How much later than the earliest 95% of the last blocks came, at most."""
        if len(self._delays) < 2:
            return 0.0
        ordered = sorted(self._delays)
        return ordered[(len(ordered) - 1) * 95 // 100] - ordered[0]

    def arrive(self, now: float, ticks: int, waiting: int) -> None:
        """A block of `ticks` samples came, with which `waiting` samples wait."""
        self._gone = False
        if waiting >= self._full_ticks:
            self._full_at = now
            if self._planned_at is not None:  # from now on it has to wait, and so comes steadily, file or not
                self._beginning.lose()
        self._beginning.arrive(now, ticks / self._rate)
        elapsed = 0.0 if self._arrived_at is None else now - self._arrived_at
        self._arrived_at = now
        # A block as such is not early, however long it is: it has come when its last sample was there.
        ahead_s = self._follow(elapsed, ticks / self._rate)
        if ahead_s > _AHEAD_S and not self.eager:
            self.eager = True
            self._full_at = now
        elif self.eager and now - self._full_at > _FORGIVEN_S:
            self.eager = False
            self._lead_s = 0.0
            self._surplus.calm()
        self._settle()
        if self._state == "PLAYING" and self._planned_at is not None:
            spare = waiting - ticks - (now - self._planned_at) * self._rate
            if self._surplus.measure(now, spare):
                self._owed_ticks = 0  # ten seconds after a gap, nothing that comes is late
        self._arrived_ticks += ticks
        delay_s = now - self._arrived_ticks / self._rate
        self._delays.append(delay_s)
        if not self.eager:
            self.drift.feed(now, delay_s)

    @property
    def watching(self) -> bool:
        """It is not known yet how the source began."""
        return self._beginning.ahead_s is None

    def ahead_s(self, now: float) -> float | None:
        """By how much the source began ahead of time, in seconds; None while that is not known yet."""
        self._beginning.look(now)
        self._settle()
        return self._beginning.ahead_s

    def switch(self, waiting: int) -> int:
        """What comes next is another source: nothing of it is late.

        Returns:
            How many of the `waiting` samples still are to be heard: all if their source was gone already;
            hardly any if the other takes over.
        """
        left = waiting if self._gone else min(waiting, self._hold_ticks)
        kept = left if left > SLACK_TICKS else 0
        self.dropped_ticks += waiting - kept
        self._owed_ticks = self._piled_ticks = 0
        self._missed_ticks = 0 if self._state == "PLAYING" else self._gap_ticks
        self._beginning = Beginning()
        self._settled = False
        self._lead_s = 0.0
        self._arrived_at = None
        self.eager = False
        self._delays.clear()
        self.drift = Drift()
        self._surplus.calm()
        return kept

    def lose(self) -> None:
        """There is no source: what waits is all there is."""
        self._beginning.lose()
        self._gone = True

    def goes_on(self, wanted: int, waiting: int) -> bool:
        """Whether a plan for `wanted` ticks, with `waiting` samples, would only play: there is no gap."""
        return self._state == "PLAYING" and waiting - SLACK_TICKS >= wanted

    def plan(self, now: float, wanted: int, waiting: int) -> Plan:
        """Decide on a tick.

        Args:
            now: when it is due, or later; seconds of a clock that never goes back.
            wanted: ticks that it takes, > 0.
            waiting: samples that wait.

        Returns:
            What adds up to `wanted`, and leaves SLACK_TICKS in the buffer, unless there are fewer.
        """
        playable = max(0, waiting - SLACK_TICKS)
        plan = self._play(now, wanted, playable) if self._state == "PLAYING" else None
        if plan is None:
            plan = self._mend(wanted, playable)
        self._seen_waiting = playable - plan.skip - plan.play
        self.filled_ticks += plan.before + plan.behind
        self.dropped_ticks += plan.skip
        self._owed_ticks -= plan.skip
        self._planned_at = now
        return plan

    def _play(self, now: float, wanted: int, playable: int) -> Plan | None:
        """Go on as before; None if there is nothing to go on with."""
        self._speed(now)
        if playable >= wanted:
            over = playable - wanted - self._hold_ticks
            late = not self.eager and over > _LATE_S * self._rate
            skip = min(over, self._owed_ticks if late else self._piled_ticks)
            self._piled_ticks = 0
            return Plan(skip=max(0, skip), play=wanted, ppm=self.ppm)
        self._state = "DRY"
        self._gap_ticks = 0
        self._burst = 0
        self._surplus.calm()
        if not playable:
            return None
        self._lack(wanted - playable)
        return Plan(play=playable, behind=wanted - playable, ppm=self.ppm)

    def _mend(self, wanted: int, playable: int) -> Plan:
        """There is a gap. Go on filling it, or let the sound return."""
        if self._gap_ticks > _LATE_S * self._rate and not self.eager and playable:
            self._state = "LATE"
        keep = 0 if self._gone else self._hold_ticks
        skip = 0
        if self._state == "LATE":
            over = max(0, playable - wanted - keep)
            skip = min(over, self._owed_ticks)
            coming = playable - self._seen_waiting > 2 * wanted
            self._burst += 1
            if coming and self._burst <= _BURST_TICKS:
                self._lack(wanted)
                return Plan(skip=skip, before=wanted)
        play = min(wanted, playable - skip - keep)
        if play <= 0:
            self._lack(wanted)
            return Plan(skip=skip, before=wanted)
        self._state = "PLAYING"
        self._lack(wanted - play)
        return Plan(skip=skip, before=wanted - play, play=play, ppm=self.ppm)

    def _lack(self, ticks: int) -> None:
        self._gap_ticks += ticks
        self._owed_ticks += ticks

    def _follow(self, elapsed_s: float, sound_s: float) -> float:
        """How far ahead of time the source was before it gave so much sound; slowly forgotten."""
        lead_s = max(_MIN_LEAD_S, self._lead_s - elapsed_s)
        leak_s = elapsed_s * _LEAD_LEAK
        lead_s = max(0.0, lead_s - leak_s) if lead_s > 0 else min(0.0, lead_s + leak_s)
        self._lead_s = lead_s + sound_s
        return lead_s

    def _settle(self) -> None:
        """Once: it is known how the source began. What came before it was steady says nothing about it."""
        ahead_s = self._beginning.ahead_s
        if self._settled or ahead_s is None:
            return
        self._settled = True
        if not ahead_s:
            return
        while len(self._delays) > self._beginning.steady_blocks:
            self._delays.popleft()
        self.eager = False
        self._lead_s = 0.0
        self._surplus.calm()
        self._piled_ticks = min(self._missed_ticks, round(ahead_s * self._rate))
        self._owed_ticks += self._piled_ticks

    def _speed(self, now: float) -> None:
        """Change speed little by little to what it should be."""
        target = 0.0
        if not self.eager:
            if self.drift.seen:
                target = max(-MAX_DRIFT_PPM, min(MAX_DRIFT_PPM, self.drift.ppm))
            target += self._surplus.ppm
        step = _RAMP_PPM_PER_S * (now - self._planned_at) if self._planned_at is not None else 0.0
        self.ppm += max(-step, min(step, target - self.ppm))
        if target == 0 and abs(self.ppm) < _PLAIN_PPM:
            self.ppm = 0.0
