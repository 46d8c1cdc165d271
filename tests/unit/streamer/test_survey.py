from pathlib import Path

import pytest
from msgspec.structs import replace

from streamer.finding import IN_WORDS, Finding, Kind, Remedy
from streamer.survey import Facts, Files, Row, judge
from streamer.track import State

OPERATIONS = Path(__file__).parents[3] / "docs/operations.md"
A, B, C = (f"01hf000000000000000000000{letter}" for letter in "abc")
WHOLE = {"source": 9, "aac128.mp4": 100, "aac64.mp4": 50, "peaks": 30}


def row(track_id: str = A, state: State = State.READY, **known: object) -> Row:
    basics = {"media_id": track_id, "size_bytes": 9, "renditions": {"aac128": 100, "aac64": 50}}
    return Row(id=track_id, state=state, **(basics | known))  # type: ignore[arg-type]


def seen(*rows: Row, files: Files, **known: object) -> list[tuple[str, str, str | None, str | None]]:
    found: list[Finding] = judge(Facts(rows, files, **known))  # type: ignore[arg-type]
    return [(it.kind, it.remedy, it.folder, it.file) for it in found]


def without(*names: str) -> dict[str, int]:
    return {name: size for name, size in WHOLE.items() if name not in names}


def test_a_whole_track_is_all_right() -> None:
    assert seen(row(), row(B, media_id=A), files={A: WHOLE}) == []
    assert seen(row(), files={A: WHOLE | {"aac64.mp4": 66}}) == [], "an index may follow; the inspection says"
    assert seen(files={"photos": {"cat.jpg": 1}}) == [], "somebody's, not ours"
    assert seen(row(), files={}, elsewhere=frozenset({A})) == [], "in a store"


def test_shared_bytes_are_judged_once() -> None:
    found = seen(row(), row(B, media_id=A), files={A: without("aac64.mp4")})
    assert found == [("rendition-lost", "package-again", A, "aac64.mp4")]


@pytest.mark.parametrize(
    ("gone", "kinds"),
    [
        (["source"], [("source-lost", "let-source-go")]),
        (["source", "aac64.mp4"], [("source-lost", "let-source-go"), ("rendition-lost", "drop-rendition")]),
        (
            ["source", "aac64.mp4", "aac128.mp4"],
            [("source-lost", "give-up"), *[("rendition-lost", "give-up")] * 2],
        ),
        (["aac64.mp4", "aac128.mp4"], [("rendition-lost", "package-again")] * 2),
        (["peaks"], [("peaks-lost", "package-again")]),
        (["peaks", "source"], [("source-lost", "let-source-go"), ("peaks-lost", "none")]),
    ],
)
def test_what_is_gone_is_made_again_from_what_is_there(gone: list[str], kinds: list[tuple[str, str]]) -> None:
    assert [it[:2] for it in seen(row(), files={A: without(*gone)})] == kinds


def test_a_source_that_is_known_to_be_lost_is_not_missed() -> None:
    assert seen(row(size_bytes=0), files={A: without("source")}) == []


def test_what_is_wrong_inside_counts() -> None:
    faults = {(A, "source"): "another hash", (A, "aac64.mp4"): "a box", (B, "source"): "not asked"}
    found = seen(row(), row(B), files={A: WHOLE, B: WHOLE}, faults=faults)
    assert found == [
        ("source-damaged", "let-source-go", A, "source"),
        ("rendition-damaged", "drop-rendition", A, "aac64.mp4"),
        ("source-damaged", "let-source-go", B, "source"),
    ]


def test_a_table_that_can_not_be_read_is_made_again() -> None:
    assert seen(row(renditions={}), files={A: without("aac128.mp4", "aac64.mp4")}) == [
        ("table-lost", "package-again", A, None)
    ]
    assert seen(row(renditions={"aac128": None, "aac64": 50}), files={A: WHOLE}) == [
        ("table-lost", "package-again", A, "aac128.mp4")
    ]


def test_a_cover_belongs_to_who_has_one() -> None:
    assert seen(row(has_cover=True), files={A: WHOLE}) == [("cover-lost", "package-again", A, "cover")]
    assert seen(row(has_cover=True), files={A: WHOLE | {"cover": 3}}) == []


def test_files_in_its_own_folder_are_used_and_not_put_away() -> None:
    assert seen(row(media_id=B), files={A: WHOLE}) == [("media-elsewhere", "relink", B, None)]
    assert seen(row(media_id=B), files={A: without("source")})[-1] == ("folder-unknown", "set-aside", A, None)


def test_what_failed_for_want_of_files_is_looked_at_again() -> None:
    failed = row(state=State.FAILED)
    assert seen(failed, files={A: WHOLE}) == [("files-back", "revive", A, None)]
    assert seen(failed, files={A: {"source": 9}}) == [("rendition-lost", "package-again", A, None)]
    assert seen(failed, files={}) == [], "they agree that it is lost"
    assert seen(row(state=State.FAILED, renditions={}), files={A: {"source": 9}}) == [
        ("file-unknown", "set-aside", A, "source")
    ]


def test_what_is_not_finished() -> None:
    files = {A: {"source": 5, "aac128.mp4": 3, "cover.new": 1}}
    receiving = row(state=State.RECEIVING, size_bytes=0, renditions={})
    assert seen(replace(receiving, resumable=True), files={A: {"source": 5, "chunk": 2}}) == [
        ("leftover", "remove", A, "chunk")
    ]
    assert seen(receiving, files={A: {"source": 5}}) == [("upload-ended", "give-up", A, None)]
    assert seen(row(state=State.PACKAGING, size_bytes=5, renditions={}), files=files) == []
    assert seen(row(state=State.PACKAGING, renditions={}), files=files) == [
        ("source-lost", "give-up", A, "source")
    ]


def test_what_nobody_asks_for() -> None:
    files = {A: WHOLE | {"flac.mp4": 7, ".peaks.part": 1}, B: {"source": 5}, C: {}}
    assert seen(row(), files=files) == [
        ("leftover", "remove", A, ".peaks.part"),
        ("file-unknown", "set-aside", A, "flac.mp4"),
        ("folder-unknown", "set-aside", B, None),
        ("leftover", "remove", C, None),
    ]
    assert seen(row(), files={A: WHOLE, B: {"source": 5}}, leftovers=frozenset({B})) == [
        ("leftover", "remove", B, None)
    ]


def test_a_duplicate_of_nothing() -> None:
    assert seen(row(duplicate_of=B), row(B), files={A: WHOLE, B: WHOLE}) == []
    assert seen(row(duplicate_of=C), files={A: WHOLE}) == [("original-gone", "forget-original", None, None)]


def test_every_kind_and_remedy_is_explained() -> None:
    words = OPERATIONS.read_text()
    assert [it for it in (*Kind, *Remedy) if f"`{it}`" not in words] == []
    assert set(IN_WORDS) == set(Remedy)
