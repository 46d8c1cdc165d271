"""The timer wheel, on a loop that is a clock and nothing else."""

from collections.abc import Callable

import pytest

from streamer.wheel import Deadline
from tests.support.clock import started


@pytest.mark.parametrize("delay_s", [0, 0.5, 1, 1.5, 7.25, 60])
def test_a_ticket_fires_once_never_early_and_at_most_a_tick_late(delay_s: float) -> None:
    clock, wheel = started()
    clock.advance(0.3)
    fired: list[float] = []
    wheel.schedule(delay_s, lambda: fired.append(clock.now_s))
    clock.advance(100)
    assert len(fired) == 1
    assert 100.3 + delay_s <= fired[0] <= 101.3 + delay_s


def test_there_is_one_timer_for_any_number_of_tickets() -> None:
    clock, wheel = started()
    for number in range(1000):
        wheel.schedule(number / 10, lambda: None)
    assert len(clock.timers) == 1
    clock.advance(50)
    assert len(clock.timers) == 1


def test_a_cancelled_ticket_leaves_nothing_behind() -> None:
    clock, wheel = started()
    fired: list[int] = []
    tickets = [wheel.schedule(5, lambda: fired.append(1)) for _ in range(10)]
    for ticket in tickets:
        ticket.cancel()
        ticket.cancel()
    assert not any(wheel._slots.values())
    clock.advance(10)
    assert not fired and not wheel._slots


def test_a_stalled_loop_catches_up() -> None:
    clock, wheel = started()
    fired: list[str] = []
    wheel.schedule(2, lambda: fired.append("first"))
    wheel.schedule(30, lambda: fired.append("second"))
    clock.stall(60.5)
    assert fired == ["first", "second"]
    assert wheel.tick == 60


def test_a_callback_may_schedule_and_cancel_in_its_own_slot() -> None:
    clock, wheel = started()
    fired: list[str] = []
    pair = []

    def rival(name: str, other: int) -> Callable[[], None]:
        def fire() -> None:
            fired.append(name)
            pair[other].cancel()
            wheel.schedule(0, lambda: fired.append("later"))

        return fire

    pair += [wheel.schedule(3, rival("a", 1)), wheel.schedule(3, rival("b", 0))]
    clock.advance(10)
    assert fired in (["a", "later"], ["b", "later"])


def test_a_callback_that_fails_is_reported_and_spares_the_others() -> None:
    clock, wheel = started()
    fired: list[int] = []
    wheel.schedule(1, lambda: 1 // 0)  # type: ignore[arg-type, return-value]
    wheel.schedule(1, lambda: fired.append(1))
    wheel.schedule(2, lambda: fired.append(2))
    clock.advance(5)
    assert fired == [1, 2]
    assert [type(error) for error in clock.errors] == [ZeroDivisionError]


def test_a_stopped_wheel_stands_still_and_goes_on() -> None:
    clock, wheel = started()
    fired: list[int] = []
    wheel.schedule(5, lambda: fired.append(1))
    wheel.stop()
    wheel.stop()
    clock.advance(10)
    assert not fired
    wheel.start()
    wheel.start()
    clock.advance(1)
    assert fired == [1]


def test_stop_inside_a_callback_is_obeyed() -> None:
    clock, wheel = started()
    fired: list[int] = []
    wheel.schedule(1, wheel.stop)
    wheel.schedule(3, lambda: fired.append(1))
    clock.stall(10)
    assert not fired and wheel.tick == 1
    assert not [timer for timer in clock.timers if not timer.cancelled]


def test_a_deadline_is_put_off_by_an_attribute_and_brought_nearer_by_set() -> None:
    clock, wheel = started()
    over: list[float] = []
    deadline = Deadline(wheel, 10, lambda: over.append(clock.now_s))
    clock.advance(8)
    deadline.tick = wheel.tick + 10
    clock.advance(8)
    assert not over
    deadline.set(1)
    clock.advance(1)
    assert over == [117]
    deadline.set(20)
    clock.advance(19)
    assert over == [117]
    deadline.cancel()
    clock.advance(100)
    assert over == [117]


def test_ticks_cover_a_delay_from_any_moment() -> None:
    _, wheel = started(0.5)
    assert (wheel.ticks(0), wheel.ticks(0.1), wheel.ticks(0.5), wheel.ticks(10)) == (1, 2, 2, 21)
