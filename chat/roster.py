"""Who is in a room: the people of this node, and of the others as far as they have told.

One person counts once, however many connections and nodes they are on. Only in a room that is too big for
names, where nodes tell numbers, a person on two nodes counts twice.
"""

from collections.abc import Iterable, Sequence

from chat.events_people import Member, Presence
from chat.fields import Author
from chat.gossip import AnyFrame, Ask, News, Person, Pulse, Roll
from chat.limits import ChatLimits

_ASK_AGAIN_S = 2.0


class _Present:
    """Somebody on this node."""

    __slots__ = ("author", "away", "connections")

    def __init__(self, author: Author) -> None:
        self.author = author
        self.connections = 0
        self.away = 0  # of these


class _Node:
    """Another node. `version` is None until it has told everything, and when a part of it was missed."""

    __slots__ = ("asked_s", "count", "heard_s", "people", "version")

    def __init__(self, now_s: float) -> None:
        self.version: int | None = None
        self.people: dict[str, Person] = {}
        self.count = 0  # of people who are not named
        self.heard_s = now_s
        self.asked_s = -_ASK_AGAIN_S


class Roster:
    """The people of one room. All times are monotonic seconds.

    Bounds: the connections of this node; `roster_people` of every other node, and a number for the rest; the
    counts that were shown since the last presence.
    """

    __slots__ = (
        "_afar",
        "_both",
        "_dirty",
        "_here",
        "_limits",
        "_named",
        "_nodes",
        "_owes_roll",
        "_told",
        "_version",
        "_was",
        "node",
        "room",
    )

    def __init__(self, room: str, node: str, version: int, limits: ChatLimits) -> None:
        """
        Args:
            node: the name of this one, new at each start.
            version: greater than all that this node has told of the room before; milliseconds will do.
        """
        self.room = room
        self.node = node
        self._version = version
        self._limits = limits
        self._here: dict[str, _Present] = {}
        self._nodes: dict[str, _Node] = {}
        self._afar: dict[str, int] = {}  # id -> nodes that name them
        self._both = 0  # ids that are here and afar
        self._was: dict[str, tuple[bool | None, Author]] = {}  # whether away, at the last presence; None: out
        self._told = {0}  # the counts that members were shown, then and since
        self._dirty: dict[str, None] = {}  # of those here, what others must be told of
        self._owes_roll = True
        self._named = True  # others know the names of those here

    def __len__(self) -> int:
        """People in the room, on all nodes."""
        unnamed = sum(node.count for node in self._nodes.values())
        twice = 0 if len(self._here) > self._limits.roster_people else self._both
        return len(self._here) + len(self._afar) - twice + unnamed

    @property
    def big(self) -> bool:
        """Too many to be named."""
        return len(self) > self._limits.roster_people

    @property
    def moved(self) -> bool:
        """Members are owed a `Presence`, or nodes a frame."""
        return bool(self._was or self._dirty or self._owes_roll) or self._told != {len(self)}

    # --- this node

    def enter(self, author: Author) -> None:
        """A connection of somebody came in, and is not away."""
        self._note(author)
        present = self._here.get(author.id)
        if present is None:
            present = self._here[author.id] = _Present(author)
            self._both += author.id in self._afar
        elif present.author == author and present.away < present.connections:
            present.connections += 1
            return
        present.author = author
        present.connections += 1
        self._dirty[author.id] = None

    def leave(self, id: str, *, away: bool) -> None:
        """A connection of somebody is gone. `away`: it was."""
        present = self._here[id]
        self._note(present.author)
        was_away = present.away == present.connections
        present.connections -= 1
        present.away -= away
        if not present.connections:
            del self._here[id]
            self._both -= id in self._afar
        elif was_away == (present.away == present.connections):
            return
        self._dirty[id] = None

    def turn(self, id: str, *, away: bool) -> None:
        """A connection of somebody went away, or came back."""
        present = self._here[id]
        self._note(present.author)
        before = present.away == present.connections
        present.away += 1 if away else -1
        if before != (present.away == present.connections):
            self._dirty[id] = None

    # --- members

    def take_presence(self) -> Presence | None:
        """What has changed since the last call, net; None when it comes to nothing."""
        was, self._was = self._was, {}
        joined: list[Author] = []
        left: list[Author] = []
        away: list[Author] = []
        back: list[Author] = []
        for id, (before, author) in was.items():
            now = self._away(id)
            if before is None and now is not None:
                joined.append(author)
            elif now is None and before is not None:
                left.append(author)
            if now and not before:
                away.append(author)
            elif before and now is False:
                back.append(author)
        count, told = len(self), self._told
        self._told = {count}
        if not (joined or left or away or back) and told == {count}:
            return None
        names = 0 if self.big else self._limits.presence_names
        return Presence(self.room, count, joined[:names], left[:names], away[:names], back[:names])

    def show_count(self, id: str) -> int:
        """How many there are, to be shown to one of them: the next presence tells if it is not so then."""
        if id not in self._was or self._was[id][0] is not None:  # else the next one tells of themselves
            self._told.add(len(self))
        return len(self)

    def members(self) -> Sequence[Member]:
        """Everybody, those who are not away first, by name; nobody, when they are too many."""
        if self.big:
            return ()
        names = self.names()
        people = sorted((bool(self._away(id)), name.casefold(), id, name) for id, name in names.items())
        return [Member(id, name, "away" if away else "online") for away, _, id, name in people]

    def names(self) -> dict[str, str]:
        """The names of the people who are known by name, by id."""
        names = {id: present.author.name for id, present in self._here.items()}
        for node in self._nodes.values():
            for person in node.people.values():
                names.setdefault(person.id, person.name)
        return names

    # --- other nodes

    def take_frame(self) -> Roll | News | None:
        """What other nodes must be told since the last call."""
        dirty, self._dirty = self._dirty, {}
        owed, self._owes_roll = self._owes_roll, False
        were_named, self._named = self._named, len(self._here) <= self._limits.roster_people
        if dirty:
            self._version += 1
        elif not owed:
            return None
        came = [id for id in dirty if id in self._here]
        went = [id for id in dirty if id not in self._here]
        if owed or not (self._named and were_named) or len(went) > len(self._here):
            people = self._persons(self._here) if self._named else None
            return Roll(self.node, self._version, len(self._here), people)
        return News(self.node, self._version, self._persons(came), went)

    def pulse(self) -> Pulse:
        return Pulse(self.node, self._version, len(self._here))

    def farewell(self) -> Roll:
        """What others are told when this node lets go of the room."""
        return Roll(self.node, self._version + 1, 0, [])

    def receive(self, frame: AnyFrame, now_s: float) -> Ask | None:
        """Take a frame of the room; maybe another node must be asked."""
        if frame.node == self.node:
            return None
        if isinstance(frame, Ask):
            # Who has nobody to name has nothing to tell, unless it is asked by name.
            self._owes_roll |= frame.of == self.node or (frame.of is None and bool(self._here))
            return None
        node = self._nodes.get(frame.node)
        if node is None:
            node = self._nodes[frame.node] = _Node(now_s)
        node.heard_s = now_s
        if isinstance(frame, Roll):
            self._load(node, frame.people or [], 0 if frame.people is not None else frame.count)
        elif isinstance(frame, News) and node.version == frame.version - 1 and not node.count:
            self._change(node, frame.came, frame.went)
        elif isinstance(frame, Pulse) and not frame.count:
            self._load(node, [], 0)
        elif isinstance(frame, News) or node.version != frame.version:
            node.version = None
            if now_s - node.asked_s < _ASK_AGAIN_S:
                return None
            node.asked_s = now_s
            return Ask(self.node, frame.node)
        node.version = frame.version
        return None

    def expire(self, now_s: float) -> None:
        """Forget nodes that have not been heard of for `roster_expiry_s`."""
        for name, node in list(self._nodes.items()):
            if now_s - node.heard_s > self._limits.roster_expiry_s:
                self.forget(name)

    def forget(self, node: str) -> None:
        """A node is gone, and its people with it."""
        known = self._nodes.get(node)
        if known is not None:
            self._load(known, [], 0)
            del self._nodes[node]

    # --- inside

    def _persons(self, ids: Iterable[str]) -> list[Person]:
        here = ((id, self._here[id]) for id in ids)
        return [Person(id, present.author.name, present.away == present.connections) for id, present in here]

    def _load(self, node: _Node, people: Iterable[Person], count: int) -> None:
        """What a node has is this, whatever it was."""
        named = {person.id for person in people}
        self._change(node, people, [id for id in node.people if id not in named])
        node.count = count

    def _change(self, node: _Node, came: Iterable[Person], went: Iterable[str]) -> None:
        for id in went:
            person = node.people.get(id)
            if person is None:
                continue
            self._note(Author(id, person.name))
            del node.people[id]
            self._afar[id] -= 1
            if not self._afar[id]:
                del self._afar[id]
                self._both -= id in self._here
        for person in came:
            if node.people.get(person.id) == person:
                continue
            self._note(Author(person.id, person.name))
            if person.id not in node.people:
                self._afar[person.id] = self._afar.get(person.id, 0) + 1
                self._both += self._afar[person.id] == 1 and person.id in self._here
            node.people[person.id] = person

    def _away(self, id: str) -> bool | None:
        """Whether somebody is away, wherever they are; None when they are not in the room."""
        present = self._here.get(id)
        if present is None and id not in self._afar:
            return None
        if present is not None and present.away < present.connections:
            return False
        return id not in self._afar or not any(
            not node.people[id].away for node in self._nodes.values() if id in node.people
        )

    def _note(self, author: Author) -> None:
        """Somebody is about to change."""
        if author.id not in self._was:
            self._was[author.id] = (self._away(author.id), author)
