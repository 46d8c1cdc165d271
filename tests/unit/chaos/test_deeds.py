"""The judge finds what is wrong with how messages stand in the end."""

import pytest
from msgspec.structs import replace

from chaos.history import (
    Acked,
    Asked,
    Gap,
    History,
    Joined,
    Live,
    Log,
    Out,
    Record,
    Refused,
    Said,
    Shown,
    View,
)
from chaos.judge import judge
from chaos.lines import line

ROOM = "lobby"
# Ann says two things; bob reacts to both and takes the second one back; ann edits the first and deletes the
# second.
LOG = (
    Shown(1, "one", "a1", "ann", "first"),
    Shown(2, "two", "a2", "ann", "second"),
    Shown(3, "one", "b1", "bob", "", "reacted", "+1"),
    Shown(4, "two", "b2", "bob", "", "reacted", "+1"),
    Shown(5, "two", "b3", "bob", "", "unreacted", "+1"),
    Shown(6, "one", "a3", "ann", "better", "edited"),
    Shown(7, "two", "a4", "ann", "", "deleted"),
)
AT_THE_END = (
    Shown(1, "one", "a1", "ann", "better", reactions=(("+1", 1),)),
    Shown(2, "two", "a2", "ann", ""),
)
ROWS = (*(replace(one, reactions=()) for one in AT_THE_END), *LOG[2:])


def live(*entries: Shown) -> list[Record]:
    return [Live(ROOM, entry) for entry in entries]


def deeds(author: str, *, lost: str = "") -> list[Record]:
    """What somebody did, and that it is done. Args: `lost` is a nonce of what was never seen by the log."""
    records: list[Record] = []
    for one in LOG:
        if one.author == author and one.nonce != lost:
            id = "" if one.kind == "message" else one.id
            records.append(Said(ROOM, one.nonce, one.body, one.kind, id, one.emoji))
            records.append(Acked(ROOM, one.nonce, one.seq, one.id))
    return records


def history(
    *seen: Record,
    log: tuple[Shown, ...] = AT_THE_END,
    rows: tuple[Shown, ...] = ROWS,
    more: tuple[Record, ...] = (),
) -> History:
    """A run in which ann and bob did all that, and eve was told `seen`."""
    views = [View("ann", "ann", deeds("ann")), View("bob", "bob", [*deeds("bob"), *more])]
    return History([*views, View("eve", "eve", seen)], {ROOM: Log("e", log, 7)}, {ROOM: rows})


def promises(run: History) -> list[str]:
    return sorted({fault.promise for fault in judge(run)})


ASKED = Asked(ROOM, None, 0)


def joined(last: int, *entries: Shown, recovered: bool = False) -> Joined:
    return Joined(ROOM, "e", last, recovered, entries)


@pytest.mark.parametrize(
    "seen",
    [
        [],
        [ASKED, joined(0), *live(*LOG)],
        [ASKED, joined(3, *LOG[:3]), Out(ROOM), Asked(ROOM, "e", 3), joined(7, *LOG[3:], recovered=True)],
        [ASKED, joined(6, *ROWS[:1], *LOG[1:6]), *live(LOG[6])],
        [ASKED, joined(7, *ROWS)],
        [ASKED, joined(7, *LOG[3:])],
        [ASKED, joined(1, LOG[0]), Out(ROOM), Asked(ROOM, "e", 1), Gap(ROOM, 2, 6), joined(7, LOG[6])],
        [ASKED, joined(1, LOG[0]), Out(ROOM), ASKED, joined(7, LOG[6])],
    ],
)
def test_who_is_shown_how_messages_stand_agrees(seen: list[Record]) -> None:
    assert judge(history(*seen)) == []


