"""The server as `veza upload` sees it: a few requests, and uploads that outlive a broken line.

Uploads go by tus 1.0: after a cut the server says how much it has, and the rest follows.
"""

import base64
import contextlib
import http.client
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

TRACKS = "/api/v1/tracks"
_UPLOADS = "/api/v1/uploads"
_TUS = {"Tus-Resumable": "1.0.0"}
_CHUNK_BYTES = 256 << 10
_TIMEOUT_S = 60
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 15.0
# A server that is being updated is back within this; so is a train behind its tunnel.
_PATIENCE_S = 300.0
# Statuses that may be gone in a moment. 409: the upload ends elsewhere by now, which a look tells.
_PASSING = frozenset({409, 423, 429, 500, 502, 503, 504})


class UploadFailed(Exception):
    """One recording did not become a track; the text says why."""


class LineBroken(UploadFailed):
    """No answer, or one that says to come back: trying again may help."""


class Sent(Protocol):
    """Is told how an upload goes on."""

    def reached(self, offset: int) -> None:
        """So many bytes are on their way or there."""

    def waits(self, why: str) -> None:
        """Nothing goes out for now."""


class Client:
    """Talks to one server. Each request has a connection of its own: two threads may ask at once."""

    def __init__(self, server: str, token: str | None, patience_s: float = _PATIENCE_S) -> None:
        parts = urlsplit(server if "://" in server else f"http://{server}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UploadFailed(f"{server!r} is not the address of a server, such as http://127.0.0.1:8080")
        self.base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._parts = parts
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._patience_s = patience_s

    def get(self, path: str) -> Any:
        """The JSON that a path answers.

        Raises:
            UploadFailed: it answers something else, or nothing.
        """
        with self._connect() as connection:
            with _line():
                connection.request("GET", self._path(path), headers=self._headers)
            return json.loads(_body(connection)[1])

    def send(self, path: Path, ref: str, sent: Sent) -> Any:
        """Send a file, going on after every cut; returns the track.

        Raises:
            UploadFailed: the server refused, or the line stayed broken for five minutes.
            OSError: the file can't be read.
        """
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            upload = self._create(path.name, ref, size)
            try:
                self._send_all(file, upload, size, sent)
            except KeyboardInterrupt:
                with contextlib.suppress(UploadFailed):
                    self._ask("DELETE", upload)
                raise
        return self.get(f"{TRACKS}/{upload.rpartition('/')[2]}")

    def _create(self, filename: str, ref: str, size: int) -> str:
        known = {"filename": filename, "ref": ref}
        metadata = ",".join(
            f"{key} {base64.b64encode(os.fsencode(text)).decode()}" for key, text in known.items()
        )
        headers = self._ask("POST", _UPLOADS, {"Upload-Length": str(size), "Upload-Metadata": metadata})
        return f"{_UPLOADS}/{headers['Location'].rpartition('/')[2]}"

    def _send_all(self, file: IO[bytes], upload: str, size: int, sent: Sent) -> None:
        offset, reached, pause_s = 0, 0, _FIRST_PAUSE_S
        stuck_since_s: float | None = None
        broken = False
        while True:
            try:
                if broken:
                    # Whatever was known of the offset is old: bytes of the broken line may still have come.
                    offset = int(self._ask("HEAD", upload)["Upload-Offset"])
                    sent.reached(offset)
                    if offset > reached:
                        reached, pause_s, stuck_since_s = offset, _FIRST_PAUSE_S, None
                    broken = False
                if offset < size:
                    self._send_rest(file, upload, offset, size, sent)
                return
            except LineBroken as error:
                broken = True
                now_s = time.monotonic()
                stuck_since_s = now_s if stuck_since_s is None else stuck_since_s
                if now_s - stuck_since_s > self._patience_s:
                    raise
                sent.waits(str(error))
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _send_rest(self, file: IO[bytes], upload: str, offset: int, size: int, sent: Sent) -> None:
        file.seek(offset)
        with self._connect() as connection:
            connection.putrequest("PATCH", self._path(upload))
            fields = self._headers | _TUS | {"Content-Type": "application/offset+octet-stream"}
            for name, value in fields.items():
                connection.putheader(name, value)
            connection.putheader("Upload-Offset", str(offset))
            connection.putheader("Content-Length", str(size - offset))
            with _line():
                connection.endheaders()
            while offset < size:
                chunk = file.read(min(_CHUNK_BYTES, size - offset))
                if not chunk:
                    raise UploadFailed(f"the file became shorter: {offset} bytes, it had {size}")
                try:
                    connection.send(chunk)
                except OSError:
                    break  # a server that refuses answers before it has read everything, and stops reading
                offset += len(chunk)
                sent.reached(offset)
            _body(connection)

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> http.client.HTTPMessage:
        with self._connect() as connection:
            with _line():
                connection.request(method, self._path(path), headers=self._headers | _TUS | (headers or {}))
            return _body(connection)[0]

    def _path(self, path: str) -> str:
        return self._parts.path.rstrip("/") + path

    @contextlib.contextmanager
    def _connect(self) -> Iterator[http.client.HTTPConnection]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.netloc, timeout=_TIMEOUT_S)
        try:
            connection.connect()
        except OSError as error:
            raise LineBroken(f"no answer from {self.base}: {error.strerror or error}") from None
        try:
            yield connection
        finally:
            connection.close()


@contextlib.contextmanager
def _line() -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise LineBroken(f"the line broke: {error}") from None


def _body(connection: http.client.HTTPConnection) -> tuple[http.client.HTTPMessage, bytes]:
    with _line():
        response = connection.getresponse()
        body = response.read()
    if 200 <= response.status < 300:
        return response.headers, body
    try:
        problem = json.loads(body)
        detail = problem.get("detail") or problem.get("title")
    except (ValueError, AttributeError):
        detail = None
    kind = LineBroken if response.status in _PASSING else UploadFailed
    raise kind(f"refused ({response.status}): {detail or response.reason}")
