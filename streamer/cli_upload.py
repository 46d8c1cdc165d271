"""`veza upload`: sends recordings, shows how far they are, and says where to hear them."""

import contextlib
import http.client
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

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

_CHUNK_BYTES = 256 << 10
_TIMEOUT_S = 60
_POLL_S = 0.2
_TRACKS = "/api/v1/tracks"
# In a folder, what is meant to be heard; a file that is named itself is sent whatever it is called.
_ENDINGS = frozenset(
    ".aac .aif .aiff .caf .flac .m4a .m4b .mka .mkv .mov .mp2 .mp3 .mp4 .oga .ogg .opus .wav .webm".split()
)


class UploadFailed(Exception):
    """One recording did not become a track; the text says why."""


class Client:
    """The few requests that uploading takes. Each has a connection of its own: two go on at once."""

    def __init__(self, server: str, token: str | None) -> None:
        parts = urlsplit(server if "://" in server else f"http://{server}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UploadFailed(f"{server!r} is not the address of a server, such as http://127.0.0.1:8080")
        self.base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._parts = parts
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> Any:
        """The JSON that a path answers.

        Raises:
            UploadFailed: it answers something else, or nothing.
        """
        with self._connect() as connection:
            connection.request("GET", self._parts.path.rstrip("/") + path, headers=self._headers)
            return _answer(connection)

    def send(self, path: Path, ref: str, sent: "Sent") -> Any:
        """Send a file; returns the track.

        Raises:
            UploadFailed: the server refused, or the line broke.
            OSError: the file can't be read.
        """
        with path.open("rb") as file, self._connect() as connection:
            query = f"?filename={quote(path.name)}&ref={ref}"
            connection.putrequest("POST", self._parts.path.rstrip("/") + _TRACKS + query)
            for name, value in self._headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Type", "application/octet-stream")
            connection.putheader("Content-Length", str(os.fstat(file.fileno()).st_size))
            connection.endheaders()
            # A server that refuses answers before it has read everything, and then stops reading.
            with contextlib.suppress(ConnectionError):
                while chunk := file.read(_CHUNK_BYTES):
                    connection.send(chunk)
                    sent.add(len(chunk))
            return _answer(connection)

    @contextlib.contextmanager
    def _connect(self) -> Iterator[http.client.HTTPConnection]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.netloc, timeout=_TIMEOUT_S)
        try:
            connection.connect()
        except OSError as error:
            raise UploadFailed(f"no answer from {self.base}: {error.strerror or error}") from None
        try:
            yield connection
        finally:
            connection.close()


class Sent:
    """Moves a progress bar along as bytes go out."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def add(self, size: int) -> None:
        self._progress.advance(self._task, size)


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
        track = client.send(path, ref, Sent(progress, task))
        progress.update(task, description=f"{path.name}: packaging", completed=0, total=None)
        while track["state"] not in ("ready", "failed"):
            watch.show(track)
            if track["duration_ms"]:
                done = min(1.0, track["packaged_ms"] / track["duration_ms"])
                progress.update(task, total=track["size_bytes"], completed=int(done * track["size_bytes"]))
            time.sleep(_POLL_S)
            track = client.get(f"{_TRACKS}/{track['id']}")
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
                items = self._client.get(f"{_TRACKS}?ref={self._ref}")["items"]
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
        self.join(_TIMEOUT_S)


def _answer(connection: http.client.HTTPConnection) -> Any:
    try:
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise UploadFailed(f"the line broke: {error}") from None
    try:
        content = json.loads(body)
    except ValueError:
        content = {}
    if not 200 <= response.status < 300:
        detail = content.get("detail") or content.get("title") or response.reason
        raise UploadFailed(f"refused ({response.status}): {detail}")
    return content
