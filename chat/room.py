"""One room on one node: who is in it, what they are owed, and what they are told about each other."""

from collections.abc import Collection, Hashable, Sequence
from typing import Generic, TypeVar

from msgspec import Raw, Struct

from chat.broker import Entry, Page, Position
from chat.events import Event, Gap, Joined
from chat.fields import Author
from chat.limits import ChatLimits
from chat.pins import Pins
from chat.recovery import Fresh, Lost, Ready, Tail, Wait
from chat.roster import Roster

M = TypeVar("M", bound=Hashable)


class Full(Struct, frozen=True):
    """The room has as many members as it may have."""

    max_members: int


class Admitted(Struct, Generic[M], frozen=True):
    """`member` is in from now on, and is told `events` before anything else of this room."""

    member: M
    events: Sequence[Event]


class Advance(Struct, frozen=True):
    """What a delivery or a page led to.

    Attributes:
        entries: for every listener, before anybody is admitted.
        wait: the read that is needed to go on, or None.
    """

    entries: Sequence[Entry]
    wait: Wait | None


class Room(Generic[M]):
    """Members are connections; people are authors, and one of them may be here through several connections.

    Somebody becomes a member in the same step in which what they have missed is taken from the tail, so that
    nothing falls between history and live, and nothing is in both. Whoever can't be served from memory waits.
    """

    __slots__ = ("_astray", "_away", "_limits", "_waiting", "members", "name", "pins", "roster", "tail")

    def __init__(self, name: str, limits: ChatLimits, node: str = "", version: int = 0) -> None:
        """Args: `node` and `version` as for `Roster`."""
        self._limits = limits
        self._away: set[M] = set()  # members who are away
        self._waiting: dict[M, tuple[Author, Position | None]] = {}
        self._astray: set[M] = set()  # members who have lost touch, and wait
        self.name = name
        self.members: dict[M, Author] = {}
        self.roster = Roster(name, node, version, limits)
        self.tail = Tail(limits)
        self.pins = Pins()  # to be kept by whoever reads them

    @property
    def vacant(self) -> bool:
        return not self.members and not self._waiting

    @property
    def everyone(self) -> list[M]:
        """Members, and who waits to be one."""
        return [*self.members, *(waiting for waiting in self._waiting if waiting not in self.members)]

    @property
    def listeners(self) -> Collection[M]:
        """Members who are given what comes: not those who must be told of a gap first."""
        if not self._astray:
            return self.members
        return [member for member in self.members if member not in self._astray]

    def join(self, member: M, author: Author, since: Position | None) -> Admitted[M] | Wait | Full:
        """Let somebody in, now or when what `Wait` asks for was read. A member may join again."""
        if member not in self.members and member not in self._waiting:
            coming = sum(waiting not in self.members for waiting in self._waiting)
            if len(self.members) + coming >= self._limits.max_members_per_room:
                return Full(self._limits.max_members_per_room)
        verdict = self.tail.locate(since)
        if isinstance(verdict, Wait):
            self._waiting[member] = (author, since)
            return verdict
        return self._admit(member, author, verdict)

    def leave(self, member: M) -> None:
        """Forget somebody, whether in or waiting. Idempotent."""
        self._waiting.pop(member, None)
        self._astray.discard(member)
        author = self.members.pop(member, None)
        if author is not None:
            self.roster.leave(author.id, away=member in self._away)
            self._away.discard(member)

    def turn(self, member: M, *, away: bool) -> None:
        """A member is away now, or back. Idempotent; nothing for those who are not in."""
        if member in self.members and away != (member in self._away):
            self.roster.turn(self.members[member].id, away=away)
            (self._away.add if away else self._away.discard)(member)

    def receive(self, epoch: str, entries: Sequence[Entry]) -> Advance:
        """Take a delivery of the broker."""
        verdict = self.tail.receive(epoch, entries)
        if isinstance(verdict, Wait):
            return Advance((), verdict)
        return self._advance(verdict)

    def load(self, page: Page, after: int | None) -> Advance:
        """Take the page that a `Wait` asked for. `admit` comes next."""
        return self._advance(self.tail.load(page, after))

    def admit(self) -> tuple[Sequence[Admitted[M]], Wait | None]:
        """Let in those who waited and can be served now; and what must be read for the others."""
        admitted: list[Admitted[M]] = []
        wait: Wait | None = None
        for member, (author, since) in list(self._waiting.items()):
            verdict = self.tail.locate(since)
            if isinstance(verdict, Wait):
                wait = wait or verdict
            else:
                admitted.append(self._admit(member, author, verdict))
        return admitted, wait

    def give_up(self) -> Sequence[M]:
        """The log can't be read: everyone who waits for it is out, members among them."""
        waiting = list(self._waiting)
        for member in waiting:
            self.leave(member)
        return waiting

    def _advance(self, verdict: Fresh | Lost) -> Advance:
        if isinstance(verdict, Fresh):
            return Advance(verdict.entries, verdict.then)
        # Everyone has to come in again from where they were, and is told of the gap on the way. Whoever had
        # lost touch before, and waits since, was further back than the others.
        for member, author in self.members.items():
            if member not in self._astray:
                self._waiting[member] = (author, verdict.since)
        self._astray.update(self.members)
        found = self.tail.locate(verdict.since)
        return Advance((), found if isinstance(found, Wait) else None)

    def _admit(self, member: M, author: Author, ready: Ready) -> Admitted[M]:
        if member not in self.members:
            self.roster.enter(author)
            self.members[member] = author
        self._waiting.pop(member, None)
        self._astray.discard(member)
        gap = [Gap(self.name, *ready.gap)] if ready.gap else []
        shown = [Raw(entry.payload) for entry in ready.entries]
        tail = self.tail
        people, pins = self.roster.show_count(author.id), list(self.pins.frames())
        joined = Joined(self.name, tail.epoch, tail.seq, people, ready.recovered, shown, pins)
        return Admitted(member, [*gap, joined])
