"""How things stand in a room, in words for the chat line."""

from typing import Literal

from sqlalchemy import RowMapping

from chat.order import Order, Sanction
from chat.roles import Person
from chat.slash import help_text, show_span
from streamer.invite_rows import read_invites
from streamer.order_rows import read_audit, read_roles
from streamer.people_rows import read_held, read_reports
from streamer.warden import Warden

What = Literal["help", "bans", "roles", "policy", "filters", "held", "reports", "audit", "invites"]
_MAX_LINES = 30
_MAX_BODY_CHARS = 120


class Showing:
    """Answers questions about the order of a room. At most 30 lines; the API has all."""

    def __init__(self, warden: Warden) -> None:
        self._warden = warden

    async def show(self, actor: Person, order: Order, what: What) -> str:
        """What is asked for, one line each. Raises DatabaseFailed."""
        if what == "help":
            return help_text(lambda act: order.may_do(actor, act))
        lines = await self._lines(order, what)
        if not lines:
            return f"{what}: none"
        cut = [f"and {len(lines) - _MAX_LINES} more"] if len(lines) > _MAX_LINES else []
        return "\n".join([*lines[:_MAX_LINES], *cut])

    async def _lines(self, order: Order, what: What) -> list[str]:
        run, room = self._warden.orders.run, order.room
        if what == "bans":
            now_ms = self._warden.now_ms()
            return [_sanction(one, now_ms) for one in order.in_force(now_ms)]
        if what == "roles":
            return [
                f"{row['name']}: {row['role']} ({row['author_id']})" for row in await run(read_roles, room)
            ]
        if what == "filters":
            return list(order.filters)
        if what == "held":
            since_ms = self._warden.now_ms() - round(self._warden.limits.held_ttl_s * 1000)
            held = await run(read_held, room, since_ms)
            return [f"{row['author_name']} ({row['id']}): {row['body'][:_MAX_BODY_CHARS]}" for row in held]
        if what == "reports":
            return [
                f"{row['id']}: {row['by_name']} on {row['message_id'] or row['name']} {row['reason']} "
                f"{row['body'][:_MAX_BODY_CHARS]}".rstrip()
                for row in await run(read_reports, room)
            ]
        if what == "invites":
            now_ms = self._warden.now_ms()
            return [_invite(row, now_ms) for row in await run(read_invites, room, now_ms)]
        if what == "audit":
            return [
                f"{row['by_name']}: {row['act']} {row['subject']} {row['detail']}".rstrip()
                for row in await run(read_audit, room, None, _MAX_LINES)
            ]
        policy = order.policy
        return [
            f"entry: {policy.entry}",
            f"speakers: {policy.speakers}",
            f"slow: {show_span(policy.slow_ms) if policy.slow_ms else 'off'}",
            f"hold: {'on' if policy.hold else 'off'}",
            f"guests' links: {'on' if policy.guest_links else 'off'}",
        ]


def _invite(row: RowMapping, now_ms: int) -> str:
    left = show_span(max(row["expires_at"] - now_ms, 1000) // 1000 * 1000)
    return f"{row['id']} for {left} by {row['by_name']} {row['role'] or ''}".rstrip()


def _sanction(one: Sanction, now_ms: int) -> str:
    whom = " ".join(part for part in (one.name, one.author_id, str(one.network or "")) if part)
    left = "for good" if one.until is None else f"for {show_span((one.until - now_ms) // 1000 * 1000)}"
    return f"{one.measure.value} {whom} {left} by {one.by_name} {one.reason}".rstrip()
