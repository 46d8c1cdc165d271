# ruff: noqa: RUF001  # letters that look alike are what this is about
"""Names that can be taken for one another."""

import pytest

from chat.confusables import LOOKS_LIKE
from chat.names import clean_name
from chat.skeleton import RESERVED, fold, is_reserved, skeleton, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann", "Ann"),
        ("ann", "аnn"),  # Cyrillic a
        ("ann", "Ánñ"),
        ("ann", "a n n"),
        ("ann", "ann_."),
        ("mike", "MlKE"),
        ("paul", "pau1"),
        ("paul", "pauI"),
        ("marc", "rnarc"),
        ("walter", "vvalter"),
        ("bob", "b0b"),
        ("scope", "ѕсоре"),  # all Cyrillic
        ("anna", "𝕒𝓷𝖓𝑎"),
        ("anna", "ａｎｎａ"),
        ("Πάνος", "πανος"),
        ("strasse", "straße"),
    ],
)
def test_names_that_can_be_taken_for_one_another(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ann", "anna"), ("ann", "anne"), ("bob", "rob"), ("…", "!!"), ("猫", "犬"), ("и", "й2")],
)
def test_names_that_can_not(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize("name", ["...", "!", "-", "🎵", "a", "猫", "👩‍👧"])
def test_no_name_is_without_a_skeleton(name: str) -> None:
    assert skeleton(clean_name(name))


def test_a_skeleton_is_its_own() -> None:
    for name in ("ann", "Ѕсоре", "Jürgen 😀", "MIKE 1O", "ﷺ"):
        assert skeleton(skeleton(name)) == skeleton(name)


def test_the_table_is_settled() -> None:
    assert len(LOOKS_LIKE) > 2000
    assert not [point for point, shown in LOOKS_LIKE.items() if not shown or shown == chr(point)]


@pytest.mark.parametrize("name", [*RESERVED, "Admin", "ADMIN1", "[mod]", "аdmin", "v e z a", "SYSTEM!"])
def test_some_names_are_the_servers(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["ann", "modern", "adminton", "vezas", "1", "...", "mo", "robot"])
def test_others_are_anybodys(name: str) -> None:
    assert not is_reserved(name)


def test_words_are_folded_and_whole() -> None:
    assert words("Ünïted, ѕtates_of 1") == ["unlted", "states", "of", "l"]
    assert fold("A, b!") == "a, b!"
