"""Who is meant in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.mentions import among, mentioned, name_key


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ("hi @ann", ["ann"]),
        ("@Ann, @bob! (@carol) @ann", ["ann", "bob", "carol"]),
        ('ask @"Ann Lee" or @"DJ: X"', ["ann lee", "dj: x"]),
        ("@Änn。 @Bob's", ["änn", "bob's"]),
        ("mail ann@example.org, see /@x and @@y, @ z", []),
        ("@. @… @", []),
        ('@"not closed', []),
        ('@" "', []),
        ("@\uff21\uff2e\uff2e", ["ann"]),
        ("@" + "x" * 33, ["x" * 32]),
    ],
)
def test_names_in_a_text(body: str, keys: list[str]) -> None:
    assert mentioned(body, 20) == keys


def test_there_are_so_many_at_most() -> None:
    assert mentioned("@a @b @c @d", 3) == ["a", "b", "c"]


def test_a_name_may_be_that_of_several() -> None:
    people = {"1": "Ann", "2": "bob", "3": "ann"}
    assert among(people, ["ann", "zoe"]) == {"ann": ["1", "3"]}


@given(st.text())
def test_any_text_will_do(body: str) -> None:
    for key in mentioned(body, 5):
        assert key and name_key(key)
