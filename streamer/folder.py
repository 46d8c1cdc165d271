"""The tracks on disk: `tracks/{id}/` with `source`, one file per rendition, `cover` and `peaks`.

Everything here blocks and runs in a thread. What must survive a power cut is synced before the database says
that it is there: the source when an upload is answered, renditions and peaks when a track becomes ready.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

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


def remove_orphans(root: Path, known: Iterable[str]) -> list[str]:
    """Remove the folders that no track has its bytes in. Returns their names.

    Names that no Veza makes are left alone: they are someone's, not ours.
    """
    keep = set(known)
    orphans = [path for path in root.iterdir() if is_id(path.name) and path.name not in keep]
    for path in orphans:
        remove(path)
    return [path.name for path in orphans]


def first_missing(path: Path, renditions: Iterable[str]) -> str | None:
    """A file that a packaged track should have in its folder and has not; None if all are there."""
    files = ["source", *(f"{name}.mp4" for name in renditions)]
    return next((file for file in files if not (path / file).is_file()), None)


def _sync_one(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
