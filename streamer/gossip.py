"""Between nodes: each tells the others of the people in its rooms, and hears of theirs."""

import asyncio
from collections.abc import Callable
from itertools import count

from chat.broker import Broker
from chat.gossip import AnyFrame, Ask, decode_frame, encode_frame
from chat.limits import ChatLimits
from chat.roster import Roster
from streamer.wheel import Ticket, TimerWheel

_TOPIC = "nodes"
_BYE = b"-"
_HERE = b"+"


class Gossip:
    """Carries frames of rosters as whispers of their rooms, and lets every room pulse at an interval.

    A node that has not heard of another for a while is alone, and keeps quiet but for a word about itself.

    Bounds: a roster is told of at most as often as its members are; a pulse is some 50 bytes for a room.
    """

    def __init__(
        self,
        broker: Broker,
        node: str,
        limits: ChatLimits,
        wheel: TimerWheel,
        moved: Callable[[Roster], None],
    ) -> None:
        """Args: `node` names this one; `moved` is called when what is known of a room may have changed."""
        self.node = node
        self._broker = broker
        self._limits = limits
        self._wheel = wheel
        self._moved = moved
        self._clock = asyncio.get_running_loop().time
        self._others: dict[str, float] = {}  # node -> when it was heard
        self._slots: list[set[Roster]] = [set() for _ in range(max(1, round(limits.roster_interval_s)))]
        self._turn_s = limits.roster_interval_s / len(self._slots)
        self._places = count()
        self._turns = count()
        self._slot_of: dict[Roster, int] = {}
        self._closed = False
        broker.listen(_TOPIC, self._hear_node)
        self._tell_node(_HERE)
        self._ticket: Ticket = wheel.schedule(self._turn_s, self._turn)

    def __len__(self) -> int:
        """Other nodes that were heard of lately."""
        return len(self._others)

    def opened(self, roster: Roster) -> None:
        """Keep a room's roster in touch from now on."""
        slot = self._slot_of[roster] = next(self._places) % len(self._slots)
        self._slots[slot].add(roster)

    def loaded(self, roster: Roster) -> None:
        """The room's whispers are heard, now at the latest: ask the others."""
        self._whisper(roster, Ask(self.node, None))

    def closed(self, roster: Roster) -> None:
        """The room is let go of."""
        self._slots[self._slot_of.pop(roster)].discard(roster)
        if self._others:
            self._whisper(roster, roster.farewell())

    def tell(self, roster: Roster) -> None:
        """Tell the others what has changed here."""
        frame = roster.take_frame()
        if frame is not None and self._others:
            self._whisper(roster, frame)

    def hear(self, roster: Roster, payload: bytes) -> None:
        """A whisper for nodes."""
        frame = decode_frame(payload)
        if frame is None or frame.node == self.node:
            return
        now_s = self._clock()
        self._others[frame.node] = now_s
        answer = roster.receive(frame, now_s)
        if answer is not None:
            self._whisper(roster, answer)
        if roster.moved:
            self._moved(roster)

    def close(self) -> None:
        """Say goodbye: the others need not wait until this node is missed."""
        self._ticket.cancel()
        self._closed = True
        self._tell_node(_BYE)

    def _turn(self) -> None:
        self._ticket = self._wheel.schedule(self._turn_s, self._turn)
        turn, now_s = next(self._turns) % len(self._slots), self._clock()
        if not turn:
            self._tell_node(_HERE)
            for node, heard_s in list(self._others.items()):
                if now_s - heard_s > self._limits.roster_expiry_s:
                    del self._others[node]
        for roster in self._slots[turn]:
            roster.expire(now_s)
            if roster.moved:
                self._moved(roster)
            if self._others:
                self._whisper(roster, roster.pulse())

    def _hear_node(self, payload: bytes) -> None:
        node = payload[1:].decode()
        if node == self.node:
            return
        if payload.startswith(_HERE):
            self._others[node] = self._clock()
            return
        self._others.pop(node, None)
        for roster in self._slot_of:
            roster.forget(node)
            if roster.moved:
                self._moved(roster)

    def _tell_node(self, what: bytes) -> None:
        self._broker.tell(_TOPIC, what + self.node.encode())

    def _whisper(self, roster: Roster, frame: AnyFrame) -> None:
        if not self._closed:
            self._broker.whisper(roster.room, encode_frame(frame))
