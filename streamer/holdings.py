"""The folders of tracks as `veza fsck` goes over them: what is there, and where it goes. Blocks.

All that fsck ever does to files is here. Nothing that may be somebody's only copy is removed: it is moved to
`lost+found/` in the data folder, under its own name.
"""

import contextlib
import os
import shutil
from pathlib import Path

from streamer import folder

TRACKS = "tracks"
LOST = "lost+found"


class Holdings:
    """`tracks/` in a data folder, or another folder of folders in it."""

    def __init__(self, data: Path, name: str = TRACKS) -> None:
        self._root = data / name
        self._lost = data / LOST

    def list(self) -> dict[str, dict[str, int]]:
        """Lengths by file name, by folder."""
        found: dict[str, dict[str, int]] = {}
        if not self._root.is_dir():
            return found
        for path in self._root.iterdir():
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # deleted meanwhile
                found[path.name] = {file.name: file.stat().st_size for file in path.iterdir()}
        return found

    def path(self, media_id: str, file: str) -> Path:
        """Where a file is."""
        return self._root / media_id / file

    def set_aside(self, media_id: str, file: str | None = None) -> None:
        """Move a file, or a whole folder, to lost+found. What is not there is fine."""
        source = self._root / media_id / (file or "")
        if not source.exists():
            return
        target = self._lost / media_id / (file or "")
        number = 1
        while target.exists():
            number += 1
            target = self._lost / f"{media_id}.{number}" / (file or "")
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        for path in (target.parent, source.parent):
            folder.sync(path, ())

    def remove(self, media_id: str, file: str | None = None) -> None:
        """Remove what is known to be nobody's: a leftover."""
        if file is None:
            folder.remove(self._root / media_id)
        else:
            (self._root / media_id / file).unlink(missing_ok=True)

    def give_source(self, media_id: str, to_id: str) -> None:
        """Let another folder have the same source: as a second name of the file where that can be."""
        source, target = self._root / media_id / "source", self._root / to_id / "source"
        target.parent.mkdir(exist_ok=True)
        draft = target.with_name(".source.part")
        draft.unlink(missing_ok=True)
        try:
            os.link(source, draft)
        except OSError:  # no file system for that
            shutil.copyfile(source, draft)
        draft.replace(target)
        folder.sync(target.parent, ["source"])
