"""One connection: every transition, and the rates."""

import msgspec
import pytest

from chat.broker import Position
from chat.commands import COMMANDS, AnyCommand, Command, Hello, Join, Leave, Ping, Send, Unwatch, Watch
from chat.commands_people import Away, Back, Direct
from chat.decoding import Malformed
from chat.effects import Authenticate, Carry, Enter, Exit, Follow, Meet, Reply, TellTime, Turn, Unfollow
from chat.errors import ErrorCode
from chat.events import Error, Left, Unwatched, Watching, Welcome
from chat.events_people import Standing
from chat.fields import Author
from chat.limits import ChatLimits
from chat.session import Rules, Session, State

ANN = Author("1", "ann")
LIMITS = ChatLimits(
    messages_per_s=10,
    messages_burst=2,
    commands_per_s=10,
    commands_burst=20,
    max_rooms_per_connection=2,
    max_tracks_per_connection=2,
)


def greeted() -> Session:
    session = Session(Rules(LIMITS))
    session.receive(Hello("ann"), 0.0)
    session.authenticated(ANN, "t", 5)
    return session


def in_room(name: str = "lobby") -> Session:
    session = greeted()
    session.receive(Join(name), 0.0)
    session.entered(name)
    return session


def error(effects: object, code: ErrorCode) -> Error:
    assert isinstance(effects, tuple)
    (reply,) = effects
    assert isinstance(reply, Reply)
    assert isinstance(reply.event, Error)
    assert reply.event.code == code.value
    return reply.event


@pytest.mark.parametrize("kind", COMMANDS.values())
def test_before_hello_every_command_is_refused(kind: type[Command]) -> None:
    session = Session(Rules(LIMITS))
    said = session.receive(made(kind), 0.0)
    if kind is Hello:
        assert said == (Authenticate("ann", None),)
    else:
        error(said, ErrorCode.HELLO_FIRST)


@pytest.mark.parametrize("kind", COMMANDS.values())
def test_once_open_every_command_has_an_effect(kind: type[Command]) -> None:
    assert in_room().receive(made(kind), 0.0)


def made(kind: type[Command]) -> AnyCommand:
    """A command of a kind, about the lobby."""
    fields: dict[str, object] = {
        "name": "ann",
        "room": "lobby",
        "nonce": "n",
        "body": "hi",
        "id": "m",
        "emoji": "heart",
        "to": "2",
        "key": "k",
        "session": "0123456789abcdef",
    }
    fields |= {"query": "hi", "track": "t"} if kind in (Watch, Unwatch) else {"query": "hi"}
    fields |= {"seq": 1} if kind is not Join else {}
    command: AnyCommand = msgspec.convert({"type": kind.__name__.lower(), **fields}, AnyCommand)
    return command


def test_hello_is_answered_when_it_is_known_who_it_is() -> None:
    session = Session(Rules(LIMITS))
    assert session.receive(Hello("ann", "t"), 0.0) == (Authenticate("ann", "t"),)
    assert session.state is State.GREETING
    assert session.authenticated(ANN, "t2", 5) == (Reply(Welcome("1", "ann", 5, "t2")),)
    assert session.state is State.OPEN
    assert session.author == ANN


def test_a_refused_token_leaves_room_for_another_hello() -> None:
    session = Session(Rules(LIMITS))
    session.receive(Hello("ann", "t"), 0.0)
    assert session.refused("expired") == (Reply(Error("token_refused", "expired")),)
    assert session.receive(Hello("ann"), 0.0) == (Authenticate("ann", None),)


@pytest.mark.parametrize(
    "command",
    [Join("r"), Send("r", "n", "x"), Leave("r"), Ping(), Watch(None), Unwatch(None)],
    ids=lambda command: type(command).__name__,
)
def test_nothing_goes_before_hello(command: Join | Send | Leave | Ping | Watch | Unwatch) -> None:
    said = error(Session(Rules(LIMITS)).receive(command, 0.0), ErrorCode.HELLO_FIRST)
    name = type(command).__name__.lower()
    assert said.message == f"{name} came before hello was answered by welcome"
    assert said.nonce == getattr(command, "nonce", None)
    assert said.room == getattr(command, "room", None)


