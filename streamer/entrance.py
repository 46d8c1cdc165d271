"""The door of rooms: passwords and invites are looked at, and whoever may is let in."""

from chat.effects import Enter
from chat.errors import ErrorCode
from chat.limits import Buckets, Rate
from chat.networks import own_network
from chat.order import Order, Proof, judge_entry
from chat.roles import Role
from chat.session import State
from streamer.auth import Invitation, Tokens
from streamer.lane import DatabaseFailed
from streamer.order_rows import appoint
from streamer.passwords import Passwords
from streamer.warden import Warden
from streamer.websocket import WebSocket

_MAX_TRIERS = 10_000


class Entrance:
    """Lets connections into rooms: at once where memory has all that is needed, else a little later.

    Bounds: wrong passwords of one network, or of one person where it has none, are counted in 10,000 buckets.
    """

    def __init__(self, warden: Warden, tokens: Tokens) -> None:
        self._warden = warden
        self._tokens = tokens
        self.passwords = Passwords()
        limits = warden.limits
        self._tries = Buckets(Rate(limits.password_tries_per_s, limits.password_tries_burst), _MAX_TRIERS)

    def enter(self, socket: WebSocket, wish: Enter, now_s: float) -> None:
        """Let somebody in or turn them away, now or later. `now_s` is monotonic seconds."""
        order = self._warden.orders.get(wish.room)
        proof = None if order is None else self._proof(order, wish)
        if order is None or proof is None:
            self._warden.spawn(self._enter_later(socket, wish, now_s))
        else:
            self._judge(socket, wish, order, proof)

    def invitation(self, order: Order, token: str | None) -> Invitation | None:
        """What an invite into this room says, if it is good."""
        if token is None:
            return None
        found = self._tokens.verify_invite(token, now_s=self._warden.now_ms() // 1000)
        if found is None or (found.room, found.generation) != (order.room, order.policy.invites):
            return None
        return None if found.id in order.revoked else found

    def _proof(self, order: Order, wish: Enter) -> Proof | None:
        """What somebody has brought along; None if it takes time to find out."""
        if self.invitation(order, wish.invite):
            return Proof(invite=True)
        kept = order.policy.password_hash
        if wish.password is None or kept is None or order.policy.entry != "password":
            return Proof()
        return Proof(password=True) if self.passwords.knows(wish.password, kept) else None

    async def _enter_later(self, socket: WebSocket, wish: Enter, now_s: float) -> None:
        try:
            order = await self._warden.orders.load(wish.room)
            proof = self._proof(order, wish)
            if proof is None:
                proof = Proof(password=await self._check(socket, order, wish.password or "", now_s))
        except DatabaseFailed as error:
            if socket.session.state is State.ENTERING:
                message = f"the order of room {wish.room} can't be read right now: {error}"
                self._warden.door.expel(socket, wish.room, ErrorCode.UNAVAILABLE, message)
            return
        if socket.session.state is State.ENTERING:  # not gone meanwhile
            self._judge(socket, wish, self._warden.orders.get(wish.room) or order, proof)

    async def _check(self, socket: WebSocket, order: Order, password: str, now_s: float) -> bool:
        person = socket.person
        assert person is not None
        who = own_network(person.address) or person.id
        if self._tries.take(f"{order.room} {who}", now_s):
            return False
        return await self.passwords.check(password, order.policy.password_hash or "")

    def _judge(self, socket: WebSocket, wish: Enter, order: Order, proof: Proof) -> None:
        warden, person, author = self._warden, socket.person, socket.session.author
        assert person is not None and author is not None
        refused = judge_entry(order, warden.orders.general, person, proof, warden.now_ms())
        if refused is not None:
            warden.door.expel(socket, wish.room, refused.code, refused.message)
            return
        if proof.invite and person.account and person.id not in order.roles:
            warden.spawn(self._welcome(socket, order, wish.invite))
        warden.rooms.enter(socket, author, wish.room, wish.since)

    async def _welcome(self, socket: WebSocket, order: Order, token: str | None) -> None:
        """Whoever has an account and comes with an invite belongs to the room from then on."""
        person, invitation = socket.person, self.invitation(order, token)
        if person is None or invitation is None:
            return
        role = Role(invitation.role) if invitation.role else Role.LISTENER
        deed = self._warden.deed(person, order.room, "accept_invite", person.id, person.name, role.value)
        await self._warden.orders.run(appoint, deed, role, self._warden.limits.roles_per_room)
        await self._warden.changed(order.room)
