import jwt
import pytest

from streamer.auth import Identity, Invitation, TokenRefused, Tokens, same_origin

SECRET = b"0123456789abcdef0123456789abcdef"
NOW_S = 1_700_000_000
tokens = Tokens(SECRET)


def test_a_token_names_who_it_was_issued_to() -> None:
    identity = tokens.verify(tokens.issue("ann", now_s=NOW_S, ttl_s=60), now_s=NOW_S)
    assert identity.name == "ann"
    assert not identity.guest


def test_one_name_is_one_identity() -> None:
    first = tokens.verify(tokens.issue("ann", now_s=NOW_S, ttl_s=60), now_s=NOW_S)
    second = tokens.verify(tokens.issue("ann", now_s=NOW_S + 9, ttl_s=90), now_s=NOW_S + 9)
    assert first == second
    assert first.id != tokens.verify(tokens.issue("bob", now_s=NOW_S, ttl_s=60), now_s=NOW_S).id


def test_a_guest_keeps_the_id() -> None:
    token = tokens.issue_guest("g1", "ann", now_s=NOW_S)
    assert tokens.verify(token, now_s=NOW_S) == Identity("g1", "ann", guest=True)


def test_a_token_may_be_an_operators() -> None:
    token = tokens.issue("ann", now_s=NOW_S, ttl_s=60, operator=True)
    operator = tokens.verify(token, now_s=NOW_S)
    assert operator.operator
    assert operator.id == tokens.verify(tokens.issue("ann", now_s=NOW_S, ttl_s=60), now_s=NOW_S).id
    claims = {"sub": "g", "name": "g", "exp": NOW_S + 1}
    for marks in ({"guest": True, "operator": True}, {"operator": 1}, {"operator": "true"}):
        assert not tokens.verify(signed(claims | marks), now_s=NOW_S).operator


def test_a_token_expires() -> None:
    token = tokens.issue("ann", now_s=NOW_S, ttl_s=60)
    tokens.verify(token, now_s=NOW_S + 59)
    with pytest.raises(TokenRefused, match="expired"):
        tokens.verify(token, now_s=NOW_S + 60)


def signed(claims: dict[str, object], secret: bytes = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret, algorithm=algorithm)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        "x" * 5000,
        signed({"sub": "a", "name": "a", "exp": NOW_S + 1}, b"another secret, of the same length"),
        signed({"sub": "a", "name": "a", "exp": NOW_S + 1}, SECRET + SECRET, "HS512"),
        jwt.encode({"sub": "a", "name": "a", "exp": NOW_S + 1}, "", algorithm="none"),
        signed({"sub": "a", "name": "a"}),
        signed({"sub": "a", "name": "a", "exp": float("nan")}),
        signed({"sub": "a", "name": "a", "exp": NOW_S + 2, "nbf": NOW_S + 1}),
        signed({"sub": "a", "name": "a", "exp": NOW_S + 2, "nbf": "soon"}),
        signed({"name": "a", "exp": NOW_S + 1}),
        signed({"sub": "a", "exp": NOW_S + 1}),
        signed({"sub": "a", "name": "", "exp": NOW_S + 1}),
        signed({"sub": "a", "name": 7, "exp": NOW_S + 1}),
    ],
)
def test_a_token_that_is_not_ours_or_says_too_little_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        tokens.verify(token, now_s=NOW_S)


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://example.org", "example.org", True),
        ("https://example.org", "EXAMPLE.org", True),
        ("http://example.org:8080", "example.org:8080", True),
        ("http://example.org:8080", "example.org", False),
        ("http://evil.example", "example.org", False),
        ("null", "example.org", False),
        ("", "", False),
        ("null", "", False),
    ],
)
def test_an_origin_is_ours_if_it_names_our_host(origin: str, host: str, same: bool) -> None:
    assert same_origin(origin, host) is same


@pytest.mark.parametrize("invitation", [Invitation("den", None, 0), Invitation("den", "speaker", 3, "01J")])
def test_an_invite_says_what_it_was_made_of_until_it_expires(invitation: Invitation) -> None:
    token = tokens.issue_invite(invitation, now_s=NOW_S, ttl_s=60)
    assert tokens.issue_invite(invitation, now_s=NOW_S, ttl_s=60) == token, "it can be shown again"
    assert tokens.verify_invite(token, now_s=NOW_S + 59) == invitation
    assert tokens.verify_invite(token, now_s=NOW_S + 60) is None
    with pytest.raises(TokenRefused):
        tokens.verify(token, now_s=NOW_S)
