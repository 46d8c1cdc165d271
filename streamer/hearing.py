"""What members say, before it is stored: judged, charged, held, or made to look as if it had been said."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from chat.broker import Charge, Draft, NotStored, Outcome, Settle, Stored
from chat.charges import Purse
from chat.errors import ErrorCode
from chat.events import Ack, Error, Notice
from chat.networks import own_network
from chat.order import Hold, Order, Pass, Refused, Shadowed, judge_words
from chat.roles import Person, Right
from streamer.lane import DatabaseFailed
from streamer.order_rows import TooMany
from streamer.people_rows import hold
from streamer.warden import Warden, Word
from streamer.websocket import WebSocket

_MAX_SHADOWS = 2000
_MAX_BUCKETS = 10_000

Store = Callable[[WebSocket, Draft, Settle | None], None]
Later = Callable[[WebSocket, Coroutine[Any, Any, None]], None]


class Hearing:
    """Judges what connections say, and sees that each is answered.

    Bounds: acknowledgements of 2,000 messages that nobody saw are remembered, for those who send them again.
    """

    def __init__(self, warden: Warden, store: Store, later: Later) -> None:
        """Made on the running loop.

        Args:
            store: puts a draft into the log, and answers when that is settled.
            later: carries out what takes time, while further commands of the connection wait.
        """
        self._warden = warden
        self._store = store
        self._later = later
        self._loop = asyncio.get_running_loop()
        self._purse = Purse(_MAX_BUCKETS)  # of those whose messages reach no log
        self._shadows: OrderedDict[tuple[str, str, str], Ack] = OrderedDict()
        limits = warden.limits
        # What one connection may, a person may: a setting that raises the one raises the other.
        self._account_ms = _interval_ms(max(limits.account_messages_per_s, limits.messages_per_s))
        self._account_burst = max(limits.account_messages_burst, limits.messages_burst)
        self._network_ms = _interval_ms(limits.network_messages_per_s)

    def receive(self, socket: WebSocket, draft: Draft, then: Settle | None = None) -> None:
        """Store something that somebody says, or answer why not.

        Args:
            then: called with the outcome, after the answer; once, whatever becomes of the draft.
        """
        order, said = self._warden.orders.get(draft.room), Said(socket, draft, then)
        work = self._judge(said, order) if order else self._judge_later(said)
        if work is not None:
            self._later(socket, work)

    def is_heard(self, socket: WebSocket, room: str) -> bool:
        """Whether others would see a message of this connection, as far as is known without waiting."""
        order, person = self._warden.orders.get(room), socket.person
        if order is None or person is None:
            return True
        general, now_ms = self._warden.orders.general, self._warden.now_ms()
        return isinstance(judge_words(order, general, person, "typing", None, now_ms), Pass)

    def may(self, socket: WebSocket, room: str, right: Right) -> bool:
        """Whether a member has a right; where a room has no owner, everybody may pin."""
        order, person = self._warden.orders.get(room), socket.person
        if order is None or person is None:
            return False
        return order.may(person, right) or (right is Right.PIN and order.ownerless)

    def _judge(self, said: "Said", order: Order) -> Coroutine[Any, Any, None] | None:
        """Do what follows from the order of the room; what takes time is returned, to be awaited."""
        draft, person, now_ms = said.draft, said.person, self._warden.now_ms()
        verdict = judge_words(order, self._warden.orders.general, person, draft.kind, draft.body, now_ms)
        if isinstance(verdict, Hold) and self._warden.visitors.knows(draft.room, person.id):
            verdict = Pass(order.policy.slow_ms)
        match verdict:
            case Pass(slow_ms):
                self._pass(said, slow_ms)
            case Refused():
                self._refuse(said, verdict)
            case Shadowed(slow_ms):
                self._shadow(said, slow_ms)
            case Hold():
                return self._hold(said)
        return None

    def _pass(self, said: "Said", slow_ms: int) -> None:
        draft, person = said.draft, said.person
        if draft.kind == "message":
            self._warden.visitors.spoke(draft.room, person, self._warden.now_ms())
        charges = (*draft.charges, *self._charges(person, draft, slow_ms))
        self._store(said.socket, replace(draft, charges=charges), said.then)

    def _charges(self, person: Person, draft: Draft, slow_ms: int) -> Iterable[Charge]:
        yield Charge(f"a:{person.id}", self._account_ms, self._account_burst)
        if not person.account and (network := own_network(person.address)):
            burst = self._warden.limits.network_messages_burst
            yield Charge(f"n:{network}", self._network_ms, burst)
        if slow_ms:
            yield Charge(f"s:{draft.room}:{person.id}", slow_ms, 1)

    def _shadow(self, said: "Said", slow_ms: int) -> None:
        """Answer as if it had been stored, and show it to its author."""
        draft, person = said.draft, said.person
        key = (draft.room, person.id, draft.nonce)
        ack = self._shadows.get(key)
        if ack is None:
            charges = tuple(self._charges(person, draft, slow_ms))
            if retry_ms := self._purse.pay(charges, self._loop.time()):
                refused = Refused(ErrorCode.RATE_LIMITED, f"too fast; try again in {retry_ms} ms")
                self._refuse(said, refused, retry_ms)
                return
            # Not a number of its own: that is for the next message of others.
            seq = self._warden.rooms.seq(draft.room)
            ack = self._shadows[key] = Ack(draft.room, draft.nonce, seq, draft.id)
            if len(self._shadows) > _MAX_SHADOWS:
                self._shadows.popitem(last=False)
        # As late as a real one at least: that waits for the loop, too.
        self._loop.call_soon(self._warden.door.reply, said.socket, ack)
        if said.then is not None:
            self._loop.call_soon(said.then, Stored(ack.seq, ack.id))
        if ack.id == draft.id:
            own = self._warden.members(draft.room, person.id)
            self._loop.call_soon(self._warden.rooms.show_to, own, draft, ack.seq)

    async def _judge_later(self, said: "Said") -> None:
        try:
            order = await self._warden.orders.load(said.draft.room)
        except DatabaseFailed as error:
            self._refuse(said, _not_stored(error))
        else:
            work = self._judge(said, order)
            if work is not None:
                await work

    async def _hold(self, said: "Said") -> None:
        """Keep the message until a moderator has seen it, unless the person has spoken here before."""
        warden, draft, person = self._warden, said.draft, said.person
        try:
            if await warden.visitors.has_spoken(draft.room, person.id):
                order = await warden.orders.load(draft.room)
                self._pass(said, order.policy.slow_ms)
                return
            await self._keep(person, draft)
        except DatabaseFailed as error:
            self._refuse(said, _not_stored(error))
        except TooMany as error:
            self._refuse(said, Refused(ErrorCode.HELD_FULL, str(error)))
        else:
            text = "a moderator looks at the first message of everybody who is new here"
            warden.door.reply(said.socket, Notice(draft.room, "held", text, draft.nonce))
            what = f"{person.name} is new here, and waits for approval: /held, /approve, /reject"
            warden.tell(Word("notice", draft.room, code="review", text=what))
            said.settle(NotStored("it waits for a moderator"))

    async def _keep(self, person: Person, draft: Draft) -> None:
        limits = self._warden.limits
        network = None if person.account else own_network(person.address)
        row = {
            "id": draft.id,
            "room": draft.room,
            "nonce": draft.nonce,
            "author_id": person.id,
            "author_name": person.name,
            "account": person.account,
            "network": str(network) if network else None,
            "body": draft.body or "",
            "more": msgspec.json.encode(draft.more).decode() if draft.more else None,
            "at": draft.at,
        }
        since_ms = draft.at - round(limits.held_ttl_s * 1000)
        await self._warden.orders.run(hold, row, since_ms, limits.held_per_room, limits.held_per_author)

    def _refuse(self, said: "Said", why: Refused, retry_ms: int | None = None) -> None:
        nonce, room = said.draft.nonce, said.draft.room
        error = Error(why.code.value, why.message, nonce=nonce, room=room, retry_ms=retry_ms)
        self._warden.door.reply(said.socket, error)
        said.settle(NotStored(why.message))


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says, and who waits for what becomes of it."""

    socket: WebSocket
    draft: Draft
    then: Settle | None

    @property
    def person(self) -> Person:
        assert self.socket.person is not None
        return self.socket.person

    def settle(self, outcome: Outcome) -> None:
        if self.then is not None:
            self.then(outcome)


def _not_stored(error: DatabaseFailed) -> Refused:
    return Refused(ErrorCode.NOT_STORED, f"the message was not stored: {error}")


def _interval_ms(per_s: float) -> int:
    return max(1, round(1000 / per_s))
