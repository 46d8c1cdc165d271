"""Who is in a room: on this node, on others, and that all nodes come to agree whatever was lost."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chat.events_people import Member, Presence
from chat.fields import Author
from chat.gossip import AnyFrame, Ask, News, Person, Pulse, Roll, decode_frame, encode_frame, is_frame
from chat.limits import ChatLimits
from chat.roster import Roster

ANN, BOB, EVE = Author("1", "ann"), Author("2", "Bob"), Author("3", "eve")
LIMITS = ChatLimits(roster_people=3, roster_expiry_s=18, presence_names=2)


def here(*authors: Author, node: str = "n") -> Roster:
    roster = Roster("lobby", node, 100, LIMITS)
    for author in authors:
        roster.enter(author)
    roster.take_presence()
    roster.take_frame()
    return roster


def person(author: Author, *, away: bool = False) -> Person:
    return Person(author.id, author.name, away)


def names(roster: Roster) -> list[str]:
    return [member.name for member in roster.members()]


def test_frames_survive_the_way_and_are_no_events() -> None:
    frames: list[AnyFrame] = [
        Roll("n", 5, 1, [person(ANN, away=True)]),
        Roll("n", 5, 4, None),
        News("n", 6, [person(BOB)], ["1"]),
        Pulse("n", 6, 1),
        Ask("n", None),
        Ask("n", "m"),
    ]
    for frame in frames:
        payload = encode_frame(frame)
        assert is_frame(payload)
        assert decode_frame(payload) == frame
    assert not is_frame(b'{"type":"typing"}')
    assert decode_frame(b'["rumour","n"]') is None


def test_who_comes_in_again_under_another_name_has_that_one() -> None:
    roster = here(ANN)
    roster.enter(Author(ANN.id, "Anna"))
    assert names(roster) == ["Anna"]


def test_what_others_are_told() -> None:
    roster = Roster("lobby", "n", 100, LIMITS)
    assert roster.take_frame() == Roll("n", 100, 0, []), "the first time, everything"
    roster.enter(ANN)
    roster.enter(ANN)
    assert roster.take_frame() == News("n", 101, [person(ANN)], [])
    assert roster.take_frame() is None
    roster.enter(ANN)
    roster.leave("1", away=False)
    assert roster.take_frame() is None, "for others, nothing has changed"
    roster.turn("1", away=True)
    assert roster.take_frame() is None
    roster.turn("1", away=True)
    roster.enter(BOB)
    assert roster.take_frame() == News("n", 102, [person(ANN, away=True), person(BOB)], [])
    assert roster.pulse() == Pulse("n", 102, 2)
    roster.leave("1", away=True)
    roster.leave("1", away=True)
    assert roster.take_frame() == News("n", 103, [], ["1"])
    roster.leave("2", away=False)
    assert roster.take_frame() == Roll("n", 104, 0, []), "shorter than whom it lacks"
    assert roster.farewell() == Roll("n", 105, 0, [])


def test_where_there_are_many_only_a_number_is_told() -> None:
    roster = here(ANN, BOB, EVE)
    fay = Author("4", "fay")
    roster.enter(fay)
    assert roster.take_frame() == Roll("n", 102, 4, None)
    assert roster.members() == ()
    assert roster.take_presence() == Presence("lobby", 4, [], [])
    roster.leave("4", away=False)
    frame = roster.take_frame()
    assert isinstance(frame, Roll)
    assert frame.people is not None
    assert len(frame.people) == 3, "and then names again"
    assert roster.take_presence() == Presence("lobby", 3, [], [fay])


def test_people_of_other_nodes_count_and_are_named() -> None:
    roster = here(BOB)
    roster.receive(Roll("m", 7, 2, [person(ANN), person(BOB, away=True)]), 0)
    assert roster.take_presence() == Presence("lobby", 2, [ANN], [])
    assert roster.members() == [Member("1", "ann", "online"), Member("2", "Bob", "online")]
    roster.turn("2", away=True)
    assert roster.take_presence() == Presence("lobby", 2, [], [], [BOB])
    assert roster.members() == [Member("1", "ann", "online"), Member("2", "Bob", "away")]
    roster.receive(News("m", 8, [person(BOB), person(EVE, away=True)], ["1", "9"]), 0)
    assert roster.take_presence() == Presence("lobby", 2, [EVE], [ANN], [EVE], [BOB])
    roster.receive(News("m", 9, [person(BOB)], ["3"]), 0)
    roster.leave("2", away=True)
    assert roster.take_presence() == Presence("lobby", 1, [], [EVE])
    roster.enter(BOB)
    roster.receive(Roll("m", 10, 0, []), 0)
    assert roster.take_presence() is None
    assert names(roster) == ["Bob"]


def test_who_is_on_two_other_nodes_counts_once_and_leaves_once() -> None:
    roster = here(BOB)
    roster.receive(Roll("m", 7, 1, [person(ANN)]), 0)
    roster.receive(Roll("o", 7, 1, [person(ANN, away=True)]), 0)
    assert roster.take_presence() == Presence("lobby", 2, [ANN], [])
    roster.forget("m")
    assert roster.take_presence() == Presence("lobby", 2, [], [], [ANN])
    roster.forget("o")
    assert roster.take_presence() == Presence("lobby", 1, [], [ANN])


def test_a_big_node_tells_a_number() -> None:
    roster = here(ANN)
    roster.receive(Roll("m", 7, 1, [person(BOB)]), 0)
    roster.receive(Roll("m", 8, 40, None), 0)
    assert roster.take_presence() == Presence("lobby", 41, [], [])
    assert roster.big
    assert roster.receive(News("m", 9, [person(EVE)], []), 0) == Ask("n", "m"), "names make no sense now"
    assert roster.receive(Roll("m", 9, 2, [person(ANN), person(BOB)]), 0) is None
    assert len(roster) == 2


def test_who_missed_something_asks_and_not_too_often() -> None:
    roster = here()
    assert roster.receive(News("m", 5, [person(ANN)], []), 10) == Ask("n", "m")
    assert roster.receive(News("m", 6, [person(BOB)], []), 11) is None
    assert roster.receive(Pulse("m", 6, 2), 13) == Ask("n", "m")
    assert roster.receive(Roll("m", 6, 2, [person(ANN), person(BOB)]), 13) is None
    assert roster.receive(Pulse("m", 6, 2), 13) is None
    assert roster.receive(Pulse("m", 8, 2), 13) is None
    assert roster.receive(Pulse("m", 8, 2), 15) == Ask("n", "m")
    assert names(roster) == ["ann", "Bob"]
    roster.receive(Pulse("m", 9, 0), 15)
    assert len(roster) == 0, "nobody: that needs no asking"


def test_who_is_asked_answers_once_for_all() -> None:
    roster = here(ANN)
    assert not roster.moved
    for frame in (Ask("m", None), Ask("o", "n"), Ask("n", None), Ask("m", "o")):
        assert roster.receive(frame, 0) is None
    assert roster.moved
    assert roster.take_frame() == Roll("n", 101, 1, [person(ANN)])
    assert roster.take_frame() is None
    empty = here()
    empty.receive(Ask("m", None), 0)
    assert empty.take_frame() is None
    empty.receive(Ask("m", "n"), 0)
    assert empty.take_frame() == Roll("n", 100, 0, [])


def test_a_node_that_falls_silent_is_forgotten() -> None:
    roster = here(ANN)
    roster.receive(Roll("m", 7, 1, [person(BOB)]), 0)
    roster.receive(Roll("o", 7, 1, [person(EVE)]), 0)
    roster.receive(Pulse("m", 7, 1), 10)
    roster.expire(18.5)
    assert names(roster) == ["ann", "Bob"]
    roster.forget("m")
    roster.forget("m")
    assert roster.take_presence() is None, "both came and went"
    assert names(roster) == ["ann"]


@dataclass
class Node:
    """A node as the world sees it: who is really there, and what it believes."""

    roster: Roster
    connections: list[tuple[str, bool]] = field(default_factory=list)  # id, away


class Converging(RuleBasedStateMachine):
    """Nodes come and go, people too, and any frame may be lost on its way to any node."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.nodes: list[Node] = []
        self.born = 0
        self.lossy = True
        self.open_node()

    def carry(self, frame: AnyFrame | None, lost: int = 0) -> None:
        """Bring a frame to every node but those whose bit is set in `lost`; and what they answer."""
        if frame is None:
            return
        for place, node in enumerate(self.nodes):
            if not lost >> place & 1:
                self.carry(node.roster.receive(frame, self.now_s), lost)

    @precondition(lambda self: len(self.nodes) < 4)
    @rule()
    def open_node(self) -> None:
        self.born += 1
        self.nodes.append(Node(Roster("lobby", f"n{self.born}", self.born * 1000, LIMITS)))

    @precondition(lambda self: len(self.nodes) > 1)
    @rule(which=st.integers(0, 3))
    def kill_node(self, which: int) -> None:
        del self.nodes[which % len(self.nodes)]

    @rule(which=st.integers(0, 3), who=st.integers(1, 5))
    def enter(self, which: int, who: int) -> None:
        node = self.nodes[which % len(self.nodes)]
        node.connections.append((str(who), False))
        node.roster.enter(Author(str(who), f"p{who}"))

    @rule(which=st.integers(0, 3), what=st.integers(0, 9))
    def leave(self, which: int, what: int) -> None:
        node = self.nodes[which % len(self.nodes)]
        if node.connections:
            id, away = node.connections.pop(what % len(node.connections))
            node.roster.leave(id, away=away)

    @rule(which=st.integers(0, 3), what=st.integers(0, 9))
    def turn(self, which: int, what: int) -> None:
        node = self.nodes[which % len(self.nodes)]
        if node.connections:
            id, away = node.connections.pop(what % len(node.connections))
            node.connections.append((id, not away))
            node.roster.turn(id, away=not away)

    @rule(which=st.integers(0, 3), lost=st.integers(0, 15), passed_s=st.floats(0, 3))
    def tell(self, which: int, lost: int, passed_s: float) -> None:
        self.now_s += passed_s
        roster = self.nodes[which % len(self.nodes)].roster
        self.carry(roster.take_frame(), lost)
        roster.take_presence()

    @rule(which=st.integers(0, 3), lost=st.integers(0, 15), passed_s=st.floats(0, 8))
    def pulse(self, which: int, lost: int, passed_s: float) -> None:
        self.now_s += passed_s
        self.carry(self.nodes[which % len(self.nodes)].roster.pulse(), lost)

    @rule()
    def all_agree_once_nothing_is_lost(self) -> None:
        for _ in range(4):
            self.now_s += 6
            for node in self.nodes:
                node.roster.expire(self.now_s)
                self.carry(node.roster.pulse())
            for node in self.nodes:
                self.carry(node.roster.take_frame())
        expected = self.truth()
        for node in self.nodes:
            assert len(node.roster) == expected
            if expected <= 3:
                states = {member.id: member.state for member in node.roster.members()}
                assert states == self.states()

    def truth(self) -> int:
        ids = [{id for id, _ in node.connections} for node in self.nodes]
        few = [each for each in ids if len(each) <= 3]
        return len(set().union(*few)) + sum(len(each) for each in ids if len(each) > 3)

    def states(self) -> dict[str, str]:
        every = [connection for node in self.nodes for connection in node.connections]
        online = {id for id, away in every if not away}
        return {id: "online" if id in online else "away" for id, _ in every}

    @invariant()
    def what_is_here_is_always_right(self) -> None:
        for node in self.nodes:
            assert node.roster.pulse().count == len({id for id, _ in node.connections})
            assert len(node.roster) >= node.roster.pulse().count


TestConverging = Converging.TestCase
TestConverging.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
