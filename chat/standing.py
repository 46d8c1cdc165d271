"""What somebody is in a room and may do there, and what a new order of the room changes of that."""

from chat.order import Order
from chat.roles import Person, Right, Role


def standing(order: Order | None, person: Person | None) -> tuple[str, list[str]]:
    """The role of somebody in a room, and their rights there, as `joined` and `rights` have them.

    Args:
        order: None where it is not known: then nobody is anything.
    """
    if order is None or person is None:
        return Role.GUEST.value, []
    may = [right.name.lower() for right in Right if order.may(person, right)]
    if "pin" not in may and order.ownerless:
        may.append("pin")
    return order.role(person).value, may


def given(old: Order, new: Order) -> dict[str, str]:
    """Roles that were given in `new` and not in `old`, by author id; empty for those that were taken away."""
    ids = sorted(old.roles.keys() | new.roles.keys())
    changed = [id for id in ids if old.roles.get(id) is not new.roles.get(id)]
    return {id: new.roles[id].value if id in new.roles else "" for id in changed}
