from typing import Any

import pytest

from streamer.grouping import album_id, keys_of, membership, sort_key
from streamer.ids import is_id
from streamer.tags import Tags

NONE: dict[str, Any] = dict.fromkeys(Tags.__struct_fields__)


def tags(**known: Any) -> Tags:
    return Tags(**(NONE | known))


def test_tracks_belong_together_by_album_artist_or_else_artist() -> None:
    one = album_id(tags(album="Blue", artist="Joni Mitchell"))
    assert one is not None and is_id(one)
    assert album_id(tags(album=" BLUE ", artist="joni  mitchell")) == one
    assert album_id(tags(album="Blue", artist="A Guest", album_artist="Joni Mitchell")) == one
    assert album_id(tags(album="Blue", artist="Someone")) != one
    assert album_id(tags(album="Blue")) != one
    assert album_id(tags(album="Joni Mitchell", artist="Blue")) != one
    assert album_id(tags(artist="Joni Mitchell")) is None


def test_an_id_is_the_same_for_ever() -> None:
    assert album_id(tags(album="Blue", artist="Joni Mitchell")) == "7kxsnaw2wg03yqken4hvb6g8z7"


@pytest.mark.parametrize(
    ("disc", "number", "later"),
    [
        ((1, 1), (1, 2), True),
        ((None, 9), (1, 10), True),
        ((1, None), (2, 1), True),
        ((2, 1), (1, 9999), False),
    ],
)
def place_of(disc: int | None, number: int | None) -> int:
    found = membership(
        tags(album="A", disc_number=disc, track_number=number), duration_ms=1, has_cover=False, measured=False
    )
    assert found is not None
    return found.place


def test_tracks_go_by_disc_and_number() -> None:
    places = [place_of(*each) for each in ((None, 1), (1, 2), (1, 9999), (1, None), (2, 1), (9999, None))]
    assert places == sorted(places) and len(set(places)) == len(places)
    assert place_of(None, 1) == place_of(1, 1)
    assert max(places) < 1 << 31


def test_albums_go_by_artist_year_and_title() -> None:
    albums = [("B", "Älter", 1999), ("a", "älter", 2001), ("A", "Älter", None), ("A", "Altera", 1990)]
    keys = [sort_key("0", title, artist, year) for title, artist, year in albums]
    assert keys == sorted(keys)
    first, end = keys_of("ALTER")
    assert [first <= key < end for key in keys] == [True, True, True, False]
    assert len(sort_key("0" * 26, "ﷺ" * 512, "ﷺ" * 512, 9999).encode()) < 2000
