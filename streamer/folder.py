"""The tracks on disk: `tracks/{id}/` with `source`, one file per rendition, `cover` and `peaks`.

Everything here blocks and runs in a thread. What must survive a power cut is synced before the database says
that it is there: the source when an upload is answered, renditions and peaks when a track becomes ready.
"""

import contextlib
import os
import shutil
from collections.abc import Container, Iterable, Mapping
from pathlib import Path

from hls.model import Rendition
from streamer.ids import is_id

_COPY_BYTES = 1 << 20


def make(path: Path) -> None:
    """A new track's folder."""
    path.mkdir(parents=True, mode=0o755)


def remove(path: Path) -> None:
    """Every byte of a track. Nothing to remove is fine; two who remove at once are too."""
    shutil.rmtree(path, ignore_errors=True)


def empty(path: Path, keep: Iterable[str]) -> None:
    """Remove what lies in a track's folder, but for the names to keep."""
    kept = set(keep)
    with contextlib.suppress(FileNotFoundError):
        for file in path.iterdir():
            if file.name not in kept:
                file.unlink(missing_ok=True)


def take_up(path: Path) -> int:
    """Clear the folder of an interrupted upload. Returns how many bytes of the source there are."""
    path.mkdir(parents=True, mode=0o755, exist_ok=True)
    empty(path, ["source"])
    return size(path / "source")


def size(path: Path) -> int:
    """Bytes in a file; 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def read(path: Path, max_bytes: int) -> bytes:
    """A small file.

    Raises:
        FileNotFoundError, OSError: also when it has more than `max_bytes`.
    """
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OSError(f"{path} has more than {max_bytes} bytes")
    return data


def join(path: Path, addition: Path) -> None:
    """Append one file to another, and remove it. Interrupted: the first holds a beginning of it."""
    with addition.open("rb") as coming, path.open("ab") as file:
        shutil.copyfileobj(coming, file, _COPY_BYTES)
        file.flush()
        os.fsync(file.fileno())
    addition.unlink()


def write(path: Path, data: bytes) -> None:
    """Write a small file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name}.part")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def sync(path: Path, names: Iterable[str]) -> None:
    """Wait until the named files and the folder itself are on the disk."""
    for name in names:
        _sync_one(path / name, os.O_RDONLY)
    _sync_one(path, os.O_RDONLY | os.O_DIRECTORY)
    _sync_one(path.parent, os.O_RDONLY | os.O_DIRECTORY)


def strangers(root: Path, used: Container[str]) -> list[str]:
    """Folders with the name of a track that no track has its bytes in. Empty ones are removed: a track that
    was never made.
    """
    found = []
    for path in sorted(root.iterdir()):
        if not is_id(path.name) or path.name in used:
            continue
        try:
            path.rmdir()
        except OSError:  # not empty
            found.append(path.name)
    return found


def first_missing(path: Path, renditions: Iterable[str]) -> str | None:
    """A file that a packaged track can't be played without and that is not there; None if all are."""
    files = [f"{name}.mp4" for name in renditions]
    return next((file for file in files if not (path / file).is_file()), None)


def has_all(path: Path, source_bytes: int, renditions: Mapping[str, Rendition]) -> bool:
    """Whether a packaged track's source and renditions are there, as long as they should be."""
    if not (path / "source").is_file() or size(path / "source") != source_bytes:
        return False
    return all(size(path / f"{name}.mp4") >= one.size_bytes for name, one in renditions.items())


def _sync_one(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
