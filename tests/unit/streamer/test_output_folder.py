"""The files of a track, when a job of a server that was killed has not noticed it yet."""

from pathlib import Path

from streamer.worker_files import OutputFolder


def test_who_comes_late_touches_nothing_of_who_came_after(tmp_path: Path) -> None:
    late = OutputFolder(tmp_path, ("aac128", "flac"))
    late.append("flac", b"of a job that nobody waits for")
    output = OutputFolder(tmp_path, ("aac128", "flac"))
    late.append("flac", b"late")
    late.keep_cover(b"late")
    late.tidy()
    output.append("aac128", b"sound")
    output.keep_cover(b"cover")
    output.tidy()
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert kept == {"aac128.mp4": b"sound", "cover": b"cover"}


def test_what_was_not_used_is_removed(tmp_path: Path) -> None:
    (tmp_path / "cover").write_bytes(b"of an earlier job")
    (tmp_path / "flac.mp4").write_bytes(b"of an earlier job")
    late, output = (OutputFolder(tmp_path, ("aac128", "flac")) for _ in range(2))
    late.tidy()
    output.append("aac128", b"sound")
    output.replace("aac128", 0, b"S")
    output.tidy()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"aac128.mp4": b"Sound"}
