"""The judge finds what is wrong: every promise is broken here in every way that it can be."""

import pytest
from msgspec.structs import replace

from chaos.history import Acked, Asked, Gap, History, Joined, Live, Log, Out, Record, Said, Shown, View
from chaos.judge import judge

ROOM = "lobby"


def entry(seq: int, author: str = "ann") -> Shown:
    return Shown(seq, f"id{seq}", f"n{seq}", author, f"body {seq}")


def entries(first: int, last: int) -> tuple[Shown, ...]:
    return tuple(entry(seq) for seq in range(first, last + 1))


def joined(first: int, last: int, *, recovered: bool = False, epoch: str = "e") -> Joined:
    return Joined(ROOM, epoch, last, recovered, entries(first, last))


def asked(seq: int | None = None, epoch: str = "e") -> Asked:
    return Asked(ROOM, None if seq is None else epoch, seq or 0)


def live(seq: int) -> Live:
    return Live(ROOM, entry(seq))


def talk(last: int) -> list[Record]:
    """What the author of all messages said and was told."""
    records: list[Record] = [asked(), joined(1, 0)]
    for seq in range(1, last + 1):
        one = entry(seq)
        records += [Said(ROOM, one.nonce, one.body), Acked(ROOM, one.nonce, seq, one.id), live(seq)]
    return records


def history(*records: Record, last: int = 6) -> History:
    """A run in which ann said everything, and bob was told `records`."""
    views = [View("ann", "ann", talk(last)), View("bob", "bob", records)]
    return History(views, {ROOM: Log("e", entries(1, last))}, {ROOM: entries(1, last)})


def promises(run: History) -> list[str]:
    return sorted({fault.promise for fault in judge(run)})


@pytest.mark.parametrize(
    "records",
    [
        [],
        [asked(), joined(1, 4), live(5), live(6)],
        [asked(), joined(3, 4), live(5), live(6)],
        [asked(), joined(1, 2), live(3), Out(ROOM), asked(3), joined(4, 6, recovered=True)],
        [asked(), joined(1, 2), Out(ROOM), asked(2), joined(3, 2, recovered=True), *map(live, (3, 4, 5, 6))],
        [asked(), joined(1, 2), Out(ROOM), asked(2), Gap(ROOM, 3, 4), joined(5, 6)],
        [asked(), joined(1, 2), Gap(ROOM, 3, 4), joined(5, 6)],
        [asked(), joined(1, 2), joined(3, 6, recovered=True)],
        [asked(), joined(1, 0), Out(ROOM), asked(0, "old"), joined(1, 6, recovered=True)],
        [asked(4, "old"), Gap(ROOM, 0, 3), joined(4, 6)],
        [asked(9), Gap(ROOM, 7, 9), joined(4, 6)],
        [asked(), joined(1, 2), Out(ROOM)],
        [asked(), Out(ROOM), asked(), joined(1, 6)],
    ],
)
def test_who_keeps_the_promises_is_not_accused(records: list[Record]) -> None:
    assert judge(history(*records)) == []


@pytest.mark.parametrize(
    ("promise", "records"),
    [
        ("caught up", [asked(), joined(1, 4), live(5)]),
        ("caught up", [asked(), joined(1, 6, epoch="x")]),
        ("joined first", [asked(), live(1), joined(1, 6)]),
        ("joined first", [asked(), joined(1, 3), Out(ROOM), live(4)]),
        ("joined", [joined(1, 6)]),
        ("joined", [asked(), Joined(ROOM, "e", 6, False, entries(1, 2) + entries(4, 6))]),
        ("joined", [asked(), Joined(ROOM, "e", 6, False, entries(1, 5))]),
        ("shown once", [asked(), joined(1, 4), live(4), live(5), live(6)]),
        ("shown once", [asked(), joined(1, 4), live(5), live(5), live(6)]),
        ("no hole", [asked(), joined(1, 4), live(6)]),
        ("gap", [asked(2), Gap(ROOM, 3, 4), Gap(ROOM, 3, 4), joined(5, 6)]),
        ("exactly what was missed", [asked(2), joined(4, 6, recovered=True)]),
        ("exactly what was missed", [asked(2), joined(2, 6, recovered=True)]),
        ("exactly what was missed", [asked(2), joined(3, 6)]),
        ("exactly what was missed", [asked(2), joined(5, 6)]),
        ("exactly what was missed", [asked(2), Gap(ROOM, 3, 5), joined(5, 6)]),
        ("exactly what was missed", [asked(2), Gap(ROOM, 2, 4), joined(5, 6)]),
        ("exactly what was missed", [asked(2), Gap(ROOM, 3, 4), joined(5, 6, recovered=True)]),
        ("exactly what was missed", [asked(2, "old"), joined(3, 6, recovered=True)]),
        ("exactly what was missed", [asked(), joined(1, 6, recovered=True)]),
        ("exactly what was missed", [asked(), Gap(ROOM, 1, 2), joined(3, 6)]),
        ("exactly what was missed", [asked(), joined(1, 2), joined(3, 6)]),
        ("exactly what was missed", [asked(), joined(1, 2), joined(4, 6, recovered=True)]),
    ],
)
def test_a_broken_promise_is_named(promise: str, records: list[Record]) -> None:
    assert promise in promises(history(*records))


