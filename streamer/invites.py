"""Invites into rooms: made, listed and revoked. The token of one is all that a door looks at."""

from typing import Any

from sqlalchemy import RowMapping

from chat.acts import Invite, Revoke
from chat.errors import ErrorCode
from chat.order import Order
from chat.roles import FOR_GUESTS, Person
from chat.slash import show_span
from streamer import room as views
from streamer.auth import Invitation, Tokens
from streamer.invite_rows import keep_invite, read_invites, revoke_invite
from streamer.measures import Done
from streamer.order_rows import revoke_invites
from streamer.subjects import ActRefused, SubjectMissing
from streamer.warden import Warden


class Invites:
    """Whether the actor may was judged before."""

    def __init__(self, warden: Warden, tokens: Tokens) -> None:
        self._warden = warden
        self._tokens = tokens

    async def make(self, actor: Person, order: Order, act: Invite) -> Done:
        """Make one. `made` of what is returned is a `room.Invite`. Raises ActRefused, TooMany."""
        limits, now_ms = self._warden.limits, self._warden.now_ms()
        ttl_s = limits.invite_ttl_s if act.for_ms is None else act.for_ms / 1000
        if not 1 <= ttl_s <= limits.max_invite_ttl_s:
            raise ActRefused(
                ErrorCode.INVALID_SLASH, f"an invite is good for 1 to {limits.max_invite_ttl_s:g} s"
            )
        if act.role is not None and act.role not in FOR_GUESTS:
            raise ActRefused(ErrorCode.FORBIDDEN, f"no invite makes somebody {act.role.value}")
        role = act.role.value if act.role else None
        row = {
            "id": self._warden.new_id(),
            "room": order.room,
            "role": role,
            "generation": order.policy.invites,
            "revoked": False,
            "expires_at": now_ms + round(ttl_s) * 1000,
            "by_id": actor.id,
            "by_name": actor.name,
            "at": now_ms,
        }
        deed = self._warden.deed(
            actor, order.room, "invite", detail=f"for {show_span(round(ttl_s) * 1000)} {role or ''}".strip()
        )
        await self._warden.orders.run(keep_invite, deed, row, limits.invites_per_room)
        made = self._made(row)
        return Done(made.path, made)

    async def revoke(self, actor: Person, order: Order, act: Revoke) -> Done:
        """Let one, or none of them, be good any more. Raises ActRefused."""
        run = self._warden.orders.run
        if act.id is None:
            await run(revoke_invites, self._warden.deed(actor, order.room, "revoke_invites"))
            text = "no invite that was made until now lets anybody in"
        else:
            deed = self._warden.deed(actor, order.room, "revoke_invite", detail=act.id)
            if not await run(revoke_invite, deed, act.id):
                raise SubjectMissing(f"there is no invite {act.id[:40]} that is good")
            text = f"invite {act.id} lets nobody in any more"
        await self._warden.changed(order.room)
        return Done(text)

    async def listed(self, order: Order) -> list[views.Invite]:
        """Those that are good, newest first. Raises DatabaseFailed."""
        rows = await self._warden.orders.run(read_invites, order.room, self._warden.now_ms())
        return [self._made(row) for row in rows if row["generation"] == order.policy.invites]

    def _made(self, row: RowMapping | dict[str, Any]) -> views.Invite:
        """With the token that was given for it: the same row makes the same bytes."""
        invitation = Invitation(row["room"], row["role"], row["generation"], row["id"])
        ttl_s = (row["expires_at"] - row["at"]) // 1000
        token = self._tokens.issue_invite(invitation, now_s=row["at"] // 1000, ttl_s=ttl_s)
        more = {name: row[name] for name in ("id", "role", "expires_at", "by_id", "by_name", "at")}
        return views.Invite(token=token, path=f"/r/{row['room']}?invite={token}", **more)
