"""What somebody is told of their standing in a room."""

import pytest

from chat.order import Order
from chat.roles import EVERY_RIGHT, RIGHTS, Person, Role
from chat.standing import given, standing

ANN = Person("user-ann", "ann", account=True)
GUS = Person("guest-1", "gus")
OPS = Person("user-ops", "ops", account=True, operator=True)


def rights(role: Role) -> set[str]:
    return {right.name.lower() for right in RIGHTS[role]}


@pytest.mark.parametrize("role", [Role.OWNER, Role.MODERATOR, Role.SPEAKER, Role.LISTENER])
def test_a_role_has_its_rights(role: Role) -> None:
    owned = {"user-olga": Role.OWNER}
    told, may = standing(Order("lobby", 1, roles=owned | {ANN.id: role}), ANN)
    assert (told, set(may)) == (role.value, rights(role))


def test_who_runs_the_server_may_all_with_whatever_role() -> None:
    told, may = standing(Order("lobby", 1, roles={"user-olga": Role.OWNER}), OPS)
    assert (told, len(may)) == ("listener", len(EVERY_RIGHT))


def test_everybody_may_pin_where_nobody_owns_the_room() -> None:
    assert standing(Order("lobby"), GUS) == ("guest", ["pin"])
    assert standing(Order("lobby", 1, roles={ANN.id: Role.OWNER}), GUS) == ("guest", [])
    _, may = standing(Order("lobby", 1, roles={ANN.id: Role.MODERATOR}), ANN)
    assert may.count("pin") == 1


def test_where_nothing_is_known_nobody_is_anything() -> None:
    assert standing(None, ANN) == standing(Order("lobby"), None) == ("guest", [])


def test_roles_that_were_given_changed_and_taken() -> None:
    old = Order("lobby", 1, roles={"a": Role.OWNER, "b": Role.SPEAKER, "c": Role.LISTENER})
    new = Order("lobby", 2, roles={"a": Role.MODERATOR, "c": Role.LISTENER, "d": Role.OWNER})
    assert given(old, new) == {"a": "moderator", "b": "", "d": "owner"}
    assert given(old, old) == {}
