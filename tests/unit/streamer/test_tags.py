import msgspec
import pytest

from streamer.problems import RequestInvalid
from streamer.tags import EditedTags, Tags, TrackEdit, changes, merge, read_edits, shown, write_edits
from streamer.track import TrackRecord, view

NOTHING = dict.fromkeys(Tags.__struct_fields__)


def asked(body: str) -> dict[str, str | int | None]:
    return changes(msgspec.json.decode(body, type=TrackEdit))


def test_only_what_is_named_changes() -> None:
    assert asked("{}") == {}
    assert asked('{"title":" T ","year":1999,"genre":null}') == {"title": "T", "year": 1999, "genre": None}


def test_a_text_of_blanks_clears() -> None:
    assert asked('{"artist":"  "}') == {"artist": None}


@pytest.mark.parametrize(
    "body",
    [
        '{"title":1}',
        '{"year":"1999"}',
        '{"year":true}',
        '{"year":0}',
        '{"track_number":10000}',
        '{"disc_number":1.5}',
        '{"id":"x"}',
        '{"title":"' + "x" * 501 + '"}',
        "[]",
    ],
)
def test_what_the_schema_refuses(body: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        asked(body)


@pytest.mark.parametrize(
    "character", ["\\u0000", "\\n", "\\u001b", "\\u2028", "\\u202e", "\\u200f", "\\u0085"]
)
def test_what_is_no_line_of_text(character: str) -> None:
    with pytest.raises(RequestInvalid, match=r"^album has the character U\+"):
        asked(f'{{"album":"a{character}b"}}')


def test_an_edit_counts_more_than_the_file_and_a_cleared_title_goes_back_to_it() -> None:
    edits = merge({}, {"title": "Mine", "artist": None})
    tags = shown(NOTHING | {"title": "File's", "artist": "A", "year": 1}, edits)
    assert (tags.title, tags.artist, tags.year) == ("Mine", None, 1)
    edits = merge(edits, {"title": None})
    assert edits == {"artist": None}
    assert merge({}, {"title": None}) == {}


def test_edits_are_kept_as_json() -> None:
    edits: EditedTags = {"title": "Ünï 🎵", "year": 1999, "artist": None}
    assert read_edits(write_edits(edits)) == edits
    assert write_edits({}) is None
    assert read_edits(None) == {}


def test_a_track_shows_its_edits() -> None:
    record = TrackRecord(id="1", filename="f.mp3", media_type="a/b", created_at=1, updated_at=1, genre="Rock")
    assert (view(record).title, view(record).genre) == ("f", "Rock")
    record.edits = {"title": "T", "genre": None, "disc_number": 2}
    assert (view(record).title, view(record).genre, view(record).disc_number) == ("T", None, 2)