def test_who_sees_another_thing_in_the_end_is_named() -> None:
    whole = history(ASKED, joined(0), *live(*LOG))
    for log in (
        (replace(AT_THE_END[0], reactions=()), AT_THE_END[1]),
        (replace(AT_THE_END[0], reactions=(("+1", 2),)), AT_THE_END[1]),
        (AT_THE_END[0], replace(AT_THE_END[1], reactions=(("+1", 1),))),
    ):
        assert promises(history(*whole.views[2].records, log=log)) == ["all agree", "as acknowledged"]
    for place, words in ((0, "first"), (1, "second")):
        changed = tuple(replace(one, body=words) if at == place else one for at, one in enumerate(AT_THE_END))
        rows = (*(replace(one, reactions=()) for one in changed), *LOG[2:])
        run = history(*whole.views[2].records, log=changed, rows=rows)
        assert promises(run) == ["all agree", "as acknowledged"]


def test_what_was_acknowledged_and_does_not_stand_is_named() -> None:
    run = history(more=(Said(ROOM, "b4", "", "reacted", "one", "tada"), Acked(ROOM, "b4", 3, "one")))
    assert promises(run) == ["as acknowledged"]
    # Nothing was left to do: it is so already.
    run = history(more=(Said(ROOM, "b4", "", "reacted", "one", "+1"), Acked(ROOM, "b4", 1, "one")))
    assert judge(run) == []


@pytest.mark.parametrize(
    ("code", "id", "expected"),
    [
        ("message_deleted", "two", []),
        ("message_deleted", "one", ["refused for a reason"]),
        ("message_unknown", "two", ["refused for a reason"]),
    ],
)
def test_only_what_is_done_to_the_deleted_is_refused(code: str, id: str, expected: list[str]) -> None:
    said = Said(ROOM, "b4", "", "reacted", id, "tada")
    assert promises(history(more=(said, Refused(ROOM, "b4", code)))) == expected
    assert promises(history(more=(Refused(ROOM, "b4", code),))) == ["refused for a reason"]


@pytest.mark.parametrize(
    "wrong",
    [
        replace(LOG[0], body="worse"),
        replace(LOG[2], emoji="tada"),
        replace(LOG[2], kind="unreacted"),
        replace(LOG[2], id="two"),
        replace(LOG[5], body="first"),
    ],
)
def test_what_nobody_did_is_found(wrong: Shown) -> None:
    seen = live(*(wrong if one.seq == wrong.seq else one for one in LOG))
    assert "nothing invented" in promises(history(ASKED, joined(0), *seen))


def test_words_that_are_gone_may_be_missing_from_an_edit() -> None:
    late = Shown(8, "two", "a5", "ann", "", "edited")
    said: list[Record] = [Said(ROOM, "a5", "too late", "edited", "two"), Acked(ROOM, "a5", 8, "two")]
    run = history(ASKED, joined(8, *ROWS, late))
    views = [View("ann", "ann", [*deeds("ann"), *said]), *run.views[1:]]
    assert judge(History(views, {ROOM: Log("e", AT_THE_END, 8)}, {ROOM: [*ROWS, late]})) == []


@pytest.mark.parametrize(
    ("audit", "answered", "expected"),
    [
        (["for 16m41s", "for 16m42s", "for 1m"], True, []),
        (["for 16m41s"], True, []),
        (["for 16m41s"], False, ["answered"]),
        ([], False, ["answered"]),
        (["for 16m41s"] * 2, True, ["carried out once"]),
        (["for 16m41s"] * 2, False, ["answered", "carried out once"]),
        (["for 16m42s"], True, ["carried out once"]),
    ],
)
def test_a_line_is_carried_out_once(audit: list[str], answered: bool, expected: list[str]) -> None:
    records: list[Record] = [Said(ROOM, "k-1", line(1), "line")]
    if answered:
        records.append(Acked(ROOM, "k-1", 0, ""))
    run = history()
    views = [*run.views, View("keeper", "keeper", records)]
    assert promises(History(views, run.logs, run.rows, {ROOM: audit})) == expected
