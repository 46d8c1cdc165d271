"""What is done to people: measures taken and lifted, roles given, somebody sent out."""

from dataclasses import dataclass
from typing import Any

from chat.acts import Appoint, Kick, Lift, Measure, Take
from chat.errors import ErrorCode
from chat.networks import looks_like_network, read_network
from chat.order import EVERYWHERE, Order, Sanction, judge_rank
from chat.roles import FOR_GUESTS, OPERATOR_RANK, RANKS, Person, Role
from chat.slash import MAX_FOR_MS, show_span
from streamer import order_rows
from streamer.order_rows import Deed
from streamer.subjects import ActRefused, Subject, SubjectMissing, Subjects
from streamer.warden import Warden, Word

_DONE = {Measure.BAN: "banned", Measure.MUTE: "muted", Measure.SHADOW: "shadowed"}


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an act: in words for who asked, and what was made, if something was."""

    text: str
    made: Any = None


class Measures:
    """Carries out acts against people. Whether the actor may do such things at all was judged before."""

    def __init__(self, warden: Warden, subjects: Subjects) -> None:
        self._warden = warden
        self._subjects = subjects

    async def take(self, actor: Person, order: Order, act: Take) -> Done:
        """Take a measure against somebody, or a network. Raises ActRefused."""
        where = self._where(actor, order.room, act.everywhere)
        limits, now_ms = self._warden.limits, self._warden.now_ms()
        if act.for_ms is not None and not 0 < act.for_ms <= MAX_FOR_MS:
            raise ActRefused(ErrorCode.INVALID_SLASH, "the time is more than nothing, and at most ten years")
        if looks_like_network(act.subject):
            bits = (0, 0) if actor.operator else (limits.ban_min_bits_v4, limits.ban_min_bits_v6)
            network = read_network(act.subject, min_bits_v4=bits[0], min_bits_v6=bits[1])
            subject = Subject(None, str(network), False, network)
        else:
            subject = await self._ruled(actor, order, act.subject)
        sanction = Sanction(
            id=self._warden.new_id(),
            room=where,
            measure=act.measure,
            author_id=subject.id,
            name=None if subject.id is None else subject.name,
            network=subject.network,
            until=None if act.for_ms is None else now_ms + act.for_ms,
            reason=act.reason,
            by_id=actor.id,
            by_name=actor.name,
            at=now_ms,
        )
        span = "" if act.for_ms is None else f" for {show_span(act.for_ms)}"
        detail = f"{span.strip()} {act.reason}".strip()
        deed = self._deed(actor, where, act.measure.value, subject, detail)
        await self._warden.orders.run(order_rows.take, deed, sanction, limits.measures_per_room)
        await self._warden.changed(where)
        reason = f": {act.reason}" if act.reason else ""
        text = f"{subject.name} is {_DONE[act.measure]}{' everywhere' if not where else ''}{span}"
        if act.measure is not Measure.SHADOW and subject.id is not None:
            more = {"until": sanction.until, "reason": act.reason}
            self._announce(actor, order.room, _DONE[act.measure], text + reason, subject, more)
        return Done(text, sanction)

    async def lift(self, actor: Person, order: Order, act: Lift) -> Done:
        """Lift measures, by id, name, network or their own id. Raises ActRefused."""
        where = self._where(actor, order.room, act.everywhere)
        ruling = order if where else self._warden.orders.general
        found = self._meant(ruling, act)
        if not found:  # another node may have taken it a moment ago
            found = self._meant(await self._warden.orders.reload(where), act)
        if not found:
            raise SubjectMissing(f"{act.subject} is not {_DONE[act.measure]}")
        lifted = 0
        for one in found:
            subject = Subject(one.author_id, one.name or str(one.network), False, one.network)
            deed = self._deed(actor, where, f"un{act.measure.value}", subject)
            whom = (act.measure, one.author_id, one.network)
            lifted += await self._warden.orders.run(order_rows.lift, deed, *whom)
        if not lifted:  # another was quicker
            raise SubjectMissing(f"{act.subject} is not {_DONE[act.measure]}")
        await self._warden.changed(where)
        names = ", ".join(one.name or str(one.network) for one in found)
        text = f"{names}: not {_DONE[act.measure]} any more"
        if act.measure is not Measure.SHADOW and found[0].author_id is not None:
            subject = Subject(found[0].author_id, found[0].name or "", False, None)
            self._announce(actor, order.room, f"un{_DONE[act.measure]}", text, subject)
        return Done(text)

    def _meant(self, ruling: Order, act: Lift) -> list[Sanction]:
        return [
            one
            for one in ruling.in_force(self._warden.now_ms())
            if one.measure is act.measure
            and (
                act.subject in (one.id, one.author_id, str(one.network))
                or act.subject == str(one.network).removesuffix("/32")
                or (one.name is not None and one.name.casefold() == act.subject.casefold())
            )
        ]

    async def kick(self, actor: Person, order: Order, act: Kick) -> Done:
        """Send somebody out. Raises ActRefused."""
        subject = await self._ruled(actor, order, act.subject)
        assert subject.id is not None
        deed = self._deed(actor, order.room, "kick", subject, act.reason)
        await self._warden.orders.run(order_rows.note, deed)
        reason = f": {act.reason}" if act.reason else ""
        said = f"a moderator sent you out of {order.room}{reason}"
        self._warden.tell(Word("kick", order.room, subject.id, text=said))
        text = f"{subject.name} was sent out"
        self._announce(actor, order.room, "kicked", text + reason, subject, {"reason": act.reason})
        return Done(text)

    async def appoint(self, actor: Person, order: Order, act: Appoint) -> Done:
        """Give somebody a role, or take it away; an owner who makes another one hands the room on.

        Raises:
            ActRefused
        """
        subject = await self._ruled(actor, order, act.subject)
        assert subject.id is not None
        rank = OPERATOR_RANK if actor.operator else order.rank(actor)
        handed_on = act.role is Role.OWNER and not actor.operator
        if act.role is not None and RANKS[act.role] >= rank and not handed_on:
            raise ActRefused(ErrorCode.FORBIDDEN, f"you can't make somebody {act.role.value}")
        if act.role is not None and not subject.account and act.role not in FOR_GUESTS:
            raise ActRefused(
                ErrorCode.FORBIDDEN, f"{subject.name} is a guest: {act.role.value} takes an account"
            )
        role = act.role.value if act.role else "none"
        deed = self._deed(actor, order.room, "role", subject, role)
        limits = self._warden.limits
        if handed_on:
            most = limits.rooms_per_owner
            await self._warden.orders.run(order_rows.hand_on, deed, limits.roles_per_room, most)
        else:
            await self._warden.orders.run(order_rows.appoint, deed, act.role, limits.roles_per_room)
        await self._warden.changed(order.room)
        text = f"{subject.name} is {role}" if act.role else f"{subject.name} has no role any more"
        self._announce(actor, order.room, "role", text, subject, {"role": act.role and role})
        return Done(text)

    def _where(self, actor: Person, room: str, everywhere: bool) -> str:
        if everywhere and not actor.operator:
            raise ActRefused(ErrorCode.FORBIDDEN, "only who runs this server rules everywhere")
        return EVERYWHERE if everywhere else room

    async def _ruled(self, actor: Person, order: Order, subject: str) -> Subject:
        """Whom an act is meant for, if the actor may act on them. Raises ActRefused."""
        found = await self._subjects.find(order.room, subject)
        assert found.id is not None
        if refused := judge_rank(order, actor, found.id, account=found.account):
            raise ActRefused(refused.code, refused.message)
        return found

    def _deed(self, actor: Person, room: str, act: str, subject: Subject, detail: str = "") -> Deed:
        return self._warden.deed(actor, room, act, subject.id, subject.name, detail)

    def _announce(
        self,
        actor: Person,
        room: str,
        what: str,
        text: str,
        subject: Subject | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        """Have everybody in the room, now and later, see what was done."""
        if not room:
            return  # in no room
        whom = {"subject": {"id": subject.id, "name": subject.name}} if subject is not None else {}
        self._warden.announce(actor, room, text, {"what": what} | whom | (more or {}))