def test_another_order_is_found_wherever_it_is_seen() -> None:
    other = replace(entry(3), nonce="n4", id="id4", body="body 4")
    shown = [entry(1), entry(2), other]
    run = history(asked(), Joined(ROOM, "e", 3, False, tuple(shown)), live(4), live(5), live(6))
    assert "one order" in promises(run)
    assert "stored once" in promises(run), "and the same message has two numbers"
    run = history(asked(), joined(1, 2), Live(ROOM, replace(entry(3), author="eve")), *map(live, (4, 5, 6)))
    assert {"one order", "nothing invented"} <= set(promises(run))


def test_rooms_and_epochs_are_orders_of_their_own() -> None:
    run = history()
    other = Shown(1, "x", "m", "bob", "hi")
    bob = View(
        "bob",
        "bob",
        [
            Asked("b", None, 0),
            Joined("b", "z", 0, False, ()),
            Said("b", "m", "hi"),
            Acked("b", "m", 1, "x"),
            Live("b", other),
        ],
    )
    logs = {**run.logs, "b": Log("z", [other])}
    assert judge(History([run.views[0], bob], logs, {**run.rows, "b": [other]})) == []


def without(run: History, seq: int, *, log: bool = True, sql: bool = True) -> History:
    kept = [one for one in entries(1, 6) if one.seq != seq]
    logs = {ROOM: Log("e", kept)} if log else run.logs
    return History(run.views, logs, {ROOM: kept} if sql else run.rows)


def test_an_acknowledged_message_that_is_gone_is_missed() -> None:
    assert "acknowledged is kept" in promises(without(history(), 3))
    assert "no hole" in promises(without(history(), 3))
    assert {"acknowledged is kept", "SQL is the log"} == set(promises(without(history(), 6, log=False)))
    assert "acknowledged is kept" in promises(without(history(), 6, sql=False))


def test_an_acknowledgement_names_the_place() -> None:
    run = history()
    wrong = [
        replace(record, seq=record.seq + 1) if isinstance(record, Acked) else record
        for record in run.views[0].records
    ]
    assert promises(History([View("ann", "ann", wrong)], run.logs, run.rows)) == ["acknowledged is kept"]


def test_two_acknowledgements_of_one_message_are_the_same() -> None:
    again: list[Record] = [Said(ROOM, "n2", "body 2"), Acked(ROOM, "n2", 2, "id2")]
    run = history()
    talks: list[Record] = [*run.views[0].records, *again]
    assert judge(History([View("ann", "ann", talks)], run.logs, run.rows)) == []
    talks = [*run.views[0].records, Acked(ROOM, "n2", 7, "id7")]
    assert promises(History([View("ann", "ann", talks)], run.logs, run.rows)) == ["stored once"]


def test_a_message_that_is_stored_twice_is_found() -> None:
    twice = [*entries(1, 6), replace(entry(2), seq=7, id="id7")]
    run = history()
    found = promises(History(run.views, {ROOM: Log("e", twice)}, {ROOM: twice}))
    assert "stored once" in found


def test_what_nobody_said_is_found() -> None:
    ghost = [*entries(1, 6), Shown(7, "id7", "n7", "eve", "boo")]
    run = history()
    found = promises(History(run.views, {ROOM: Log("e", ghost)}, {ROOM: ghost}))
    assert "nothing invented" in found
    changed = [*entries(1, 5), replace(entry(6), body="changed")]
    found = promises(History([], {ROOM: Log("e", changed)}, {ROOM: changed}))
    assert found == ["nothing invented"]


def test_sql_is_the_log() -> None:
    run = history()
    changed = [*entries(1, 5), replace(entry(6), body="changed")]
    assert promises(History(run.views, run.logs, {ROOM: changed})) == ["SQL is the log"]
    assert "SQL is the log" in promises(History(run.views, run.logs, {}))
    more = [*entries(1, 7)]
    assert promises(History(run.views, run.logs, {ROOM: more})) == ["SQL is the log"]


def test_who_is_never_answered_is_found() -> None:
    run = history()
    mute = View("bob", "bob", [asked(), joined(1, 6), Said(ROOM, "m", "hello?")])
    assert promises(History([run.views[0], mute], run.logs, run.rows)) == ["answered"]


def test_the_acknowledgement_comes_before_the_message() -> None:
    early = talk(6)
    early[-1], early[-2] = early[-2], early[-1]
    run = history()
    assert promises(History([View("ann", "ann", early)], run.logs, run.rows)) == ["ack first"]
    # After a reconnect the first try may be shown before the second one is answered.
    again = [*talk(6)[:-3], Said(ROOM, "n6", "body 6"), Out(ROOM), asked(5), joined(6, 5, recovered=True)]
    again += [Said(ROOM, "n6", "body 6"), live(6), Acked(ROOM, "n6", 6, "id6")]
    assert judge(History([View("ann", "ann", again)], run.logs, run.rows)) == []