def test_a_second_hello_is_an_error() -> None:
    error(greeted().receive(Hello("eve"), 0.0), ErrorCode.ALREADY_GREETED)


def test_joining_takes_until_the_room_is_entered() -> None:
    session = greeted()
    assert session.receive(Join("lobby", "e", 7), 0.0) == (Enter("lobby", Position("e", 7)),)
    assert session.state is State.ENTERING
    assert session.rooms == frozenset()
    session.entered("lobby")
    assert session.state is State.OPEN
    assert session.rooms == {"lobby"}
    assert session.receive(Join("lobby"), 0.0) == (Enter("lobby", None),)


def test_a_join_brings_along_what_opens_the_room() -> None:
    session = greeted()
    assert session.receive(Join("lobby", password="p", invite="i"), 0.0) == (Enter("lobby", None, "p", "i"),)
    assert session.entering == "lobby"
    session.entered("lobby")
    assert session.entering is None


def test_a_room_that_can_not_be_entered_is_not_joined() -> None:
    session = greeted()
    session.receive(Join("lobby"), 0.0)
    away = session.turned_away("lobby", ErrorCode.UNAVAILABLE, "not now", 700)
    assert away == (Reply(Error("unavailable", "not now", room="lobby", retry_ms=700)),)
    assert session.state is State.OPEN
    error(session.receive(Send("lobby", "n", "x"), 0.0), ErrorCode.NOT_JOINED)


def test_other_rooms_do_not_end_the_entering_of_one() -> None:
    session = in_room("a")
    session.receive(Join("b"), 0.0)
    session.entered("a")
    assert session.state is State.ENTERING
    session.turned_away("a", ErrorCode.UNAVAILABLE, "no")
    assert session.state is State.ENTERING
    assert session.rooms == frozenset()
    session.entered("b")
    assert session.rooms == {"b"}


def test_so_many_rooms_and_no_more() -> None:
    session = in_room("a")
    session.receive(Join("b"), 0.0)
    session.entered("b")
    said = error(session.receive(Join("c"), 0.0), ErrorCode.TOO_MANY_ROOMS)
    assert (said.message, said.room) == ("this connection is in 2 rooms, and may be in 2", "c")
    assert session.receive(Join("a"), 0.0) == (Enter("a", None),), "one that it is in may be joined again"


def test_sending_and_leaving() -> None:
    session = in_room()
    assert session.receive(Send("lobby", "n", "hi"), 0.0) == (Carry(Send("lobby", "n", "hi")),)
    assert session.receive(Leave("lobby"), 0.0) == (Exit("lobby"), Reply(Left("lobby")))
    said = error(session.receive(Leave("lobby"), 0.0), ErrorCode.NOT_JOINED)
    assert said.message == "room lobby was not joined on this connection"
    said = error(session.receive(Send("lobby", "n", "hi"), 0.0), ErrorCode.NOT_JOINED)
    assert (said.nonce, said.room) == ("n", "lobby")


def test_ping_asks_for_the_time() -> None:
    assert greeted().receive(Ping(), 0.0) == (TellTime(),)


def test_watching_tracks() -> None:
    session = greeted()
    assert session.receive(Watch("t"), 0.0) == (Follow("t"), Reply(Watching("t")))
    assert session.receive(Watch(None), 0.0) == (Follow(None), Reply(Watching(None)))
    error(session.receive(Watch("u"), 0.0), ErrorCode.TOO_MANY_TRACKS)
    assert session.receive(Watch("t"), 0.0) == (Follow("t"), Reply(Watching("t")))
    assert session.receive(Unwatch("t"), 0.0) == (Unfollow("t"), Reply(Unwatched("t")))
    assert session.tracks == {None}


def test_malformed_frames_are_answered_with_what_is_wrong() -> None:
    reply = Error("malformed", "not JSON")
    assert greeted().receive(Malformed(reply), 0.0) == (Reply(reply),)
    assert Session(Rules(LIMITS)).receive(Malformed(reply), 0.0) == (Reply(reply),)


