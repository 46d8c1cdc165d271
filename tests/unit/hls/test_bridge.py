"""What is heard when a source is late, in bursts, too fast, on another clock, or gone; counts alone."""

import random
from collections.abc import Callable, Iterator

import pytest

from hls.bridge import MAX_DRIFT_PPM, SLACK_TICKS, Bridge, Plan

RATE = 48_000
TICK = 5120
HOLD = 1920  # 40 ms
FULL = 3 * RATE
LONG = 4 * 15_360
Block = tuple[float, int]  # when it comes, and how many samples it has


def steady(
    seconds: float, *, block: int = 960, ppm: float = 0, late: Callable[[float], float] = lambda at: 0.0
) -> Iterator[Block]:
    """A live source: a block is sent when its last sample was recorded, and comes a little later."""
    rate = RATE * (1 + ppm * 1e-6)
    last = 0.0
    for number in range(1, int(seconds * rate / block) + 1):
        at = number * block / rate
        last = max(last, at + late(at))
        yield last, block


class World:
    """A source, the bridge, and a clock that ticks."""

    def __init__(self, tick: int = TICK, hold: int = HOLD) -> None:
        self.bridge = Bridge(RATE, hold_ticks=hold, full_ticks=FULL)
        self.tick = tick
        self.waiting = 0.0
        self.plans: list[Plan] = []
        self.spares: list[float] = []
        self.keep = True
        self.begins: float | None = None
        self.now = 0.0
        self.ticks = 0

    def run(self, blocks: Iterator[Block], *, until: float | None = None) -> "World":
        """Let blocks come and the clock tick; a block that comes while all is full has to wait."""
        pending: Block | None = next(blocks, None)
        while pending is not None or (until is not None and self._due() <= until):
            due = self._due()
            full = self.waiting >= FULL
            if pending is not None and not full and pending[0] <= due:
                self._arrive(max(pending[0], self.now), pending[1])
                pending = next(blocks, None)
                continue
            self._tick(due)
        return self

    def _due(self) -> float:
        if self.begins is None:
            return float("inf")
        return self.begins + (self.ticks + 1) * self.tick / RATE

    def _arrive(self, now: float, ticks: int) -> None:
        if self.begins is None:
            self.begins = now + HOLD / RATE
        self.now = now
        self.waiting += ticks
        self.bridge.arrive(now, ticks, int(self.waiting))

    def _tick(self, now: float) -> None:
        self.now = now
        self.ticks += 1
        plan = self.bridge.plan(now, self.tick, int(self.waiting))
        assert plan.before + plan.play + plan.behind == self.tick
        assert min(plan.skip, plan.before, plan.play, plan.behind) >= 0
        self.waiting -= plan.skip + plan.play * (1 + plan.ppm * 1e-6)
        assert self.waiting >= 0
        if self.keep:
            self.plans.append(plan)
            self.spares.append(self.waiting / RATE)

    @property
    def filled_s(self) -> float:
        return self.bridge.filled_ticks / RATE

    @property
    def dropped_s(self) -> float:
        return self.bridge.dropped_ticks / RATE


PLAIN = Plan(play=TICK)


@pytest.mark.parametrize("block", [960, 1024, 1152, 4800, 48_000])
def test_a_steady_source_is_passed_on_as_it_is(block):
    world = World().run(steady(600, block=block))
    assert set(world.plans) == {PLAIN}
    assert world.bridge.jitter_s < 0.001
    assert not world.bridge.drift.seen
    assert max(world.spares) < 0.12 + block / RATE


def test_jitter_is_bridged_once_and_then_held():
    chance = random.Random(7)
    world = World().run(steady(170, late=lambda at: chance.random() * 0.15))
    gaps = [at for at, plan in enumerate(world.plans) if plan != PLAIN]
    assert gaps[-1] < 300, "what was held grew until it was enough"
    assert 0 < world.filled_s < 0.5
    assert world.dropped_s == 0
    assert 0.1 < world.bridge.jitter_s < 0.16


def test_what_is_held_shrinks_after_quiet_minutes():
    def late(at: float) -> float:
        return 0.4 if 20 < at < 20.4 else 0.0

    world = World().run(steady(30, late=late))
    held = min(world.spares[-20:])
    assert held > 0.3
    world = World().run(steady(1800, late=late))
    assert min(world.spares[-90:]) < 0.06
    assert max(plan.ppm for plan in world.plans) <= 3000
    assert world.filled_s < 0.5, "no more gaps on the way down"
    assert world.plans[-1].ppm == 0
    steps = [abs(b.ppm - a.ppm) for a, b in zip(world.plans, world.plans[1:], strict=False)]
    assert max(steps) <= 300 * TICK / RATE + 1e-6, "speed changes little by little"


def test_a_stall_is_filled_and_what_comes_late_is_thrown_away():
    def late(at: float) -> float:
        return max(0.0, 15 - at) if 10 < at < 15 else 0.0

    world = World().run(steady(30, late=late))
    assert 4.9 < world.filled_s < 5.6
    assert 4 < world.dropped_s <= world.filled_s
    assert max(world.spares[-50:]) < 0.2, "it is as live as before"


