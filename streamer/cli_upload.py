"""`veza upload`: sends recordings, shows how far they are, and says where to hear them."""

import contextlib
import http.client
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from streamer.cli_client import TRACKS, Client, UploadFailed

_POLL_S = 0.2
_STOP_TIMEOUT_S = 60
# In a folder, what is meant to be heard; a file that is named itself is sent whatever it is called.
_ENDINGS = frozenset(
    ".aac .aif .aiff .caf .flac .m4a .m4b .mka .mkv .mov .mp2 .mp3 .mp4 .oga .ogg .opus .wav .webm".split()
)


class Sent:
    """Moves a progress bar along as bytes go out. Implements `streamer.cli_client.Sent`."""

    def __init__(self, progress: Progress, task: TaskID, name: str) -> None:
        self._progress = progress
        self._task = task
        self._name = name

    def reached(self, offset: int) -> None:
        self._progress.update(self._task, completed=offset, description=f"{self._name}: uploading")

    def waits(self, why: str) -> None:
        self._progress.update(
            self._task, description=f"{self._name}: {why}; it goes on when the line is back"
        )


def upload_all(paths: Sequence[Path], server: str, token: str | None) -> int:
    """Upload one after the other. Returns the exit code: 0 if all became tracks, else 1."""
    console, errors = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
    failed = 0
    try:
        client = Client(server, token)
        files = list(_files(paths))
    except UploadFailed as error:
        errors.print(f"veza: {error}", style="red", markup=False, highlight=False)
        return 1
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=errors) as progress:
        for path in files:
            try:
                _upload_one(client, path, progress, console)
            except (UploadFailed, OSError) as error:
                failed += 1
                text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                errors.print(f"veza: {path}: {text}", style="red", markup=False, highlight=False)
    return 1 if failed else 0


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in _ENDINGS and file.is_file())
        if not found:
            raise UploadFailed(f"{path}: no recordings in this folder")
        yield from found


def _upload_one(client: Client, path: Path, progress: Progress, console: Console) -> None:
    task = progress.add_task(f"{path.name}: uploading", total=path.stat().st_size)
    ref = f"cli-{os.urandom(8).hex()}"
    watch = _Watch(client, ref, console)
    watch.start()
    try:
        track = client.send(path, ref, Sent(progress, task, path.name))
        progress.update(task, description=f"{path.name}: packaging", completed=0, total=None)
        while track["state"] not in ("ready", "failed"):
            watch.show(track)
            if track["duration_ms"]:
                done = min(1.0, track["packaged_ms"] / track["duration_ms"])
                progress.update(task, total=track["size_bytes"], completed=int(done * track["size_bytes"]))
            time.sleep(_POLL_S)
            track = client.get(f"{TRACKS}/{track['id']}")
    finally:
        watch.stop()
        progress.update(task, visible=False)
    if track["state"] == "failed":
        raise UploadFailed(track["reason"])
    watch.show(track)


class _Watch(threading.Thread):
    """Prints the links as soon as a track can be played, which may be long before the upload ends."""

    def __init__(self, client: Client, ref: str, console: Console) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._ref = ref
        self._console = console
        self._ended = threading.Event()
        self._shown = threading.Lock()

    def run(self) -> None:
        while not self._ended.wait(_POLL_S):
            with contextlib.suppress(UploadFailed, OSError, http.client.HTTPException):
                items = self._client.get(f"{TRACKS}?ref={self._ref}")["items"]
                if items and self.show(items[0]):
                    return

    def show(self, track: dict[str, Any]) -> bool:
        """Print the links if there is something to hear, once."""
        if not track["playable"]:
            return False
        if self._shown.acquire(blocking=False):
            self._ended.set()
            text = "\n".join(
                (
                    track["title"],
                    f"  page  {self._client.base}{track['links']['page']}",
                    f"  HLS   {self._client.base}{track['links']['hls']}",
                )
            )
            self._console.print(text, markup=False, highlight=False)
        return True

    def stop(self) -> None:
        self._ended.set()
        self.join(_STOP_TIMEOUT_S)
