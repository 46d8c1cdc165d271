"""Behind the API of rooms: who asks, whether they may, and errors as problems."""

from aiohttp import web

from chat.acts import AnyAct, Measure, Show
from chat.errors import ErrorCode
from chat.fields import DIRECT_PREFIX
from chat.order import Order, Proof, judge_act, judge_entry
from chat.roles import Person
from streamer import room as views
from streamer.auth import Identity
from streamer.directs import Directs
from streamer.gatekeeper import Gatekeeper
from streamer.measures import Done
from streamer.moderator import Moderator
from streamer.order_rows import Taken, TooMany, read_audit, read_filters, read_roles
from streamer.peers import Peers
from streamer.problems import (
    LogAway,
    OrderFull,
    Problem,
    RateLimited,
    ReportUnknown,
    RequestInvalid,
    RoleMissing,
    RoomTaken,
    SubjectUnknown,
)
from streamer.subjects import ActRefused, SubjectMissing
from streamer.warden import Warden


class RoomDesk:
    """Does for routes what the chat line does for deeds: finds the person, and translates what is refused."""

    def __init__(
        self, warden: Warden, moderator: Moderator, directs: Directs, peers: Peers, gatekeeper: Gatekeeper
    ) -> None:
        self._warden = warden
        self._moderator = moderator
        self._directs = directs
        self._peers = peers
        self._gatekeeper = gatekeeper

    def person(self, request: web.Request) -> Person:
        """Who asks. Raises TokenMissing."""
        return self._person(request, self._gatekeeper.known(request))

    def account(self, request: web.Request) -> Person:
        """Who asks, with an account.

        Raises:
            TokenMissing, RoleMissing
        """
        person = self.person(request)
        if not person.account:
            raise RoleMissing("a guest can't own a room; that takes an account's token")
        return person

    def somebody(self, request: web.Request) -> Person | None:
        """Who asks, or None without a token. Raises TokenMissing for one that is no good."""
        if "Authorization" not in request.headers:
            return None
        return self.person(request)

    async def carry_out(self, request: web.Request, room: str, act: AnyAct) -> Done:
        """Do what is asked for; `room` is "" for all of them.

        Raises:
            Problem: why not.
        """
        try:
            return await self._moderator.carry_out(self.person(request), room, act)
        except ActRefused as refused:
            raise _problem(refused) from None

    async def found(self, person: Person, room: str) -> None:
        """Make a room. Raises RoomTaken, OrderFull."""
        try:
            await self._moderator.found(person, room)
        except Taken as error:
            raise RoomTaken(str(error)) from None
        except TooMany as error:
            raise OrderFull(str(error)) from None

    async def view(self, room: str, person: Person | None) -> views.Room:
        """A room, and what somebody is there."""
        order = await self._warden.orders.load(room)
        role = None if person is None else order.role(person).value
        return views.Room(room, views.view_policy(order), role)

    async def check_reader(self, request: web.Request, room: str) -> None:
        """Whether somebody may read what was said in a room: where not everybody may come in, who has a role.

        Raises:
            TokenMissing, RoleMissing
        """
        if room.startswith(DIRECT_PREFIX) and not await self._directs.may_enter(
            self.person(request).id, room
        ):
            raise RoleMissing(f"{room} is a direct room of others")
        order = await self._warden.orders.load(room)
        if order.policy.entry == "open":
            return
        proof, now_ms = Proof(), self._warden.now_ms()
        if refused := judge_entry(order, self._warden.orders.general, self.person(request), proof, now_ms):
            raise RoleMissing(refused.message)

    async def order(self, request: web.Request, room: str, act: Show) -> Order:
        """The order of a room, for who may ask for that. Raises RoleMissing, TokenMissing."""
        person = self.person(request)
        if not room and not person.operator:
            raise RoleMissing("only who runs this server rules everywhere")
        order = await self._warden.orders.load(room) if room else self._warden.orders.general
        if refused := judge_act(order, person, act):
            raise RoleMissing(refused.message)
        return order

    async def roles(self, request: web.Request, room: str) -> views.Members:
        await self.order(request, room, Show("roles"))
        return views.view_members(await self._warden.orders.run(read_roles, room))

    async def measures(self, request: web.Request, room: str) -> views.Measures:
        order = await self.order(request, room, Show("bans"))
        return views.Measures([views.view_measure(one) for one in order.in_force(self._warden.now_ms())])

    async def measure_of(self, request: web.Request, room: str, id: str) -> Measure:
        """Of which kind a measure is. Raises SubjectUnknown, RoleMissing."""
        order = await self.order(request, room, Show("bans"))
        for one in order.in_force(self._warden.now_ms()):
            if one.id == id:
                return one.measure
        raise SubjectUnknown(f"there is no measure {id[:40]} in force")

    async def filters(self, request: web.Request, room: str) -> views.Filters:
        await self.order(request, room, Show("filters"))
        rows = await self._warden.orders.run(read_filters, room)
        written = [row["written"] or row["word"] for row in rows]
        return views.Filters([row["word"] for row in rows], written)

    async def invites(self, request: web.Request, room: str) -> views.Invites:
        order = await self.order(request, room, Show("invites"))
        return views.Invites(await self._moderator.invites.listed(order))

    async def held(self, request: web.Request, room: str) -> views.HeldMessages:
        await self.order(request, room, Show("held"))
        return views.HeldMessages(views.view_rows(views.Held, await self._moderator.reviews.held(room)))

    async def reports(self, request: web.Request, room: str) -> views.Reports:
        await self.order(request, room, Show("reports"))
        return views.Reports(views.view_rows(views.Report, await self._moderator.reviews.reports(room)))

    async def settle(self, request: web.Request, room: str, report_id: str) -> None:
        """A report was seen to. Raises ReportUnknown, RoleMissing."""
        await self.order(request, room, Show("reports"))
        if not await self._moderator.reviews.settle(self.person(request), room, report_id):
            raise ReportUnknown(f"there is no report {report_id[:40]} in {room}")

    async def audit(self, request: web.Request, room: str, limit: int, cursor: str | None) -> views.AuditPage:
        await self.order(request, room, Show("audit"))
        rows = await self._warden.orders.run(read_audit, room, cursor, limit + 1)
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return views.AuditPage(views.view_rows(views.AuditLine, rows[:limit]), more)

    def _person(self, request: web.Request, identity: Identity) -> Person:
        account, address = not identity.guest, self._peers.address_of(request)
        person = Person(identity.id, identity.name, account, identity.operator, address)
        self._warden.meet(person)
        return person


def _problem(refused: ActRefused) -> Problem:
    text = str(refused)
    if isinstance(refused, SubjectMissing):
        return SubjectUnknown(text)
    if isinstance(refused.__cause__, TooMany):
        return OrderFull(text)
    if refused.code is ErrorCode.RATE_LIMITED:
        return RateLimited(text, refused.retry_ms or 1000)
    if refused.code is ErrorCode.NOT_STORED:
        return LogAway(text)
    return RoleMissing(text) if refused.code is ErrorCode.FORBIDDEN else RequestInvalid(text)
