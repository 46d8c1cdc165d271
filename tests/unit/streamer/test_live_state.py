"""The rules of a show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.live.show_state import Crowded, Dismiss, Effect, Hear, Rules, ShowState, State, Turned
from streamer.live.takeovers import Contested

RULES = Rules(grace_s=120, patience_s=3, opening_s=30, max_sources=2)
WENT_LIVE = Turned(State.LIVE, State.OPENING)
AWAY = Turned(State.INTERRUPTED, State.LIVE)
BACK = Turned(State.LIVE, State.INTERRUPTED)
OVER = Turned(State.ENDED, State.INTERRUPTED)


def dismissed(effects: list[Effect]) -> list[tuple[int, str]]:
    return [(one.source, one.code) for one in effects if isinstance(one, Dismiss)]


def live(now: float = 0.0) -> ShowState:
    """A show with source 1, of key "a" with priority 10, that has just sounded."""
    show = ShowState(RULES)
    assert show.connect(1, "a", 10, now) == []
    assert show.sounded(1, now) == [Hear(1), WENT_LIVE]
    return show


def test_a_show_begins_with_the_first_sound() -> None:
    show = live()
    assert show.state is State.LIVE and show.heard == 1 and show.sources == (1,)
    assert show.sounded(1, 1) == [] and show.tick(2) == []


def test_without_any_sound_there_was_no_show() -> None:
    show = ShowState(RULES)
    show.connect(1, "a", 10, 0)
    assert show.left(1, 1) == [Turned(State.ENDED, State.OPENING)]
    show = ShowState(RULES)
    show.connect(1, "a", 10, 0)
    assert show.tick(29.9) == []
    effects = show.tick(30)
    assert dismissed(effects) == [(1, "stalled")]
    assert effects[-1] == Turned(State.ENDED, State.OPENING)


def test_a_lost_source_interrupts_and_then_ends_the_show() -> None:
    show = live()
    assert show.left(1, 1) == [Hear(None)]
    assert show.tick(2.9) == []
    assert show.tick(3) == [AWAY]
    assert show.tick(119.9) == []
    assert show.tick(120) == [OVER]
    assert show.tick(500) == [] and show.end() == []


def test_a_source_that_comes_back_goes_on() -> None:
    show = live()
    show.left(1, 1)
    show.tick(60)
    assert show.connect(2, "a", 10, 61) == [], "connected is not heard"
    assert show.state is State.INTERRUPTED
    assert show.sounded(2, 62) == [Hear(2), BACK]
    assert show.tick(64) == []


def test_a_source_that_comes_back_quickly_was_never_away() -> None:
    show = live()
    show.left(1, 1)
    show.connect(2, "a", 10, 1.5)
    assert show.sounded(2, 2) == [Hear(2)]


def test_a_stalled_source_counts_as_away_and_goes_after_the_grace() -> None:
    show = live()
    assert show.tick(3) == [AWAY]
    assert show.heard == 1, "it may go on"
    assert show.sounded(1, 100) == [BACK]
    assert show.tick(103) == [AWAY]
    effects = show.tick(220)
    assert dismissed(effects) == [(1, "stalled")] and effects[-1] == OVER


def test_the_same_key_takes_over_at_once() -> None:
    show = live()
    show.connect(2, "b", 5, 0)
    show.sounded(2, 0.5)
    effects = show.connect(3, "a", 10, 1)
    assert dismissed(effects) == [(1, "taken-over")]
    assert effects[-1] == Hear(3), "without going over the fallback"
    assert show.sounded(3, 1.2) == []
    show.sounded(2, 4)
    show = live()
    show.connect(2, "b", 5, 0)
    show.connect(3, "a", 10, 1)
    show.sounded(2, 2.5)
    assert show.tick(4) == [Hear(2)], "it took over and says nothing"


def test_a_fallback_is_heard_while_the_better_one_is_away() -> None:
    show = live()
    assert show.connect(2, "b", 5, 0) == [] and show.sounded(2, 1) == []
    show.sounded(1, 1)
    show.sounded(2, 2)
    assert show.left(1, 2) == [Hear(2)]
    assert show.state is State.LIVE
    assert show.connect(3, "a", 10, 3) == [], "not before it sounds"
    assert show.sounded(3, 3.1) == [Hear(3)]
    assert show.tick(5) == []


def test_a_fallback_is_heard_while_the_better_one_stalls() -> None:
    show = live()
    show.connect(2, "b", 5, 0)
    show.sounded(2, 2.9)
    assert show.tick(3) == [Hear(2)]
    assert show.sounded(1, 4) == [Hear(1)]


def test_among_equals_the_first_is_heard() -> None:
    show = live()
    show.connect(2, "b", 10, 0)
    assert show.sounded(2, 0.1) == []
    assert show.left(1, 0.2) == [Hear(2)]


def test_a_revoked_key_takes_its_source_along() -> None:
    show = live()
    effects = show.revoke("a", 1)
    assert dismissed(effects) == [(1, "revoked")] and effects[-1] == Hear(None)
    assert show.revoke("a", 1) == []


def test_too_many_sources_are_refused_but_a_takeover_is_none_more() -> None:
    show = live()
    show.connect(2, "b", 5, 0)
    with pytest.raises(Crowded, match="2 sources are connected to the room, and may be 2"):
        show.connect(3, "c", 99, 0)
    assert dismissed(show.connect(3, "b", 5, 0)) == [(2, "taken-over")]


def test_the_host_ends_it() -> None:
    show = live()
    effects = show.end()
    assert dismissed(effects) == [(1, "ended")] and effects[-1] == Turned(State.ENDED, State.LIVE)
    assert show.sounded(1, 1) == [] and show.left(1, 1) == [] and show.heard is None


def test_a_stop_sends_sources_away_and_changes_nothing_else() -> None:
    show = live()
    assert dismissed(show.stop()) == [(1, "stopping")]
    assert show.state is State.LIVE and show.sources == () and show.heard is None


def test_after_a_restart_it_waits_from_then_on() -> None:
    show = ShowState(RULES, resumed_at=1000)
    assert show.state is State.INTERRUPTED and show.tick(1100) == []
    show.connect(1, "a", 10, 1100)
    assert show.sounded(1, 1101) == [Hear(1), BACK]
    show = ShowState(RULES, resumed_at=1000)
    assert show.tick(1120) == [OVER]


def test_two_programs_that_take_over_from_each_other_for_ever_are_stopped() -> None:
    show, number, now = live(), 1, 0.0
    for _ in range(RULES.max_takeovers):
        number, now = number + 1, now + 5
        show.sounded(number - 1, now - 1)
        assert dismissed(show.connect(number, "a", 10, now)) == [(number - 1, "taken-over")]
    for _ in range(100):
        now += 5
        show.sounded(number, now - 1)
        with pytest.raises(Contested, match=r"5 times within 60 s, and may 5 times"):
            show.connect(number + 1, "a", 10, now)
        assert show.sources == (number,) and show.heard == number and show.state is State.LIVE
    show.connect(number + 1, "b", 5, now)  # another key is another matter


def test_who_comes_back_after_its_own_line_broke_is_let_in_however_often() -> None:
    show, now = live(), 0.0
    for number in range(2, 50):
        now += RULES.patience_s
        assert dismissed(show.connect(number, "a", 10, now)) == [(number - 1, "taken-over")]
        show.sounded(number, now)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["connect", "sounded", "left", "revoke", "tick", "tick"]),
        st.integers(0, 5),
        st.integers(0, 3),
        st.sampled_from([0.0, 0.3, 2.0, 3.0, 31.0, 119.0]),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_happens_the_rules_hold(steps: list[tuple[str, int, int, float]]) -> None:
    show, now, number = ShowState(RULES), 0.0, 0
    keys: dict[int, tuple[str, int]] = {}
    sounded: dict[int, float] = {}
    heard: int | None = None
    for what, who, priority, wait_s in steps:
        now += wait_s
        effects: list[Effect] = []
        before = show.state
        match what:
            case "connect":
                number += 1
                try:
                    effects = show.connect(number, f"key-{who % 3}", priority, now)
                    keys[number] = (f"key-{who % 3}", priority)
                except Crowded:
                    assert len(show.sources) == RULES.max_sources
                except Contested:
                    assert any(keys[one][0] == f"key-{who % 3}" for one in show.sources)
            case "sounded" if who in show.sources:
                sounded[who] = now
                effects = show.sounded(who, now)
            case "left":
                effects = show.left(who, now)
            case "revoke":
                effects = show.revoke(f"key-{who % 3}", now)
            case _:
                effects = show.tick(now)
        for effect in effects:
            match effect:
                case Hear(source):
                    assert source != heard
                    heard = source
                case Turned(state, was):
                    assert was is before and state is not was
                    before = state
        if show.state is State.ENDED:
            assert show.sources == () and show.heard is None
            return
        assert heard == show.heard and (heard is None or heard in show.sources)
        assert before is show.state and len(show.sources) <= RULES.max_sources
        assert len({keys[one][0] for one in show.sources}) == len(show.sources), "one source a key"
        recent = [one for one in show.sources if one in sounded and now - sounded[one] < RULES.patience_s]
        if recent and heard is not None and heard not in recent:
            assert heard == max(show.sources) or keys[heard][1] >= 0  # it has just taken over
        if recent and heard in recent:
            assert keys[heard][1] == max(keys[one][1] for one in recent)
