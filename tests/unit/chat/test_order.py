"""Who may come in, who may speak, who rules."""

from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any

import pytest

from chat.acts import Appoint, Change, Kick, Measure, Show, Take
from chat.errors import ErrorCode
from chat.order import (
    EVERYWHERE,
    Hold,
    Order,
    Pass,
    Policy,
    Proof,
    Refused,
    Sanction,
    Shadowed,
    explain,
    judge_act,
    judge_entry,
    judge_rank,
    judge_words,
)
from chat.roles import EVERY_RIGHT, FOR_GUESTS, GIVEN, RANKS, RIGHTS, Person, Right, Role

NOW = 1_795_000_000_000
HOME = ip_address("8.8.8.8")
GUEST = Person("guest-1", "gus", address=HOME)
ANN = Person("user-ann", "ann", account=True, address=HOME)
MOD = Person("user-mod", "moe", account=True)
OWNER = Person("user-own", "olga", account=True)
OPERATOR = Person("user-op", "ops", account=True, operator=True, address=HOME)
GENERAL = Order(EVERYWHERE)
NO_PROOF = Proof()
ROLES = {"user-mod": Role.MODERATOR, "user-own": Role.OWNER, "guest-s": Role.SPEAKER, "user-l": Role.LISTENER}


def sanction(measure: Measure, **changes: Any) -> Sanction:
    values: dict[str, Any] = {
        "id": "s1",
        "room": "lobby",
        "measure": measure,
        "author_id": None,
        "name": None,
        "network": None,
        "until": None,
        "reason": "",
        "by_id": "user-mod",
        "by_name": "moe",
        "at": NOW,
    }
    return Sanction(**values | changes)


def lobby(*sanctions: Sanction, filters: tuple[str, ...] = (), **policy: Any) -> Order:
    return Order("lobby", 1, Policy(**policy), ROLES, sanctions, filters)


def says(order: Order, person: Person, body: str | None = "hi", kind: str = "message") -> object:
    verdict = judge_words(order, GENERAL, person, kind, body, NOW)
    return verdict.code if isinstance(verdict, Refused) else verdict


def enters(
    order: Order, person: Person, proof: Proof = NO_PROOF, general: Order = GENERAL
) -> ErrorCode | None:
    refused = judge_entry(order, general, person, proof, NOW)
    return None if refused is None else refused.code


# --- roles


def test_every_role_is_in_the_tables_and_may_what_lower_ones_may() -> None:
    ordered = list(Role)
    assert set(RIGHTS) == set(RANKS) == set(ordered)
    for higher, lower in pairwise(ordered):
        assert RIGHTS[higher] >= RIGHTS[lower] and RANKS[higher] > RANKS[lower]
    assert RIGHTS[Role.OWNER] == EVERY_RIGHT
    assert set(FOR_GUESTS) < set(GIVEN) == set(Role) - {Role.GUEST}


def test_who_has_no_role_is_listener_or_guest() -> None:
    order = lobby()
    assert [order.role(one) for one in (OWNER, MOD, ANN, GUEST)] == [
        *(Role.OWNER, Role.MODERATOR, Role.LISTENER, Role.GUEST)
    ]
    assert order.rank(OPERATOR) > order.rank(OWNER) > order.rank(MOD) > order.rank(ANN) > order.rank(GUEST)


def test_a_room_without_an_owner_is_open_and_ruled_by_operators() -> None:
    empty = Order("lobby")
    assert says(empty, GUEST) == Pass() and enters(empty, GUEST) is None
    assert not empty.may(ANN, Right.BAN) and empty.may(OPERATOR, Right.OWN)
    assert empty.ownerless and not lobby().ownerless


def test_an_act_takes_its_right() -> None:
    order, ban = lobby(), Take(Measure.BAN, "gus")
    assert judge_act(order, MOD, ban) is None and judge_act(order, ANN, Show("help")) is None
    refused = judge_act(order, ANN, ban)
    assert refused == Refused(ErrorCode.FORBIDDEN, "that takes a moderator, and you are listener in lobby")
    assert judge_act(order, OWNER, Change(entry="members")) is None
    assert judge_act(order, MOD, Change(slow_ms=5)) is None
    refused = judge_act(order, MOD, Change(entry="open"))
    assert (refused is not None and "takes a owner" in refused.message) or "takes an owner" in str(refused)
    refused = judge_act(order, MOD, Appoint("ann", Role.OWNER))
    assert refused is not None and "owner" in refused.message
    for one in (OWNER, OPERATOR):
        assert judge_act(order, one, Appoint("ann", Role.OWNER)) is None


def test_nobody_acts_on_who_is_as_high() -> None:
    order = lobby()
    assert judge_rank(order, MOD, "guest-1", account=False) is None
    assert judge_rank(order, OWNER, "user-mod", account=True) is None
    assert judge_rank(order, OPERATOR, "user-own", account=True) is None
    for subject in ("user-own", "user-mod"):
        refused = judge_rank(order, MOD, subject, account=True)
        assert refused is not None and refused.code is ErrorCode.FORBIDDEN
    other = Order("lobby", 1, None, ROLES | {"user-mo2": Role.MODERATOR})
    refused = judge_rank(other, MOD, "user-mo2", account=True)
    assert refused is not None and "who is moderator here" in refused.message
    assert judge_act(order, MOD, Kick("x")) is None


# --- coming in


