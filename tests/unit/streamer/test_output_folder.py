"""The files of a track, and whose they are: of who plays them meanwhile, and of a server that was killed."""

from pathlib import Path

from streamer import folder
from streamer.worker_files import OutputFolder


def test_who_comes_late_touches_nothing_of_who_came_after(tmp_path: Path) -> None:
    late = OutputFolder(tmp_path, ("aac128", "flac"))
    late.append("flac", b"of a job that nobody waits for")
    folder.empty(tmp_path, ())  # the next server begins
    output = OutputFolder(tmp_path, ("aac128", "flac"))
    late.append("flac", b"late")
    late.keep_cover(b"late")
    late.tidy()
    output.append("aac128", b"sound")
    output.keep_cover(b"cover")
    output.tidy()
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert kept == {"aac128.mp4": b"sound", "cover": b"cover"}


def test_who_has_a_file_open_reads_on_when_it_is_made_again(tmp_path: Path) -> None:
    first = OutputFolder(tmp_path, ("aac128",))
    first.append("aac128", b"so")
    first.tidy()
    with (tmp_path / "aac128.mp4").open("rb", buffering=0) as reader:
        output = OutputFolder(tmp_path, ("aac128",))
        output.append("aac128", b"sound")
        output.tidy()
        assert reader.read() == b"sound"


def test_what_was_not_used_is_removed(tmp_path: Path) -> None:
    for name in ("cover", "cover.new", "flac.mp4"):
        (tmp_path / name).write_bytes(b"of an earlier job")
    output = OutputFolder(tmp_path, ("aac128", "flac"))
    output.append("aac128", b"sound")
    output.replace("aac128", 0, b"S")
    output.tidy()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"aac128.mp4": b"Sound"}
