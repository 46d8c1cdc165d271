"""Whatever the interleaving of messages, reads, deliveries, losses and people: nothing missed or doubled.

A log, a broker that keeps the promises of `chat/broker.py` and no more than those, the shell's way of
carrying out what a room decides, and clients that check every frame they get against the log.
"""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from chat.broker import Entry, Page, Position
from chat.events import encode_event
from chat.fields import Author
from chat.limits import ChatLimits
from chat.outbox import RoomOutbox
from chat.recovery import Wait
from chat.room import Admitted, Room

LIMITS = ChatLimits(history_messages=3, history_bytes=400, resume_messages=6, resume_bytes=600)


class Log:
    """All lives of a room's log."""

    def __init__(self) -> None:
        self.lives: list[list[Entry]] = [[]]

    @property
    def epoch(self) -> str:
        return str(len(self.lives) - 1)

    @property
    def entries(self) -> list[Entry]:
        return self.lives[-1]

    def append(self, size_bytes: int) -> Entry:
        seq = len(self.entries) + 1
        entry = Entry(seq, json.dumps({"seq": seq, "epoch": self.epoch, "pad": "x" * size_bytes}).encode())
        self.entries.append(entry)
        return entry

    def read(self, after: int | None, limit: int) -> Page:
        return Page(self.epoch, len(self.entries), self.entries[after or 0 :][-limit:])


@dataclass(eq=False)
class Client:
    """Knows how far it has read, and refuses to be told anything else than what comes next."""

    log: Log
    asked: Position | None
    here: bool = False  # `joined` came
    epoch: str = ""
    seq: int = 0
    gap: tuple[int, int] | None = None

    def receive(self, frame: dict[str, Any]) -> None:
        kind = frame.get("type", "message")
        if kind == "gap":
            self.gap = (frame["from_seq"], frame["to_seq"])
        elif kind == "joined":
            self.receive_joined(frame)
        else:
            assert self.here, "a message before joined"
            assert (frame["epoch"], frame["seq"]) == (self.epoch, self.seq + 1)
            self.seq += 1

    def receive_joined(self, frame: dict[str, Any]) -> None:
        before = Position(self.epoch, self.seq) if self.here else self.asked
        shown = [message["seq"] for message in frame["messages"]]
        first = shown[0] if shown else frame["seq"] + 1
        assert shown == list(range(first, frame["seq"] + 1)), "what is shown has no hole and ends at seq"
        assert all(message["epoch"] == frame["epoch"] for message in frame["messages"])
        if frame["recovered"]:
            assert before is not None
            assert self.gap is None
            assert before.epoch == frame["epoch"] or before.seq == 0
            assert first == before.seq + 1, "exactly what was missed"
        elif before is None:
            assert self.gap is None
        elif before.epoch == frame["epoch"] and before.seq <= frame["seq"]:
            assert self.gap == (before.seq + 1, first - 1), "the gap is exactly what is not shown"
        else:
            assert self.gap is not None
        self.here, self.epoch, self.seq, self.gap = True, frame["epoch"], frame["seq"], None