def test_messages_have_a_rate_and_say_when_to_come_back() -> None:
    session = in_room()
    for _ in range(2):
        assert session.receive(Send("lobby", "n", "x"), 1.0) == (Carry(Send("lobby", "n", "x")),)
    said = error(session.receive(Send("lobby", "n3", "x"), 1.0), ErrorCode.RATE_LIMITED)
    assert (said.nonce, said.room, said.retry_ms) == ("n3", "lobby", 100)
    assert said.message == "more than 10 messages a second; try again in 100 ms"
    assert session.receive(Ping(), 1.0) == (TellTime(),), "other commands have a rate of their own"
    assert session.receive(Send("lobby", "n3", "x"), 1.1) == (Carry(Send("lobby", "n3", "x")),)


def test_every_other_frame_counts_too() -> None:
    session = Session(Rules(LIMITS))
    broken = Malformed(Error("malformed", "not JSON", nonce="n"))
    for _ in range(20):
        session.receive(broken, 1.0)
    said = error(session.receive(broken, 1.0), ErrorCode.RATE_LIMITED)
    assert (said.nonce, said.retry_ms) == ("n", 100)
    assert said.message == "more than 10 commands a second; try again in 100 ms"


def test_closing_leaves_everything_and_hears_nothing() -> None:
    session = in_room()
    session.receive(Watch("t"), 0.0)
    session.receive(Join("other"), 0.0)
    assert sorted(session.close(), key=repr) == [Exit("lobby"), Exit("other"), Unfollow("t")]
    assert session.close() == ()
    assert session.receive(Ping(), 0.0) == ()
    session.entered("other")
    assert session.rooms == frozenset()


AWAY, ONLINE = (Turn(True), Reply(Standing("away"))), (Turn(False), Reply(Standing("online")))


def test_who_says_so_is_away_until_back_or_the_next_command() -> None:
    session = in_room()
    assert session.receive(Away(), 1.0) == AWAY
    assert session.receive(Ping(), 2.0) == (TellTime(),)
    assert session.away
    assert session.receive(Back(), 3.0) == ONLINE
    assert session.receive(Back(), 3.0) == ONLINE, "it is answered all the same"
    session.receive(Away(), 4.0)
    said = Send("lobby", "n", "hi")
    assert session.receive(said, 5.0) == (*ONLINE, Carry(said))
    assert session.receive(said, 5.0) == (Carry(said),)


def test_who_says_nothing_for_long_is_away() -> None:
    session = greeted()
    assert session.look(1e6) == (), "nobody sees it"
    session.receive(Join("lobby"), 100.0)
    assert session.look(1e6) == (), "not on the way in"
    session.entered("lobby")
    session.receive(Ping(), 500.0)
    assert session.look(699.0) == ()
    assert session.look(700.0) == AWAY
    assert session.look(701.0) == ()
    session.close()
    assert session.look(1e6) == ()


def test_a_direct_room_is_entered_when_it_is_known_which() -> None:
    session = in_room()
    assert session.receive(Direct("2"), 0.0) == (Meet("2"),)
    assert session.state is State.ENTERING
    assert session.met("direct:ab") == (Enter("direct:ab", None),)
    assert set(session.close()) == {Exit("lobby"), Exit("direct:ab")}


def test_who_can_not_be_met_is_not_waited_for() -> None:
    session = in_room()
    session.receive(Direct("2"), 0.0)
    error(session.unmet(ErrorCode.NO_SUCH_PERSON, "nobody has the id 2"), ErrorCode.NO_SUCH_PERSON)
    assert session.state is State.OPEN
    session.receive(Join("den"), 0.0)
    session.entered("den")
    session.receive(Direct("2"), 0.0)
    error(session.met("direct:ab"), ErrorCode.TOO_MANY_ROOMS)
    session.receive(Direct("2"), 0.0)
    assert set(session.close()) == {Exit("lobby"), Exit("den")}
