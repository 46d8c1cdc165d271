"""Reads the history of a run and says what was promised and not kept. `chat/broker.py` has the promises."""

from collections.abc import Iterator

from chaos.deeds import (
    Spoken,
    judge_ends,
    judge_lines,
    judge_refusals,
    judge_wishes,
    judge_words,
    later_words,
    spoken,
)
from chaos.fault import Fault
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


def judge(history: History) -> list[Fault]:
    """Everything that is wrong with a run; nothing, if the chat kept its word."""
    faults: list[Fault] = []
    for view in history.views:
        for room in sorted({record.room for record in view.records}):
            faults += _Reader(view, room, history.logs.get(room)).read()
    said = spoken(history)
    faults += _judge_order(history)
    faults += _judge_messages(history, said)
    faults += _judge_ends(history)
    faults += judge_ends(history)
    faults += judge_wishes(history, said)
    faults += judge_refusals(history, said)
    faults += judge_lines(history, said)
    return faults


class _Reader:
    """Follows one client through one room."""

    def __init__(self, view: View, room: str, log: Log | None) -> None:
        self._view = view
        self._room = room
        self._log = log
        self._in = False
        self._epoch, self._seq = "", 0
        self._asked: Asked | None = None
        self._gap: Gap | None = None
        self._said: set[str] = set()
        self._unanswered: set[str] = set()  # said once, on this connection
        self._faults: list[Fault] = []

    def read(self) -> list[Fault]:
        for record in self._view.records:
            if record.room == self._room:
                self._take(record)
        if self._in and self._log is not None and (self._epoch, self._seq) != self._end(self._log):
            self._accuse(
                "caught up", f"ended at {self._epoch} {self._seq}, the log at {self._end(self._log)}"
            )
        return self._faults

    def _take(self, record: Record) -> None:
        match record:
            case Said(nonce=nonce):
                # What is said again may have been stored the first time, and be on its way already.
                if nonce not in self._said:
                    self._unanswered.add(nonce)
                self._said.add(nonce)
            case Acked(nonce=nonce):
                self._unanswered.discard(nonce)
            case Asked():
                self._asked = record
            case Gap():
                if self._gap is not None:
                    self._accuse("gap", f"{record} after {self._gap}")
                self._gap = record
            case Joined():
                self._join(record)
            case Live(entry=entry):
                self._show(entry)
            case Out():
                self._in, self._asked, self._gap = False, None, None
                self._unanswered.clear()

    def _join(self, joined: Joined) -> None:
        asked, gap = self._asked, self._gap
        self._asked = self._gap = None
        if not self._in and asked is None:
            self._accuse("joined", f"{_brief(joined)} was not asked for")
        since: tuple[str, int] | None = (self._epoch, self._seq)
        if asked is not None:
            since = None if asked.epoch is None else (asked.epoch, asked.seq)
        first = joined.shown[0].seq if joined.shown else joined.seq + 1
        if [entry.seq for entry in joined.shown] != list(range(first, joined.seq + 1)):
            self._accuse("joined", f"{_brief(joined)} has a hole, or does not end at its seq")
        if told := self._missing(since, joined, first, gap):
            self._accuse("exactly what was missed", f"since {since}: {_brief(joined)}, {gap}: {told}")
        self._in, self._epoch, self._seq = True, joined.epoch, joined.seq

    def _missing(
        self, since: tuple[str, int] | None, joined: Joined, first: int, gap: Gap | None
    ) -> str | None:
        """What is wrong with an answer, if anything."""
        if since is None:
            if joined.recovered:
                return "recovered from nowhere"
            return "a gap without a position" if gap else None
        epoch, seq = since
        same = epoch == joined.epoch
        if joined.recovered:
            if gap or not (same or seq == 0):
                return "recovered, and yet something is missing"
            return None if first == seq + 1 else f"recovered, and shown from {first} on"
        if gap is None:
            return "neither recovered nor a gap"
        if same and seq <= joined.seq and (gap.from_seq, gap.to_seq) != (seq + 1, first - 1):
            return f"the gap should be {seq + 1} to {first - 1}"
        return None

    def _show(self, entry: Shown) -> None:
        if not self._in:
            self._accuse("joined first", f"{entry} came before joined")
        elif entry.seq <= self._seq:
            self._accuse("shown once", f"{entry} came after {self._seq}")
        elif entry.seq > self._seq + 1:
            self._accuse("no hole", f"{entry} came after {self._seq}")
        if entry.author == self._view.author and entry.nonce in self._unanswered:
            self._accuse("ack first", f"{entry} came before its ack")
        self._seq = max(self._seq, entry.seq)

    def _accuse(self, promise: str, what: str) -> None:
        self._faults.append(Fault(promise, f"{self._view.name} in {self._room}", what))

    @staticmethod
    def _end(log: Log) -> tuple[str, int]:
        return log.epoch, log.end