class Node(RuleBasedStateMachine):
    """One node's room. Hypothesis chooses what happens next."""

    clients = Bundle("clients")
    positions = Bundle("positions")

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        self.room: Room[Client] = Room("lobby", LIMITS)
        self.outbox: RoomOutbox[Client] = RoomOutbox()
        self.on_the_way: list[tuple[str, list[Entry]]] = []  # deliveries
        self.reading: tuple[Wait, Page] | None = None  # and what it would have found when it began
        self.count = 0

    # --- the shell

    def start_reading(self, wait: Wait | None) -> None:
        if wait is not None and self.reading is None:
            self.reading = (wait, self.log.read(wait.after, wait.limit))

    def flush(self) -> None:
        while len(self.outbox):
            for data, listeners in self.outbox.take(self.room.listeners).shares:
                for member in listeners:
                    for frame in data.split(b"\n")[:-1]:
                        member.receive(json.loads(frame))

    def show(self, entries: Any) -> None:
        for entry in entries:
            self.outbox.add(entry.payload + b"\n")

    def admit(self, admitted: Admitted[Client]) -> None:
        for event in admitted.events:
            admitted.member.receive(json.loads(encode_event(event)))
        self.outbox.join(admitted.member)

    # --- what may happen

    @rule(count=st.integers(1, 4), size_bytes=st.sampled_from([1, 1, 1, 150]))
    def say(self, count: int, size_bytes: int) -> None:
        entries = [self.log.append(size_bytes) for _ in range(count)]
        self.on_the_way.append((self.log.epoch, entries))

    @precondition(lambda self: self.on_the_way)
    @rule()
    def deliver(self) -> None:
        epoch, entries = self.on_the_way.pop(0)
        if epoch != self.room.tail.epoch:
            self.flush()
        advance = self.room.receive(epoch, entries)
        self.show(advance.entries)
        self.start_reading(advance.wait)

    @precondition(lambda self: self.on_the_way)
    @rule()
    def deliver_twice(self) -> None:
        self.on_the_way.insert(0, self.on_the_way[0])
        self.deliver()

    @precondition(lambda self: self.on_the_way)
    @rule()
    def lose_a_delivery(self) -> None:
        self.on_the_way.pop(0)

    @rule()
    def begin_a_new_life(self) -> None:
        self.log.lives.append([])

    @precondition(lambda self: self.reading)
    @rule(late=st.booleans())
    def finish_reading(self, late: bool) -> None:
        assert self.reading is not None
        wait, page = self.reading
        self.reading = None
        if late:
            page = self.log.read(wait.after, wait.limit)
        self.flush()
        advance = self.room.load(page, wait.after)
        self.show(advance.entries)
        self.flush()
        admitted, needed = self.room.admit()
        for newcomer in admitted:
            self.admit(newcomer)
        self.start_reading(advance.wait or needed)

    @precondition(lambda self: self.reading)
    @rule()
    def fail_reading(self) -> None:
        self.reading = None
        for client in self.room.give_up():
            client.here = False

    @rule()
    def write(self) -> None:
        self.flush()

    @rule(target=clients)
    def arrive(self) -> Client:
        return self.join(Client(self.log, None))

    @rule(target=clients, position=positions)
    def come_back(self, position: Position) -> Client:
        return self.join(Client(self.log, position))

    @rule(client=clients)
    def join_again(self, client: Client) -> None:
        if client.here:
            client.asked = Position(client.epoch, client.seq)
            self.flush()
            client.asked = Position(client.epoch, client.seq)
            self.join(client)

    @rule(target=positions, client=consumes(clients))
    def go(self, client: Client) -> Position:
        self.room.leave(client)
        self.outbox.leave(client)
        return Position(client.epoch, client.seq) if client.here else Position("none", 0)

    def join(self, client: Client) -> Client:
        self.count += 1
        verdict = self.room.join(client, Author(str(self.count), "somebody"), client.asked)
        if isinstance(verdict, Admitted):
            self.admit(verdict)
        else:
            assert isinstance(verdict, Wait)
            self.start_reading(verdict)
        return client

    @invariant()
    def members_have_been_told_joined(self) -> None:
        assert all(member.here for member in self.room.members)

    def teardown(self) -> None:
        """The world calms down: then everyone who is in has read everything."""
        self.say(1, 1)
        while self.on_the_way or self.reading:
            while self.reading:
                self.finish_reading(late=False)
            if self.on_the_way:
                self.deliver()
        self.flush()
        for member in self.room.members:
            assert (member.epoch, member.seq) == (self.log.epoch, len(self.log.entries))


TestNode = Node.TestCase
TestNode.settings = settings(max_examples=100, stateful_step_count=30)
