"""Who may bring sound to a room, and look behind its show."""

from collections.abc import Collection

from chat.acts import Measure
from chat.fields import DIRECT_PREFIX
from chat.order import Order, Proof, explain, judge_entry
from chat.roles import Person, Right, Role


def rules(order: Order, person: Person) -> bool:
    """Whether somebody has a say in every show of a room: its owner and moderators, and operators."""
    return order.may(person, Right.LIVE)


def refuse_source(order: Order, general: Order, person: Person, now_ms: int) -> str | None:
    """Why a good key is of no use to whose it is; None if it is."""
    for which in (general, order):
        if ban := which.sanction(person, Measure.BAN, now_ms):
            return explain(ban, now_ms)
    return None


def refuse_host(
    order: Order,
    general: Order,
    person: Person,
    others: Collection[str],
    *,
    guests: bool,
    now_ms: int,
) -> str | None:
    """Why somebody may not have a stream key of a room; None if they may.

    A room that nobody owns is for whoever comes first: while their keys are good, nobody else gets one. So a
    server works with nothing set up, and no stranger takes over what somebody has.

    Args:
        general: what holds everywhere.
        others: names of other people who have keys of the room.
        guests: guests may write files here.
    """
    room = order.room
    if room.startswith(DIRECT_PREFIX):
        return "a direct room has no shows"
    if person.operator:
        return None
    if refused := judge_entry(order, general, person, Proof(), now_ms):
        return refused.message
    if rules(order, person):
        return None
    if Role.OWNER in order.roles.values():
        return f"to go live in {room} takes a moderator of it, and you are {order.role(person).value}"
    if not person.account and not guests:
        return "a guest may not go live here; that takes an account's token"
    if others:
        names = ", ".join(name or "somebody" for name in sorted(others)[:3])
        return f"{room} has no owner, and {names} has stream keys of it"
    return None