def test_a_stall_whose_sound_is_lost_costs_nothing_afterwards():
    blocks = (block for block in steady(40) if not 10 < block[0] < 15)
    world = World().run(blocks)
    assert 4.9 < world.filled_s < 5.2
    assert world.dropped_s == 0
    assert max(world.spares[-50:]) < 0.2


def test_a_burst_that_takes_its_time_is_played_at_last():
    """Late sound that comes for seconds, a little at a time: it can't be waited for for ever."""

    def blocks() -> Iterator[Block]:
        yield from steady(10)
        for number in range(40):
            yield 15 + number * 0.08, 12_000
        for at, ticks in steady(5):
            yield 18.2 + at, ticks

    world = World().run(blocks())
    first = next(at for at, plan in enumerate(world.plans) if at > 120 and plan.play)
    assert first < (15 + 1.0) * RATE / TICK


def test_a_source_that_stops_is_faded_and_comes_back():
    world = World().run(steady(10), until=12)
    assert world.plans[-1] == Plan(before=TICK)
    broken = next(plan for plan in world.plans if plan != PLAIN)
    assert broken.play + broken.behind == TICK
    world.bridge.lose()
    assert world.bridge.switch(int(world.waiting)) == 0, "a few samples are nothing to be heard"
    world.run((12.3 + at, ticks) for at, ticks in steady(5))
    assert world.plans[-1] == PLAIN
    assert world.bridge.dropped_ticks <= SLACK_TICKS


def test_what_waits_of_a_lost_source_is_heard_to_the_end():
    world = World()
    world.run(iter([(0.0, 2 * RATE)]))
    world.bridge.lose()
    assert world.bridge.switch(int(world.waiting)) == int(world.waiting)
    world.bridge.lose()
    world.run(iter(()), until=4)
    assert sum(plan.play for plan in world.plans) >= 2 * RATE - SLACK_TICKS


def test_a_tail_that_comes_before_the_loss_is_known_is_heard():
    world = World().run(steady(3), until=3.3)
    assert world.plans[-1].play == 0
    world.run(iter([(world.now, HOLD)]))
    world.bridge.lose()
    world.run(iter(()), until=4)
    assert world.waiting <= SLACK_TICKS + 1


def test_a_take_over_is_at_once():
    world = World().run(iter([(0.0, 2 * RATE)]))
    assert world.bridge.switch(2 * RATE) == HOLD
    assert world.bridge.dropped_ticks == 2 * RATE - HOLD


def test_a_file_as_fast_as_it_goes_is_held_back_and_loses_nothing():
    world = World().run((0.0, 9600) for _ in range(5 * 300))
    world.run(iter(()), until=world.now + 2.5)
    assert world.bridge.eager
    assert set(world.plans) == {PLAIN}
    assert max(world.spares) <= FULL / RATE + 0.2


def test_a_file_that_stalls_loses_nothing():
    def blocks() -> Iterator[Block]:
        yield from ((0.0, 9600) for _ in range(100))
        yield from ((40.0, 9600) for _ in range(200))

    world = World().run(blocks())
    assert 15 < world.filled_s < 21
    assert world.dropped_s == 0


def test_a_burst_at_the_beginning_is_given_up_little_by_little():
    """As relays send it: two seconds at once, and then live."""

    def blocks() -> Iterator[Block]:
        yield 0.0, 2 * RATE
        yield from steady(1800)

    world = World().run(blocks())
    assert not world.bridge.eager
    assert world.dropped_s == 0
    assert world.filled_s == 0
    assert max(world.spares[-90:]) < 0.2


def returning(at: float, piled_s: float, seconds: float = 10.0) -> Iterator[Block]:
    """A source that was let in again: what it recorded before comes at once, and then it is live."""
    yield from ((at, 960) for _ in range(round(piled_s * RATE / 960)))
    yield from ((at + come, ticks) for come, ticks in steady(seconds))


@pytest.mark.parametrize("piled_s", [0.3, 1.5, 2.4])
@pytest.mark.parametrize("gone", [True, False])
def test_what_piled_up_while_the_source_was_away_is_thrown_away(piled_s, gone):
    world = World().run(steady(10), until=14)
    if gone:
        world.bridge.lose()
    kept = world.bridge.switch(int(world.waiting))
    world.waiting = kept
    filled_s = world.filled_s
    world.run(returning(14, piled_s))
    assert world.filled_s < filled_s + 0.7, "what comes is heard at once"
    assert world.dropped_s == pytest.approx(piled_s, abs=0.7)
    assert max(world.spares[-20:]) < 0.2, "it is as live as before"
    assert not world.bridge.eager
    assert world.bridge.jitter_s < 0.03


def test_no_more_of_a_pile_is_thrown_away_than_was_filled():
    world = World().run(steady(10), until=10.6)
    filled_s = world.filled_s
    world.bridge.lose()
    world.waiting = world.bridge.switch(int(world.waiting))
    world.run(returning(10.6, 2.0))
    assert 0.3 < world.dropped_s <= filled_s + 0.2
    assert min(world.spares[-20:]) > 1.2, "the rest goes in quiet minutes"