def _sightings(history: History) -> Iterator[tuple[str, str, str, Shown]]:
    """Who saw which entry in which room and epoch."""
    for view in history.views:
        epochs: dict[str, str] = {}
        for record in view.records:
            if isinstance(record, Joined):
                epochs[record.room] = record.epoch
                for entry in record.shown:
                    yield view.name, record.room, record.epoch, entry
            elif isinstance(record, Live):
                yield view.name, record.room, epochs.get(record.room, ""), record.entry
    for room, log in history.logs.items():
        for entry in log.entries:
            yield "the log", room, log.epoch, entry


def _judge_order(history: History) -> Iterator[Fault]:
    """A number means the same to everyone, and a message has one number."""
    numbered: dict[tuple[str, str, int], tuple[str, Shown]] = {}
    placed: dict[tuple[str, str, str, str], tuple[str, int]] = {}
    for who, room, epoch, entry in _sightings(history):
        first_who, first = numbered.setdefault((room, epoch, entry.seq), (who, entry))
        if first.place != entry.place:
            yield Fault("one order", room, f"{first_who} saw {first}, {who} saw {entry}")
        place = placed.setdefault((room, epoch, entry.author, entry.nonce), (who, entry.seq))
        if place[1] != entry.seq:
            yield Fault("stored once", room, f"{place[0]} saw {entry.nonce} at {place[1]}, {who} saw {entry}")


def _judge_messages(history: History, said: Spoken) -> Iterator[Fault]:
    """What was acknowledged is there, as it was said; what is there was said."""
    for view in history.views:
        acked: dict[tuple[str, str], Acked] = {}
        answered: set[tuple[str, str]] = set()
        for record in view.records:
            if isinstance(record, Refused):
                answered.add((record.room, record.nonce))
            if isinstance(record, Acked):
                first = acked.setdefault((record.room, record.nonce), record)
                if first != record:
                    yield Fault("stored once", view.name, f"{first}, then {record}")
        yield from _judge_acks(history, view, list(acked.values()), said)
        for room, author, nonce in said:
            if author == view.author and (room, nonce) not in acked.keys() | answered:
                yield Fault("answered", view.name, f"{nonce} in {room} never was")
    edits = later_words(said)
    for who, room, _, entry in _sightings(history):
        if not judge_words(entry, room, said, edits):
            yield Fault("nothing invented", room, f"{who} saw {entry}")


def _judge_acks(history: History, view: View, acked: list[Acked], said: Spoken) -> Iterator[Fault]:
    for name, found in (
        ("the log", {room: log.entries for room, log in history.logs.items()}),
        ("SQL", history.rows),
    ):
        kept = {
            (room, entry.nonce): entry
            for room, entries in found.items()
            for entry in entries
            if entry.author == view.author
        }
        for ack in acked:
            words = said.get((ack.room, view.author, ack.nonce))
            entry = kept.get((ack.room, ack.nonce))
            if entry is None and words is not None and words.kind != "message":
                continue  # nothing was left to do, or the log does not show it; how things stand is judged
            if entry is None:
                yield Fault("acknowledged is kept", view.name, f"{ack} is not in {name}")
            elif (entry.seq, entry.id) != (ack.seq, ack.id):
                yield Fault("acknowledged is kept", view.name, f"{ack}, and {name} has {entry}")


def _judge_ends(history: History) -> Iterator[Fault]:
    """What is read at the end has no hole and is what SQL has."""
    for room, log in history.logs.items():
        rows = list(history.rows.get(room, ()))
        seqs = [row.seq for row in rows]
        if seqs != list(range(1, len(seqs) + 1)):
            yield Fault("no hole", room, f"SQL is {seqs}")
        if rows and rows[-1].seq != log.end:
            yield Fault("SQL is the log", room, f"the log ends at {log.end}, SQL at {rows[-1].seq}")
        said = [(entry.place, entry.body) for entry in log.entries]
        kept = [(row.place, row.body) for row in rows if row.kind == "message"]
        if said != kept:
            pairs = zip(said, kept, strict=False)
            wrong = next((pair for pair in pairs if pair[0] != pair[1]), (len(said), len(kept)))
            yield Fault("SQL is the log", room, f"the log has {wrong[0]}, SQL {wrong[1]}")


def _brief(joined: Joined) -> str:
    seqs = [entry.seq for entry in joined.shown]
    shown = f"{seqs[0]} to {seqs[-1]}" if seqs else "nothing"
    return f"joined {joined.epoch} {joined.seq} recovered={joined.recovered} showing {shown}"
