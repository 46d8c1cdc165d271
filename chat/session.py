"""One connection, as a machine: commands in, effects out."""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from chat.broker import Position
from chat.commands import AnyCommand, Hello, Join, Leave, Ping, Unwatch, Watch
from chat.commands_log import Logged
from chat.commands_people import Away, Back, Direct
from chat.decoding import Malformed
from chat.effects import (
    Authenticate,
    Carry,
    Effect,
    Enter,
    Exit,
    Follow,
    Meet,
    Reply,
    TellTime,
    Turn,
    Unfollow,
)
from chat.errors import ErrorCode
from chat.events import Error, Left, Unwatched, Watching, Welcome
from chat.events_people import Standing
from chat.fields import Author
from chat.limits import ChatLimits, Rate


class State(Enum):
    """Where a connection is. Commands are received in `GREETING` and `OPEN`."""

    GREETING = auto()  # nothing but hello
    OPEN = auto()
    ENTERING = auto()  # a room is being opened; the shell holds further commands back
    CLOSED = auto()  # deaf


class Rules:
    """What is the same for every connection: the limits, with their rates worked out."""

    __slots__ = ("commands", "limits", "messages")

    def __init__(self, limits: ChatLimits) -> None:
        self.limits = limits
        self.messages = Rate(limits.messages_per_s, limits.messages_burst)
        self.commands = Rate(limits.commands_per_s, limits.commands_burst)


