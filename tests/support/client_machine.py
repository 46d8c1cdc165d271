"""A client's machine with a hand on its line and its clock."""

from typing import Any

from chat.client import ClientMachine
from chat.client_effects import Answer, Drop, Open, Tell, Write
from chat.client_outbox import Frame


class Bench:
    """Runs a `ClientMachine`: `now` moves when a test says so, and all that comes out is kept."""

    def __init__(self, name: str | None = "ann", token: str | None = None) -> None:
        self.machine = ClientMachine(name, token, random=lambda: 1.0)
        self.rooms = self.machine.rooms
        self.now = 0.0
        self.opens = 0
        self.drops: list[int] = []
        self.written: list[Frame] = []
        self.told: list[Frame] = []
        self.answers: list[Answer] = []

    def do(self) -> None:
        for effect in self.machine.take():
            match effect:
                case Open():
                    self.opens += 1
                    self.written = []
                case Write():
                    self.written.append(effect.frame)
                case Drop():
                    self.drops.append(effect.code)
                case Tell():
                    self.told.append(effect.event)
                case Answer():
                    self.answers.append(effect)

    def tick(self, seconds: float) -> None:
        """Let time pass, stopping at every deadline."""
        until = self.now + seconds + 1e-9  # tenths do not add up to what they look like
        while (due := self.machine.due_s) is not None and due <= until:
            self.now = due
            self.machine.wake(self.now)
            self.do()
        self.now = until

    def connect(self) -> None:
        self.machine.connect(self.now)
        self.do()

    def welcome(self) -> None:
        self.machine.opened(self.now)
        self.hear("welcome", id="me", name="ann", now=0, token="t")

    def hear(self, type: str, **fields: Any) -> None:
        self.machine.received({"type": type, **fields}, self.now)
        self.do()

    def joined(self, seq: int = 0, *messages: Frame, recovered: bool = False, room: str = "r") -> None:
        self.hear("joined", room=room, epoch="e", seq=seq, recovered=recovered, messages=list(messages))

    def die(self, code: int = 1006, wait_s: float = 0.0) -> None:
        self.machine.closed(code, "", self.now, wait_s)
        self.do()

    def send(self, nonce: str, room: str = "r", **fields: Any) -> None:
        self.rooms.submit({"type": "send", "room": room, "nonce": nonce, **fields}, self.now)
        self.do()

    def ask(self, id: int, type: str, answer: str | None = None, **fields: Any) -> None:
        self.rooms.ask(id, {"type": type, **fields}, answer or type)
        self.do()

    def online(self) -> None:
        self.rooms.join("r", {})
        self.connect()
        self.welcome()
        self.joined()

    def of(self, type: str) -> list[Frame]:
        return [event for event in self.told if event["type"] == type]

    def wrote(self, type: str) -> list[Frame]:
        """Frames of a type on the line that is open."""
        return [frame for frame in self.written if frame["type"] == type]


def message(seq: int, nonce: str, type: str = "message") -> Frame:
    return {"type": type, "room": "r", "seq": seq, "id": f"m{seq}", "nonce": nonce, "body": "", "at": 0}
