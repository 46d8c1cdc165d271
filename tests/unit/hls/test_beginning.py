"""What had piled up at a source when it was let in, and what only looks like it; counts alone."""

import random
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

import pytest

from hls.beginning import MAX_AHEAD_S, MIN_AHEAD_S, WATCH_S, Beginning

Block = tuple[float, float]  # when it comes, and how much sound it has, in seconds
BEGINS = 100.0
BLOCK_S = 0.02


def live(begins: float, seconds: float = 5.0, block_s: float = BLOCK_S) -> Iterator[Block]:
    """Blocks in real time; the first is complete, and comes, when it has been recorded."""
    for number in range(1, round(seconds / block_s) + 1):
        yield begins + number * block_s, block_s


def piled(seconds: float, block_s: float = BLOCK_S, took_s: float = 0.0) -> Iterator[Block]:
    """Blocks that come at once, or in so many seconds, and then those of a live source."""
    count = round(seconds / block_s)
    for number in range(count):
        yield BEGINS + took_s * number / count, block_s
    yield from ((at, sound_s) for at, sound_s in live(BEGINS, block_s=block_s) if at > BEGINS + took_s)


def judged(blocks: Iterable[Block], until: float | None = None) -> tuple[float | None, float]:
    """What was found, and how long after the first block."""
    beginning = Beginning()
    first = now = BEGINS
    for number, (now, sound_s) in enumerate(blocks):
        first = now if number == 0 else first
        beginning.arrive(now, sound_s)
        if beginning.ahead_s is not None:
            return beginning.ahead_s, now - first
    if until is not None:
        now = until
        beginning.look(now)
    return beginning.ahead_s, now - first


@pytest.mark.parametrize("seconds", [0.4, 1.0, 1.5, 3.7])
@pytest.mark.parametrize("took_s", [0.0, 0.1])
def test_what_had_piled_up_is_found(seconds, took_s):
    found, after_s = judged(piled(seconds, took_s=took_s))
    assert found == pytest.approx(seconds - BLOCK_S - took_s, abs=3 * BLOCK_S)
    assert 0.5 <= after_s < 1.0


@pytest.mark.parametrize("block_s", [0.02, 0.1, 0.25, 0.5, 1.0])
def test_long_blocks_are_no_pile(block_s):
    found, after_s = judged(live(BEGINS, block_s=block_s))
    assert found == 0
    assert after_s <= block_s + 0.3 + 1e-6


def test_what_is_left_when_the_next_long_block_comes_had_piled_up():
    def blocks() -> Iterator[Block]:
        for number, (at, _) in enumerate(live(BEGINS, block_s=1.0)):
            for _ in range(75 if number == 0 else 50):  # a page comes as many blocks
                yield at - 1.0, BLOCK_S

    found, after_s = judged(blocks())
    assert found == pytest.approx(0.5)
    assert after_s < 2.5


def test_a_first_block_may_come_sooner_than_what_had_piled_up():
    def blocks() -> Iterator[Block]:
        yield BEGINS, BLOCK_S
        yield from ((BEGINS + 0.2, BLOCK_S) for _ in range(60))
        yield from live(BEGINS + 0.2)

    assert judged(blocks())[0] == pytest.approx(1.0, abs=0.05)


def test_a_file_is_none_however_fast_it_comes():
    for speed in (1.3, 2.0, 10.0, 1000.0):
        found, after_s = judged((BEGINS + number * BLOCK_S / speed, BLOCK_S) for number in range(1000))
        assert found == 0, speed
        assert after_s <= WATCH_S + 0.1


def test_a_file_that_is_made_to_wait_is_none():
    found, _ = judged(((BEGINS, 0.1) for _ in range(38)), until=BEGINS)
    assert found == 0


def test_an_encoder_that_waits_until_its_beginning_is_played_is_none():
    def blocks() -> Iterator[Block]:
        yield from ((BEGINS, BLOCK_S) for _ in range(100))
        yield from live(BEGINS + 2.0)

    assert judged(blocks())[0] == 0


def test_what_is_spent_by_a_pause_had_not_piled_up():
    def blocks() -> Iterator[Block]:
        yield from ((BEGINS, BLOCK_S) for _ in range(75))
        yield from live(BEGINS + 0.6)

    assert judged(blocks())[0] == pytest.approx(0.9, abs=2 * BLOCK_S)


def test_a_source_that_has_no_steady_half_second_is_left_alone():
    def blocks() -> Iterator[Block]:
        yield BEGINS, 1.5
        for number in range(5):
            yield BEGINS + 0.49 * (number + 1), 0.1 if number % 2 else 0.9

    found, after_s = judged(blocks(), until=BEGINS + WATCH_S + 0.1)
    assert found == 0
    assert after_s > 2.4


def test_nothing_is_known_of_what_has_hardly_begun():
    beginning = Beginning()
    beginning.look(BEGINS)
    assert beginning.ahead_s is None
    beginning.arrive(BEGINS, BLOCK_S)
    beginning.look(BEGINS + 0.05)
    assert beginning.ahead_s is None
    beginning.look(BEGINS + 0.4)
    assert beginning.ahead_s == 0
    beginning.arrive(BEGINS + 0.4, 1.0)
    beginning.look(BEGINS + 0.5)
    assert beginning.ahead_s == 0, "it is said once"


def test_nothing_more_is_known_of_who_is_gone():
    beginning = Beginning()
    beginning.arrive(BEGINS, 1.5)
    beginning.lose()
    assert beginning.ahead_s == 0
    found = Beginning()
    for at, sound_s in piled(1.0):
        found.arrive(at, sound_s)
    found.lose()
    assert found.ahead_s, "but what was is"


def test_what_is_found_was_there_whenever_more_came():
    """Any beginning: nobody who begins earlier by as much runs dry in what was seen."""
    chance = random.Random(3)
    found = 0
    for _ in range(300):
        gaps = [chance.choice((0.0, BLOCK_S, BLOCK_S, BLOCK_S, 0.1 * chance.random())) for _ in range(250)]
        times = [BEGINS + at for at in accumulate(gaps)]
        beginning, sound_s = Beginning(), chance.random() * 3
        beginning.arrive(BEGINS, sound_s)
        left = []
        for before, at in pairwise(times):
            if at > before:
                left.append(sound_s - (at - BEGINS))
            beginning.arrive(at, BLOCK_S)
            sound_s += BLOCK_S
            if beginning.ahead_s is not None:
                break
        ahead_s = beginning.ahead_s
        assert ahead_s == 0 or (ahead_s is not None and MIN_AHEAD_S <= ahead_s <= MAX_AHEAD_S)
        if ahead_s:
            found += 1
            assert ahead_s <= left[-1] + 1e-9
    assert found > 30