class Session:
    """The state of one connection. Small, because there are many and most are idle.

    Commands are carried out in order, each when the one before it is answered, so that a client may send
    `hello`, `join` and `send` in one go. Only the acknowledgement of a `send` comes later, when the message
    is stored.
    """

    __slots__ = (
        "_commands_full_at_s",
        "_entering",
        "_messages_full_at_s",
        "_rules",
        "active_at_s",
        "author",
        "away",
        "rooms",
        "state",
        "tracks",
    )

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._commands_full_at_s = 0.0
        self._messages_full_at_s = 0.0
        self._entering: str | None = None
        # Sets are made when they are needed, and shared while they are empty.
        self.rooms: frozenset[str] = frozenset()
        self.tracks: frozenset[str | None] = frozenset()
        self.author: Author | None = None
        self.active_at_s = 0.0
        self.away = False
        self.state = State.GREETING

    def receive(self, command: AnyCommand | Malformed, now_s: float) -> Sequence[Effect]:
        """Judge one command. `now_s` is monotonic seconds. Not to be called while a room is being entered."""
        if self.state is State.CLOSED:
            return ()
        if refusal := self._judge_rate(command, now_s):
            return (refusal,)
        if isinstance(command, Malformed):
            return (Reply(command.reply),)
        if self.state is State.GREETING:
            return self._hello(command) if isinstance(command, Hello) else self._hello_first(command)
        effects = _OPEN.get(type(command), Session._carry)(self, command)
        if isinstance(command, Ping | Away):
            return effects
        self.active_at_s = now_s
        return (*self._turn(False), *effects) if self.away else effects

    def look(self, now_s: float) -> Sequence[Effect]:
        """Take somebody who has said nothing for long to be away; to be called now and then."""
        if self.state is not State.OPEN or self.away or not self.rooms:
            return ()
        if now_s - self.active_at_s < self._rules.limits.away_after_s:
            return ()
        return self._turn(True)

    def authenticated(self, author: Author, token: str, now_ms: int) -> Sequence[Effect]:
        """`Authenticate` succeeded."""
        self.author, self.state = author, State.OPEN
        return (Reply(Welcome(author.id, author.name, now_ms, token)),)

    def refused(self, reason: str, code: ErrorCode = ErrorCode.TOKEN_REFUSED) -> Sequence[Effect]:
        """`Authenticate` failed; the client may say hello again."""
        return (Reply(Error(code.value, reason)),)

    def entered(self, room: str) -> None:
        """The connection is a member, and was told `joined`: because it asked, or had lost touch."""
        if self.state is State.ENTERING and self._entering == room:
            self.state, self._entering = State.OPEN, None
            self.rooms |= {room}

    def turned_away(
        self, room: str, code: ErrorCode, message: str, retry_ms: int | None = None
    ) -> Sequence[Effect]:
        """The connection is not in the room, or not any more; it may ask again after `retry_ms`."""
        self.rooms -= {room}
        if self.state is State.ENTERING and self._entering == room:
            self.state, self._entering = State.OPEN, None
        return (Reply(Error(code.value, message, room=room, retry_ms=retry_ms)),)

    @property
    def entering(self) -> str | None:
        """The room that is being opened for this connection."""
        return self._entering

    def met(self, room: str) -> Sequence[Effect]:
        """`Meet` has found the room."""
        self.state = State.OPEN
        return self._join(Join(room))

    def unmet(self, code: ErrorCode, message: str, retry_ms: int | None = None) -> Sequence[Effect]:
        """`Meet` has failed."""
        self.state = State.OPEN
        return (Reply(Error(code.value, message, retry_ms=retry_ms)),)

    def close(self) -> Sequence[Effect]:
        """Become deaf, and leave everything. Idempotent."""
        rooms = self.rooms if self._entering is None else self.rooms | {self._entering}
        tracks, self.rooms, self.tracks = self.tracks, frozenset(), frozenset()
        self.state, self._entering = State.CLOSED, None
        return (*(Exit(room) for room in rooms), *(Unfollow(track) for track in tracks))

    def _judge_rate(self, command: AnyCommand | Malformed, now_s: float) -> Reply | None:
        rules = self._rules
        if isinstance(command, Logged):
            self._messages_full_at_s, retry_ms = rules.messages.take(self._messages_full_at_s, now_s)
            limit = f"{rules.limits.messages_per_s:g} messages"
        else:
            self._commands_full_at_s, retry_ms = rules.commands.take(self._commands_full_at_s, now_s)
            limit = f"{rules.limits.commands_per_s:g} commands"
        if not retry_ms:
            return None
        answered = command.reply if isinstance(command, Malformed) else command
        message = f"more than {limit} a second; try again in {retry_ms} ms"
        return _refuse(answered, ErrorCode.RATE_LIMITED, message, retry_ms)

    def _hello(self, command: Hello) -> Sequence[Effect]:
        return (Authenticate(command.name, command.token),)

    def _hello_first(self, command: AnyCommand) -> Sequence[Effect]:
        name = type(command).__name__.lower()
        return (_refuse(command, ErrorCode.HELLO_FIRST, f"{name} came before hello was answered by welcome"),)

    def _already_greeted(self, command: Hello) -> Sequence[Effect]:
        return (_refuse(command, ErrorCode.ALREADY_GREETED, "hello was said before on this connection"),)

    def _join(self, command: Join) -> Sequence[Effect]:
        limit = self._rules.limits.max_rooms_per_connection
        if command.room not in self.rooms and len(self.rooms) >= limit:
            message = f"this connection is in {len(self.rooms)} rooms, and may be in {limit}"
            return (_refuse(command, ErrorCode.TOO_MANY_ROOMS, message),)
        self.state, self._entering = State.ENTERING, command.room
        since = None
        if command.epoch is not None and command.seq is not None:
            since = Position(command.epoch, command.seq)
        return (Enter(command.room, since, command.password, command.invite),)

    def _direct(self, command: Direct) -> Sequence[Effect]:
        self.state = State.ENTERING
        return (Meet(command.to),)

    def _carry(self, command: AnyCommand) -> Sequence[Effect]:
        room = getattr(command, "room", None)
        if room is not None and room not in self.rooms:
            return (_not_joined(command, room),)
        return (Carry(command),)

    def _leave(self, command: Leave) -> Sequence[Effect]:
        if command.room not in self.rooms:
            return (_not_joined(command, command.room),)
        self.rooms -= {command.room}
        return (Exit(command.room), Reply(Left(command.room)))

    def _turn(self, away: bool) -> Sequence[Effect]:
        self.away = away
        return (Turn(away), Reply(Standing("away" if away else "online")))

    def _away(self, command: Away) -> Sequence[Effect]:
        return self._turn(True)

    def _back(self, command: Back) -> Sequence[Effect]:
        return () if self.away else self._turn(False)

    def _ping(self, command: Ping) -> Sequence[Effect]:
        return (TellTime(),)

    def _watch(self, command: Watch) -> Sequence[Effect]:
        limit = self._rules.limits.max_tracks_per_connection
        if command.track not in self.tracks and len(self.tracks) >= limit:
            message = f"this connection watches {len(self.tracks)} tracks, and may watch {limit}"
            return (_refuse(command, ErrorCode.TOO_MANY_TRACKS, message),)
        self.tracks |= {command.track}
        return (Follow(command.track), Reply(Watching(command.track)))

    def _unwatch(self, command: Unwatch) -> Sequence[Effect]:
        self.tracks -= {command.track}
        return (Unfollow(command.track), Reply(Unwatched(command.track)))


_OPEN: dict[type, Callable[[Session, Any], Sequence[Effect]]] = {
    Hello: Session._already_greeted,
    Join: Session._join,
    Direct: Session._direct,
    Leave: Session._leave,
    Away: Session._away,
    Back: Session._back,
    Ping: Session._ping,
    Watch: Session._watch,
    Unwatch: Session._unwatch,
}
"""What a session judges itself once it is open; all the rest it has carried out."""


def _refuse(command: object, code: ErrorCode, message: str, retry_ms: int | None = None) -> Reply:
    nonce, room = getattr(command, "nonce", None), getattr(command, "room", None)
    return Reply(Error(code.value, message, nonce=nonce, room=room, retry_ms=retry_ms))


def _not_joined(command: object, room: str) -> Reply:
    return _refuse(command, ErrorCode.NOT_JOINED, f"room {room} was not joined on this connection")