@pytest.mark.parametrize(
    ("entry", "who", "proof", "refusal"),
    [
        ("open", GUEST, Proof(), None),
        ("password", GUEST, Proof(), ErrorCode.PASSWORD_NEEDED),
        ("password", GUEST, Proof(password=True), None),
        ("password", GUEST, Proof(invite=True), None),
        ("password", MOD, Proof(), None),
        ("invite", GUEST, Proof(password=True), ErrorCode.INVITE_NEEDED),
        ("invite", GUEST, Proof(invite=True), None),
        ("members", ANN, Proof(), ErrorCode.MEMBERS_ONLY),
        ("members", Person("user-l", "lee", account=True), Proof(), None),
        ("members", Person("guest-s", "sue"), Proof(), None),
        ("members", OPERATOR, Proof(), None),
    ],
)
def test_who_may_come_in(entry: str, who: Person, proof: Proof, refusal: ErrorCode | None) -> None:
    assert enters(lobby(entry=entry), who, proof) is refusal


def test_a_ban_is_against_the_id_wherever_it_comes_from() -> None:
    order = lobby(sanction(Measure.BAN, author_id="guest-1", until=NOW + 1500, reason="spam"))
    refused = judge_entry(order, GENERAL, Person("guest-1", "other"), Proof(invite=True), NOW)
    assert refused == Refused(ErrorCode.BANNED, "you are banned in lobby for another 2 s: spam")
    assert enters(order, Person("guest-2", "gus")) is None


def test_a_ban_of_a_network_is_for_guests() -> None:
    order = lobby(sanction(Measure.BAN, network=ip_network("8.8.8.0/24")))
    assert enters(order, Person("guest-9", "new", address=HOME)) is ErrorCode.BANNED
    assert enters(order, Person("guest-9", "new", address=ip_address("8.8.9.1"))) is None
    assert enters(order, Person("guest-9", "new")) is None
    assert enters(order, ANN) is None, "accounts are known by their token"


def test_a_ban_ends() -> None:
    order = lobby(sanction(Measure.BAN, author_id="guest-1", until=NOW))
    assert enters(order, GUEST) is None and order.in_force(NOW) == []
    assert len(order.in_force(NOW - 1)) == 1


def test_a_ban_everywhere_is_one_here_and_operators_are_above_it() -> None:
    general = Order(EVERYWHERE, 1, None, None, [sanction(Measure.BAN, room=EVERYWHERE, author_id="user-op")])
    assert enters(lobby(), Person("user-op", "ops", account=True), general=general) is ErrorCode.BANNED
    assert enters(lobby(), OPERATOR, general=general) is None
    assert explain(general.in_force(NOW)[0], NOW) == "you are banned"


# --- speaking


def test_a_mute_lets_one_listen_and_take_things_back() -> None:
    order = lobby(sanction(Measure.MUTE, author_id="guest-1", reason="loud"))
    assert says(order, GUEST) is ErrorCode.MUTED and enters(order, GUEST) is None
    assert says(order, GUEST, None, "reacted") is ErrorCode.MUTED
    assert says(order, GUEST, None, "deleted") == Pass()
    assert says(order, OPERATOR) == Pass()


def test_who_is_banned_while_in_says_nothing() -> None:
    order = lobby(sanction(Measure.BAN, author_id="guest-1"))
    assert says(order, GUEST, None, "deleted") is ErrorCode.BANNED


@pytest.mark.parametrize(
    ("speakers", "silent"), [("everyone", []), ("accounts", [GUEST]), ("speakers", [GUEST, ANN])]
)
def test_who_may_speak(speakers: str, silent: list[Person]) -> None:
    order = lobby(speakers=speakers)
    for person in (GUEST, ANN, MOD, Person("guest-s", "sue")):
        expected = ErrorCode.NOT_A_SPEAKER if person in silent else Pass()
        assert says(order, person) == expected
    assert says(lobby(speakers="accounts"), Person("user-l", "lee")) == Pass()


def test_slow_mode_is_for_messages_and_not_for_moderators() -> None:
    order = lobby(slow_ms=5000)
    assert says(order, GUEST) == says(order, ANN) == Pass(5000)
    assert says(order, GUEST, None, "reacted") == Pass()
    assert says(order, MOD) == says(order, OPERATOR) == Pass()


def test_words_are_filtered_in_what_has_words() -> None:
    order = lobby(filters=("heck",))
    assert says(order, ANN, "what the hęck") is ErrorCode.FILTERED
    assert says(order, ANN, "what the heck", "edited") is ErrorCode.FILTERED
    assert (
        says(order, ANN, None, "reacted") == says(order, ANN, "check") == says(order, MOD, "heck") == Pass()
    )


def test_links_of_guests() -> None:
    order = lobby(guest_links=False)
    assert says(order, GUEST, "see https://x.example") is ErrorCode.FILTERED
    assert says(order, ANN, "see https://x.example") == says(order, GUEST, "hi") == Pass()
    assert says(lobby(), GUEST, "see https://x.example") == Pass()


def test_a_shadow_is_heard_by_nobody_and_as_slow_as_others() -> None:
    order = lobby(sanction(Measure.SHADOW, author_id="guest-1"), slow_ms=5000, hold=True)
    assert says(order, GUEST) == Shadowed(5000)
    assert says(order, GUEST, None, "unreacted") == Pass(), "what is real can be taken back"
    general = Order(EVERYWHERE, 1, None, None, [sanction(Measure.SHADOW, network=ip_network("8.8.8.8"))])
    assert judge_words(lobby(), general, GUEST, "message", "hi", NOW) == Shadowed()


def test_newcomers_wait_unless_they_have_a_voice() -> None:
    order = lobby(hold=True)
    assert says(order, GUEST) == says(order, ANN) == Hold()
    assert (
        says(order, Person("guest-s", "sue"))
        == says(order, MOD)
        == says(order, GUEST, None, "reacted")
        == Pass()
    )