def test_nothing_is_thrown_away_of_who_takes_over_without_a_gap():
    world = World().run(steady(10))
    world.waiting = world.bridge.switch(int(world.waiting))
    dropped = world.bridge.dropped_ticks
    world.run(returning(10, 1.5))
    assert world.bridge.dropped_ticks == dropped
    assert min(world.spares[-20:]) > 1.3


@pytest.mark.parametrize("block", [960, 4800, 9600, 16_000])
def test_a_file_that_comes_after_a_gap_loses_nothing(block):
    world = World().run(steady(10), until=20)
    world.bridge.lose()
    world.waiting = world.bridge.switch(int(world.waiting))
    dropped, came = world.bridge.dropped_ticks, 20 * RATE // block * block
    played = sum(plan.play for plan in world.plans)
    world.run((20.0, block) for _ in range(20 * RATE // block))
    world.run(iter(()), until=world.now + 4)
    assert world.bridge.dropped_ticks == dropped
    assert sum(plan.play for plan in world.plans) - played + world.waiting == came


def test_what_might_be_a_file_is_taken_for_live_after_a_minute():
    def blocks() -> Iterator[Block]:
        yield from ((at / 1.6, ticks) for at, ticks in steady(4.8))
        yield from ((3.0 + at, ticks) for at, ticks in steady(57))

    world = World().run(blocks())
    assert world.bridge.eager
    world.run((60 + at, ticks) for at, ticks in steady(4))
    assert not world.bridge.eager
    assert world.filled_s == world.dropped_s == 0


def test_what_piled_up_before_a_show_began_is_told_and_forgotten():
    world = World()
    for at, ticks in returning(0.0, 1.5, 1.0):
        assert world.bridge.watching or at > 0.5
        world.bridge.arrive(at, ticks, 2 * ticks)
    assert not world.bridge.watching
    assert world.bridge.ahead_s(1.0) == pytest.approx(1.5, abs=0.03)
    assert world.bridge.jitter_s < 0.001
    assert not world.bridge.eager


def test_one_clock_that_loses_a_little_is_given_time():
    world = World().run(steady(700, ppm=-60))
    assert world.filled_s == 0
    assert min(world.spares) > 0


def test_almost_nothing_left_over_is_too_little():
    bridge = Bridge(RATE, hold_ticks=0, full_ticks=FULL)

    def run(ticks, left):
        for number in range(ticks, ticks + 800):
            plan = bridge.plan(number * TICK / RATE, TICK, TICK + SLACK_TICKS)
            bridge.arrive(number * TICK / RATE, TICK, TICK + left)
        return plan

    assert run(0, 100).ppm == -100
    assert run(800, 900).ppm == 0


@pytest.mark.parametrize("ppm", [-200, 200])
def test_24_hours_on_another_clock(ppm):
    """Ticks and blocks of four parts, to have fewer of them: the same decisions."""
    chance = random.Random(ppm)
    world = World(tick=LONG)
    world.keep = False
    blocks = steady(24 * 3600, block=LONG, ppm=ppm, late=lambda at: chance.random() * 0.01)
    world.run(blocks)
    assert world.bridge.drift.ppm == pytest.approx(ppm, abs=4)
    assert world.filled_s < 0.1
    assert world.dropped_s == 0
    assert 0 < world.waiting / RATE < 2.7
    assert abs(world.bridge.ppm - ppm) < 110
    heard_s = world.ticks * LONG / RATE
    assert heard_s == pytest.approx(24 * 3600, abs=4), "the part clock is ours, not the source's"


def test_24_hours_of_stalls_bursts_and_jitter():
    chance = random.Random(6)
    stalls = sorted(chance.uniform(0, 24 * 3600) for _ in range(100))
    lengths = {at: chance.uniform(0.1, 20) for at in stalls}

    def late(at):
        while stalls and at > stalls[0] + lengths[stalls[0]]:
            stalls.pop(0)
        stall = lengths[stalls[0]] - (at - stalls[0]) if stalls and at > stalls[0] else 0.0
        return stall + chance.random() ** 4 * 0.3

    world = World(tick=LONG)
    world.keep = False
    world.run(steady(24 * 3600, block=LONG, ppm=-120, late=late))
    total_s = sum(lengths.values())
    assert world.filled_s < total_s * 1.2 + 30
    assert world.dropped_s <= world.filled_s
    assert world.waiting / RATE < 4.5
    assert world.ticks * LONG / RATE == pytest.approx(24 * 3600, abs=25)


def test_a_faster_clock_than_allowed_is_followed_as_far_as_allowed():
    world = World().run(steady(900, ppm=400))
    assert world.bridge.drift.ppm == pytest.approx(400, abs=20)
    assert max(plan.ppm for plan in world.plans[:1500]) <= MAX_DRIFT_PPM


def test_there_is_no_jitter_in_one_block():
    bridge = Bridge(RATE, hold_ticks=HOLD, full_ticks=FULL)
    bridge.arrive(0.0, 960, 960)
    assert bridge.jitter_s == 0
