"""What the front door can answer from: bytes that are ready, a span of a file, or of a stored object."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class FileBody:
    """The first `size_bytes` of a file that is never rewritten, only appended to."""

    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StoredBody:
    """All of an object in the store, which never changes. `key` is what the store knows it by."""

    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Resource:
    """One representation, ready to be answered to GET and HEAD, whole or in ranges.

    Attributes:
        media_type: Content-Type, as it goes on the wire.
        body: the whole representation.
        etag: strong entity tag, with its quotes.
        last_modified: seconds since the epoch, UTC; None for what changes more than once a second.
        cache_control: Cache-Control, as it goes on the wire.
        disposition: Content-Disposition, or None.
        encoding: Content-Encoding of the body, chosen by Accept-Encoding; or None.
    """

    media_type: str
    body: bytes | FileBody | StoredBody
    etag: str
    last_modified: int | None
    cache_control: str
    disposition: str | None = None
    encoding: str | None = None

    @property
    def size_bytes(self) -> int:
        return len(self.body) if isinstance(self.body, bytes) else self.body.size_bytes


@dataclass(frozen=True, slots=True)
class Denial:
    """Why there is nothing to answer with: a status from 400 on, and the reason for people.

    Nobody keeps it, and the connection goes on.
    """

    status: int
    detail: str

    @property
    def body(self) -> bytes:
        """RFC 9457, `application/problem+json`."""
        title = HTTPStatus(self.status).phrase
        problem = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
        return json.dumps(problem).encode()


Found = Resource | Denial


def disposition(filename: str) -> str:
    """Content-Disposition that makes a browser save the source under its own name.

    Source: RFC 6266 4.1 and D: ASCII `filename` for old readers, `filename*` (RFC 8187) for the rest.
    """
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in filename)
    value = f'attachment; filename="{plain}"'
    return value if plain == filename else f"{value}; filename*=UTF-8''{quote(filename, safe='')}"
