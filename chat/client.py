"""A client as a machine: what happens goes in with its time, effects come out; the shell has the rest.

What it promises is in docs/client.md: it comes back by itself, goes on where it was, and sends what was not
acknowledged again with its nonce. `streamer/web/veza/machine.js` is its sister.
"""

from collections.abc import Callable
from enum import Enum, auto

from chat.client_effects import ClientEffect, Drop, Open, Tell, Write
from chat.client_outbox import Frame
from chat.client_rooms import Rooms
from chat.errors import CloseCode, ErrorCode, may_reconnect

_BACKOFF_BASE_S = 0.4
_BACKOFF_LIMIT_S = 20.0
_STABLE_S = 5.0
_PING_EVERY_S = 25.0
_CONNECT_WITHIN_S = 15.0
_PONG_WITHIN_S = 8.0
_DRAIN_WITHIN_S = 5.0


class ClientState(Enum):
    """Where the line is."""

    IDLE = auto()  # not begun, or closed by the program
    CONNECTING = auto()
    GREETING = auto()  # open, hello is not answered yet
    ONLINE = auto()
    WAITING = auto()  # broken; it is tried again at a deadline
    REFUSED = auto()  # closed by the server for good


_UP = frozenset((ClientState.CONNECTING, ClientState.GREETING, ClientState.ONLINE))


class ClientMachine:
    """One client. Call what happened, then carry out `take()`, and call `wake` at `due_s`.

    Args:
        name: what others see; None where the token says it.
        token: of an earlier `welcome`, or of `veza token`; the last `welcome` replaces it.
        random: gives floats in [0, 1).
    """

    __slots__ = (
        "_asked",
        "_attempt",
        "_deadlines",
        "_out",
        "_random",
        "_welcomed_s",
        "name",
        "rooms",
        "state",
        "token",
    )

    def __init__(self, name: str | None, token: str | None, random: Callable[[], float]) -> None:
        self.name, self.token = name, token
        self.state = ClientState.IDLE
        self._random = random
        self._attempt = 0
        self._welcomed_s: float | None = None
        self._asked = False  # hello or a ping is not answered yet
        self._out: list[ClientEffect] = []
        self._deadlines: dict[tuple[str, str], float] = {}
        self.rooms = Rooms(self._out, self._deadlines)

    def take(self) -> list[ClientEffect]:
        """What is to be done, in order."""
        effects = self._out[:]
        self._out.clear()
        return effects

    @property
    def due_s(self) -> float | None:
        """When `wake` is to be called next."""
        return min(self._deadlines.values(), default=None)

    def wake(self, now_s: float) -> None:
        """Do what deadlines up to now ask for."""
        for name, at_s in sorted(self._deadlines.items(), key=lambda item: item[1]):
            # What came before it may have put it off, or ended it.
            if at_s <= now_s and self._deadlines.get(name) == at_s:
                del self._deadlines[name]
                self._expire(*name, now_s)

    def connect(self, now_s: float) -> None:
        """Begin, or try again after a refusal."""
        if self.state in (ClientState.IDLE, ClientState.REFUSED):
            self._open(now_s)

    def close(self) -> None:
        """End. What was not acknowledged stays in the outbox."""
        self._drop()
        self.state = ClientState.IDLE

    def opened(self, now_s: float) -> None:
        """The line is open."""
        self.state = ClientState.GREETING
        self._hello(now_s)

    def closed(self, code: int, reason: str, now_s: float, wait_s: float = 0.0) -> None:
        """The line ended, or did not come about. `wait_s`: what the server wants at least, if it said so."""
        drained_s = self._deadlines.get(("drain", ""))
        if self._welcomed_s is not None and now_s - self._welcomed_s >= _STABLE_S:
            self._attempt = 0
        self._forget()
        again = may_reconnect(code)
        self.state = ClientState.WAITING if again else ClientState.REFUSED
        self._status("offline" if again else "refused", code=code, reason=reason)
        if not again:
            return
        if drained_s is None:
            longest_s = min(_BACKOFF_LIMIT_S, _BACKOFF_BASE_S * 2.0**self._attempt)
            self._attempt += 1
            # Half fixed, half chance: when a server comes back, its clients do not all come in one instant.
            drained_s = now_s + max(wait_s, longest_s) * (0.5 + self._random() / 2)
        self._deadlines["retry", ""] = max(drained_s, now_s + wait_s)

    def received(self, frame: Frame, now_s: float) -> None:
        """A frame came."""
        kind = frame["type"]
        if self._asked:
            self._deadlines["answer", ""] = now_s + _PONG_WITHIN_S  # the line lives; its turn comes
        if kind == "welcome":
            self._welcomed(frame, now_s)
        elif kind == "pong":
            self._answered()
            self._deadlines["ping", ""] = now_s + _PING_EVERY_S
        elif kind == "drain":
            # The server will go, and spreads its clients over time: this one comes again after its delay.
            spread_s = frame.get("reconnect_ms", self._random() * _DRAIN_WITHIN_S * 1000) / 1000
            self._deadlines["drain", ""] = now_s + spread_s
            self._tell(frame)
        elif kind == "error" and frame["code"] == ErrorCode.TOKEN_REFUSED.value and self.token and self.name:
            self.token = None  # it has expired, or the server has another secret: be somebody new
            self._tell({"type": "token_refused", "message": frame["message"]})
            self._hello(now_s)
        else:
            self.rooms.received(frame, now_s)

    def _open(self, now_s: float) -> None:
        self.state = ClientState.CONNECTING
        self._status("connecting")
        self._deadlines["answer", ""] = now_s + _CONNECT_WITHIN_S
        self._out.append(Open())

    def _drop(self) -> None:
        if self.state in _UP:
            self._out.append(Drop(CloseCode.NORMAL.value))
        self._forget()

    def _forget(self) -> None:
        self._deadlines.clear()
        self._welcomed_s, self._asked = None, False
        self.rooms.lost()

    def _expire(self, what: str, room: str, now_s: float) -> None:
        if room:
            self.rooms.woken(what, room, now_s)
        elif what == "retry":
            self._open(now_s)
        elif what == "ping":
            self._asked = True
            self._deadlines["answer", ""] = now_s + _PONG_WITHIN_S
            self._out.append(Write({"type": "ping"}))
        elif what == "drain":
            self._attempt = 0
            self._drop()
            self._open(now_s)
        else:
            silent = CloseCode.SILENT
            self._out.append(Drop(silent.value))
            self.closed(silent.value, silent.reason, now_s)

    def _hello(self, now_s: float) -> None:
        self._asked = True
        self._deadlines["answer", ""] = now_s + _CONNECT_WITHIN_S
        self._out.append(Write({"type": "hello", "name": self.name, "token": self.token}))

    def _welcomed(self, frame: Frame, now_s: float) -> None:
        self._answered()
        self.state = ClientState.ONLINE
        self._welcomed_s = now_s
        self.token = frame["token"]
        self._deadlines["ping", ""] = now_s + _PING_EVERY_S
        self._tell(frame)
        self._status("online")
        self.rooms.welcomed()

    def _answered(self) -> None:
        self._asked = False
        self._deadlines.pop(("answer", ""), None)

    def _status(self, state: str, **detail: object) -> None:
        self._tell({"type": "status", "state": state, **detail})

    def _tell(self, event: Frame) -> None:
        self._out.append(Tell(event))
