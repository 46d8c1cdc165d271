"""What is done to messages, and what is left alone."""

import random

from chaos.history import Shown
from chaos.meddler import Meddler, Wish


def wishes(seed: int, count: int = 200, busy: tuple[str, ...] = ()) -> list[Wish | None]:
    meddler = Meddler(["lobby"], random.Random(seed))
    meddler.see("lobby", [Shown(1, "mine", "n1", "ann", "x"), Shown(2, "other", "n2", "bob", "y")])
    meddler.see(
        "lobby", [Shown(3, "gone", "n3", "bob", ""), Shown(4, "mine", "n4", "bob", "", "reacted", "+1")]
    )
    return [meddler.wish("lobby", "ann", busy) for _ in range(count)]


def test_a_seed_wishes_the_same_again() -> None:
    assert wishes(1) == wishes(1) != wishes(2)


def test_everything_is_done_but_to_others_only_what_one_may() -> None:
    found = {(wish[0], wish[1]) for wish in wishes(3) if wish is not None}
    own = {(kind, "mine") for kind in ("edited", "deleted", "reacted", "unreacted")}
    assert found == own | {("reacted", "other"), ("unreacted", "other")}


def test_what_is_busy_or_not_there_is_left_alone() -> None:
    assert {wish[1] for wish in wishes(4, busy=("mine",)) if wish} == {"other"}
    assert set(wishes(5, busy=("mine", "other"))) == {None}
    assert Meddler(["lobby"], random.Random(1)).wish("lobby", "ann", ()) is None


def test_only_what_was_put_there_is_taken_back() -> None:
    there: list[tuple[str, str]] = []
    for wish in wishes(6):
        assert wish is not None
        kind, id, emoji = wish
        if kind == "reacted":
            there.append((id, emoji))
        elif kind == "unreacted":
            there.remove((id, emoji))
