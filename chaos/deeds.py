"""Judges what was done to messages: that all agree in the end, and that it is what was asked for."""

from collections.abc import Iterator, Mapping

from chaos.fault import Fault
from chaos.fold import Fold, stands
from chaos.history import Acked, Gap, History, Joined, Live, Refused, Said, Shown, View
from chaos.lines import trace

Spoken = Mapping[tuple[str, str, str], Said]  # by room, author, nonce


def spoken(history: History) -> dict[tuple[str, str, str], Said]:
    """Everything that anybody said."""
    return {
        (record.room, view.author, record.nonce): record
        for view in history.views
        for record in view.records
        if isinstance(record, Said)
    }


def judge_ends(history: History) -> Iterator[Fault]:
    """Whoever was in a room without a hole knows its messages as they stand there."""
    for view in history.views:
        for room, log in history.logs.items():
            known = _fold(view, room).messages
            for entry in log.entries:
                if entry.id in known and known[entry.id].shown() != stands(entry):
                    seen = known[entry.id].shown()
                    yield Fault("all agree", f"{view.name} in {room}", f"has {seen}, the log {entry}")


def _fold(view: View, room: str) -> Fold:
    """What a client knows at the end of the messages that it has seen since its last gap."""
    fold, gap = Fold(), False
    for record in view.records:
        if record.room != room:
            continue
        if isinstance(record, Gap):
            gap = True
        elif isinstance(record, Joined):
            if gap or not record.recovered:
                fold = Fold()
            fold.show(record.shown)
            gap = False
        elif isinstance(record, Live):
            fold.show([record.entry])
    return fold


def judge_wishes(history: History, said: Spoken) -> Iterator[Fault]:
    """In the end messages stand as their authors, and those who reacted, were told that they do."""
    for room, log in history.logs.items():
        fold = Fold()
        for view in history.views:
            fold.show(_acknowledged(view, room, said, "message"))
        for view in history.views:
            fold.show(_acknowledged(view, room, said, "edited", "reacted", "unreacted"))
        for view in history.views:
            fold.show(_acknowledged(view, room, said, "deleted"))
        for entry in log.entries:
            wish = fold.messages.get(entry.id)
            if wish is not None and wish.shown() != stands(entry):
                yield Fault("as acknowledged", room, f"{entry} should be {wish.shown()}")


def _acknowledged(view: View, room: str, said: Spoken, *kinds: str) -> Iterator[Shown]:
    """What a client was told is done, in that order: of what it does to one message, one thing at a time."""
    done: set[str] = set()
    for record in view.records:
        if isinstance(record, Acked) and record.room == room and record.nonce not in done:
            done.add(record.nonce)
            words = said.get((room, view.author, record.nonce))
            if words is not None and words.kind in kinds:
                id = words.id or record.id
                yield Shown(record.seq, id, record.nonce, view.author, words.body, words.kind, words.emoji)


def judge_refusals(history: History, said: Spoken) -> Iterator[Fault]:
    """Only what is done to a message that somebody has deleted is refused."""
    gone = {(words.room, words.id) for words in said.values() if words.kind == "deleted"}
    for view in history.views:
        for record in view.records:
            if isinstance(record, Refused):
                words = said.get((record.room, view.author, record.nonce))
                deleted = words is not None and (words.room, words.id) in gone
                if record.code != "message_deleted" or not deleted:
                    yield Fault("refused for a reason", view.name, f"{record} of {words}")


def judge_lines(history: History, said: Spoken) -> Iterator[Fault]:
    """A line was carried out once if that was answered, and never more often."""
    for view in history.views:
        done = {(record.room, record.nonce) for record in view.records if isinstance(record, Acked)}
        for (room, author, nonce), words in said.items():
            if author == view.author and words.kind == "line":
                times = list(history.audit.get(room, ())).count(trace(words.body))
                if times != 1 and ((room, nonce) in done or times):
                    yield Fault("carried out once", view.name, f"{words} was, {times} times")


def judge_words(entry: Shown, room: str, said: Spoken, edits: Mapping[tuple[str, str], set[str]]) -> bool:
    """Whether an entry is what its author said, or what became of that.

    Args:
        edits: what the words of a message may have become, by room and id; "" when it was to be deleted.
    """
    words = said.get((room, entry.author, entry.nonce))
    if words is None or (words.kind, words.emoji) != (entry.kind, entry.emoji):
        return False
    if words.id and words.id != entry.id:
        return False
    later = edits.get((room, entry.id), set())
    may = {words.body, *(later if entry.kind == "message" else later & {""})}
    return entry.body in may


def later_words(said: Spoken) -> dict[tuple[str, str], set[str]]:
    """What the words of messages may have become, by room and id."""
    found: dict[tuple[str, str], set[str]] = {}
    for words in said.values():
        if words.kind in ("edited", "deleted"):
            found.setdefault((words.room, words.id), set()).add(words.body)
    return found
