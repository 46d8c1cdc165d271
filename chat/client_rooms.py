"""The rooms of a client: where it is in each, what it has asked, what it has not been acknowledged."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from chat.client_effects import Answer, ClientEffect, Tell, Write
from chat.client_outbox import Frame, Outbox
from chat.errors import ErrorCode

_RETRY_S = 1.0
# Error replies that say "not now": the command goes again, with its nonce.
_NOT_NOW = frozenset(
    code.value
    for code in (ErrorCode.RATE_LIMITED, ErrorCode.NOT_STORED, ErrorCode.NOT_JOINED, ErrorCode.UNAVAILABLE)
)
# Somebody has sent us out: one comes again when the program says so, not by itself.
_EXPELLED = frozenset(("kicked", "banned", "direct_refused"))
_ACKED_LIMIT = 100
_JOIN_LATER = frozenset((ErrorCode.RATE_LIMITED.value, ErrorCode.UNAVAILABLE.value))
# What has a number in its room is kept by the server and replayed, whatever its type.
_ENTRY_FIELDS = frozenset(("room", "seq", "nonce", "at"))


class _Place(Struct):
    """Where the client is in a room. `more` are fields that go with each join."""

    more: Frame
    epoch: str | None = None
    seq: int = 0
    joined: bool = False


class _Ask(Struct, frozen=True):
    id: int
    frame: Frame
    answer: str

    def takes(self, frame: Frame) -> bool:
        room = self.frame.get("room")
        return bool(frame["type"] == self.answer and frame.get("room", room) == room)


class Rooms:
    """Part of `chat.client.ClientMachine`, which has the line; `out` and `deadlines` are the machine's."""

    __slots__ = ("_acked", "_asks", "_deadlines", "_joining", "_online", "_out", "_places", "outbox")

    def __init__(self, out: list[ClientEffect], deadlines: dict[tuple[str, str], float]) -> None:
        self._out = out
        self._deadlines = deadlines
        self._places: dict[str, _Place] = {}
        self._asks: list[_Ask] = []
        self._joining: list[str] = []  # rooms whose `join` has no answer yet
        self._acked: dict[str, bool] = {}  # ids of own messages that were acknowledged, until they come
        self._online = False
        self.outbox = Outbox()

    def join(self, name: str, more: Frame) -> None:
        """Be in a room until `leave`, across any number of connections."""
        self._places.setdefault(name, _Place(more)).more = more
        self._write_join(name)

    def leave(self, name: str) -> None:
        if self._places.pop(name, None) is None:
            return
        self._fail(lambda ask: ask.frame.get("room") == name, "left")
        if self._online:
            self._write({"type": "leave", "room": name})

    def submit(self, command: Frame, now_s: float) -> None:
        """Keep a command with a room and a nonce until `acked` or `failed` is told of it.

        Raises:
            OutboxFull: too many wait.
        """
        self.outbox.add(command)
        self.flush(now_s)

    def ask(self, id: int, frame: Frame, answer: str) -> None:
        """Ask for what an event of type `answer` answers; `Answer` has the id."""
        if not self._online:
            self._out.append(Answer(id, None, _no_answer("line_lost")))
            return
        self._asks.append(_Ask(id, frame, answer))
        self._write(frame)

    def hint(self, frame: Frame) -> None:
        """Say what is worth nothing later: it is lost while the room is not joined."""
        place = self._places.get(frame["room"])
        if place and place.joined:
            self._write(frame)

    def welcomed(self) -> None:
        self._online = True
        for name in self._places:
            self._write_join(name)

    def lost(self) -> None:
        """The line broke."""
        self._online = False
        self._joining.clear()
        self._acked.clear()  # what has not come will be among what is replayed
        for place in self._places.values():
            place.joined = False
        self.outbox.unsend()
        self._fail(lambda ask: True, "line_lost")

    def woken(self, what: str, name: str, now_s: float) -> None:
        """A deadline of a room has come: `what` is "join" or "held"."""
        if what == "join":
            self._write_join(name)
        else:
            self.flush(now_s)

    def received(self, frame: Frame, now_s: float) -> None:
        kind = frame["type"]
        if kind == "joined":
            self._joined(frame, now_s)
        elif kind == "ack":
            self._acknowledged(frame, now_s)
        elif kind == "error":
            self._refused(frame, now_s)
        elif frame.keys() >= _ENTRY_FIELDS:
            self._logged(frame, now_s)
        else:
            self._answer(lambda ask: ask.takes(frame), frame)
            self._tell(frame)
            self._settle("acked", frame, now_s)  # a notice may answer what was sent

    def flush(self, now_s: float) -> None:
        """Write what may go out now."""
        for command in self.outbox.take(self._may_send, now_s):
            self._write(command)

    def _may_send(self, name: str) -> bool:
        place = self._places.get(name)
        return place is not None and place.joined and ("held", name) not in self._deadlines

    def _write_join(self, name: str) -> None:
        place = self._places.get(name)
        if place is None or not self._online:
            return
        position = {} if place.epoch is None else {"epoch": place.epoch, "seq": place.seq}
        self._joining.append(name)
        self._write({"type": "join", "room": name, **place.more, **position})

    def _joined(self, frame: Frame, now_s: float) -> None:
        name = frame["room"]
        # A room of two has no name until it is joined: what is joined unasked was asked for by `direct`.
        if not self._entered(name) and self._answer(lambda ask: ask.answer == "joined", frame):
            self._places.setdefault(name, _Place({}))
        place = self._places.get(name)
        if place is None:
            return
        known = place.seq if frame["recovered"] else 0
        place.epoch, place.seq, place.joined = frame["epoch"], frame["seq"], True
        self._tell(frame | {"messages": [each for each in frame["messages"] if each["seq"] > known]})
        for message in frame["messages"]:
            self._settle("acked", message, now_s)
        # What may be among the messages that are not shown must not be said twice: a person decides.
        for nonce in [] if frame["recovered"] else self.outbox.doubtful(name, now_s):
            message = "the line was down for too long to know whether this was said"
            self._settle("failed", {"nonce": nonce, "code": "uncertain", "message": message}, now_s)
        self.flush(now_s)

    def _acknowledged(self, frame: Frame, now_s: float) -> None:
        self._acked[frame["id"]] = self.outbox.get(frame["nonce"]) is not None
        if len(self._acked) > _ACKED_LIMIT:
            del self._acked[next(iter(self._acked))]
        self._settle("acked", frame, now_s)

    def _logged(self, frame: Frame, now_s: float) -> None:
        place = self._places.get(frame["room"])
        # What was acknowledged and has not come is shown, whatever its number is.
        owed = frame["type"] == "message" and self._acked.pop(frame["id"], False)
        if place is None or (frame["seq"] <= place.seq and not owed):
            return
        place.seq = max(place.seq, frame["seq"])
        self._tell(frame)
        self._settle("acked", frame, now_s)

    def _refused(self, frame: Frame, now_s: float) -> None:
        nonce, code = frame.get("nonce"), frame["code"]
        again_s = now_s + (frame["retry_ms"] / 1000 if "retry_ms" in frame else _RETRY_S)
        command = self.outbox.get(nonce)
        name = command["room"] if command else frame.get("room", "")
        place = self._places.get(name)
        if not command and not (place and place.joined):
            self._entered(name)
        if command and code in _NOT_NOW:
            self.outbox.unsend(nonce)
            self._deadlines["held", name] = again_s
            if code == ErrorCode.NOT_JOINED.value:
                self._write_join(name)
        elif command:
            self._settle("failed", frame, now_s)
        elif place and not place.joined and code in _JOIN_LATER:
            self._deadlines["join", name] = again_s
        elif place and place.joined and code in _EXPELLED:
            self._expelled(name, frame, now_s)
        elif not self._answer(lambda ask: ask.frame.get("room", "") == name, None, frame):
            self._tell(frame)

    def _entered(self, name: str) -> bool:
        """A `join` may be answered now: whether there was one."""
        found = name in self._joining
        if found:
            self._joining.remove(name)
        return found

    def _expelled(self, name: str, frame: Frame, now_s: float) -> None:
        del self._places[name]
        self._fail(lambda ask: ask.frame.get("room") == name, frame["code"])
        self._tell(frame)
        for nonce in self.outbox.nonces(name):
            self._settle("failed", frame | {"nonce": nonce}, now_s)

    def _settle(self, outcome: str, frame: Frame, now_s: float) -> None:
        command = self.outbox.settle(frame.get("nonce"))
        if command is not None:
            self._tell({"type": outcome, "command": command, "frame": frame})
            self.flush(now_s)

    def _answer(
        self, matches: Callable[[_Ask], bool], frame: Frame | None, error: Frame | None = None
    ) -> bool:
        ask = next(filter(matches, self._asks), None)
        if ask is None:
            return False
        self._asks.remove(ask)
        self._out.append(Answer(ask.id, frame, error))
        return True

    def _fail(self, matches: Callable[[_Ask], bool], code: str) -> None:
        while self._answer(matches, None, _no_answer(code)):
            pass

    def _write(self, frame: Frame) -> None:
        self._out.append(Write(frame))

    def _tell(self, event: Frame) -> None:
        self._out.append(Tell(event))


def _no_answer(code: str) -> dict[str, Any]:
    return {"code": code, "message": "no answer will come"}
