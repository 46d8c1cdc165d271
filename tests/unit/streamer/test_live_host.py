"""Who may have a stream key of a room."""

import pytest

from chat.acts import Measure
from chat.order import Order, Policy, Sanction
from chat.roles import Person, Role
from streamer.live.host import refuse_host, refuse_source, rules

NOW = 1_795_000_000_000
ANN = Person("user-1", "ann", account=True)
BOB = Person("user-2", "bob", account=True)
GUS = Person("guest-1", "Gus")
OPERATOR = Person("user-9", "op", account=True, operator=True)
GENERAL = Order("")
FREE = Order("radio")
OWNED = Order("radio", 1, Policy(), {"user-1": Role.OWNER, "user-2": Role.SPEAKER})


def refused(order: Order, person: Person, *others: str, guests: bool = True) -> str | None:
    return refuse_host(order, GENERAL, person, others, guests=guests, now_ms=NOW)


@pytest.mark.parametrize("person", [ANN, BOB, GUS, OPERATOR])
def test_a_room_of_nobody_is_for_who_comes_first(person: Person) -> None:
    assert refused(FREE, person) is None
    if not person.operator:
        assert refused(FREE, person, "eve") == "radio has no owner, and eve has stream keys of it"


def test_a_room_with_an_owner_is_for_who_rules_it() -> None:
    assert refused(OWNED, ANN, "eve") is None and refused(OWNED, OPERATOR) is None
    assert refused(OWNED, BOB) == "to go live in radio takes a moderator of it, and you are speaker"
    assert "you are guest" in (refused(OWNED, GUS) or "")
    moderated = Order("radio", 1, Policy(), {"user-1": Role.OWNER, "user-2": Role.MODERATOR})
    assert refused(moderated, BOB) is None and rules(moderated, BOB) and not rules(moderated, GUS)


def test_where_uploads_take_a_token_so_do_shows() -> None:
    assert "takes an account's token" in (refused(FREE, GUS, guests=False) or "")
    assert refused(FREE, BOB, guests=False) is None


def test_who_is_banned_has_no_key_and_a_direct_room_no_show() -> None:
    ban = Sanction("1", "radio", Measure.BAN, "user-2", "bob", None, None, "noise", "user-1", "ann", NOW - 1)
    banned = Order("radio", 1, Policy(), {}, [ban])
    assert "banned" in (refused(banned, BOB) or "")
    assert "banned" in (refuse_source(banned, GENERAL, BOB, NOW) or "")
    assert refuse_source(banned, GENERAL, ANN, NOW) is None
    everywhere = Order("", 1, Policy(), {}, [ban])
    assert "banned" in (refuse_source(FREE, everywhere, BOB, NOW) or "")
    assert refused(Order("direct:x"), OPERATOR) == "a direct room has no shows"
