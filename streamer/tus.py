"""tus 1.0 without a socket: header fields in, commands and verdicts out.

Source: the tus resumable upload protocol 1.0.0: core, and the extensions creation (with a length that comes
later), creation-with-upload, termination, checksum and expiration.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal, cast

from streamer.body import clean_filename, safe_media_type
from streamer.problems import (
    MediaTypeUnsupported,
    OffsetWrong,
    RequestInvalid,
    TusVersionUnsupported,
    UploadTooLarge,
)

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-defer-length,creation-with-upload,termination,checksum,expiration"
BODY_TYPE = "application/offset+octet-stream"
# "The Tus-Checksum-Algorithm header MUST include at least sha1".
ALGORITHMS = ("sha1", "sha256", "md5")

_NUMBER = re.compile(r"[0-9]{1,18}")
_REF = re.compile(r"[^\x00-\x1f\x7f]{1,128}")
_MAX_METADATA_LENGTH = 4096

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request must add up to."""

    algorithm: Literal["sha1", "sha256", "md5"]
    digest: bytes

    def new_hash(self) -> "hashlib._Hash":
        """To be fed with the bytes."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


@dataclass(frozen=True, slots=True)
class Creation:
    """A request for a new upload.

    Attributes:
        length: of the recording, in bytes; None: the client will say later.
        metadata: Upload-Metadata as it was sent.
        filename: never part of a path.
        media_type: safe to send from our origin.
        ref: the client's own mark.
        has_body: the first bytes come along.
    """

    length: int | None
    metadata: str | None
    filename: str
    media_type: str
    ref: str | None
    has_body: bool


@dataclass(frozen=True, slots=True)
class Addition:
    """A request to add bytes: where they begin, and the upload's length if it is said only now."""

    offset: int
    length: int | None
    checksum: Checksum | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an upload is.

    Attributes:
        offset: bytes that have come.
        length: of the whole, None while unknown.
        expires_at: ms since the epoch; None: never.
    """

    id: str
    offset: int
    length: int | None
    metadata: str | None
    expires_at: int | None


def check_version(headers: Headers) -> None:
    """Whether the client speaks our version.

    Raises:
        TusVersionUnsupported: "the Server MUST respond with the 412 Precondition Failed status".
    """
    said = headers.get("Tus-Resumable")
    if said != VERSION:
        raise TusVersionUnsupported(
            f"Tus-Resumable is {'missing' if said is None else repr(said[:40])}; this is {VERSION}"
        )


def read_creation(headers: Headers, max_bytes: int) -> Creation:
    """What a POST asks for.

    Raises:
        RequestInvalid, MediaTypeUnsupported: the client breaks the protocol.
        UploadTooLarge: "If the length of the upload exceeds the maximum, the Server MUST respond with 413".
    """
    length = _number(headers, "Upload-Length")
    deferred = headers.get("Upload-Defer-Length")
    # "The request MUST include one of the following headers", and "Upload-Defer-Length ... MUST be 1".
    if deferred not in (None, "1"):
        raise RequestInvalid(f"Upload-Defer-Length is {deferred[:40]!r}, not 1")
    if (length is None) == (deferred is None):
        raise RequestInvalid("exactly one of Upload-Length and Upload-Defer-Length must be there")
    _check_length(length, max_bytes)
    metadata = headers.get("Upload-Metadata")
    known = read_metadata(metadata or "")
    filename = clean_filename(known.get("filename") or known.get("name"))
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    has_body = headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in headers
    if has_body and content_type != BODY_TYPE:
        raise MediaTypeUnsupported(f"Content-Type of an upload's bytes is {BODY_TYPE}, not {content_type!r}")
    return Creation(
        length,
        metadata,
        filename,
        safe_media_type(known.get("filetype") or known.get("type") or "", filename),
        _ref(known.get("ref") or None),
        has_body,
    )


def read_addition(headers: Headers, max_bytes: int) -> Addition:
    """What a PATCH asks for.

    Raises:
        RequestInvalid, MediaTypeUnsupported, UploadTooLarge: the client's fault.
    """
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != BODY_TYPE:
        raise MediaTypeUnsupported(f"Content-Type of an upload's bytes is {BODY_TYPE}, not {content_type!r}")
    offset = _number(headers, "Upload-Offset")
    if offset is None:
        raise RequestInvalid("Upload-Offset is missing")
    length = _number(headers, "Upload-Length")
    _check_length(length, max_bytes)
    return Addition(offset, length, read_checksum(headers))


def read_checksum(headers: Headers) -> Checksum | None:
    """`Upload-Checksum: sha1 BASE64`; None without one.

    Raises:
        RequestInvalid: "400 Bad Request if the checksum algorithm is not supported by the server".
    """
    said = headers.get("Upload-Checksum")
    if said is None:
        return None
    algorithm, _, encoded = said.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise RequestInvalid(f"the checksum {algorithm[:40]!r} is none of {', '.join(ALGORITHMS)}")
    digest = _decode(encoded.strip(), "Upload-Checksum")
    checksum = Checksum(cast(Literal["sha1", "sha256", "md5"], algorithm), digest)
    size = checksum.new_hash().digest_size
    if len(digest) != size:
        raise RequestInvalid(f"a {algorithm} has {size} bytes, Upload-Checksum has {len(digest)}")
    return checksum


def read_metadata(said: str) -> dict[str, str]:
    """Upload-Metadata as text by key.

    Raises:
        RequestInvalid: it is malformed. "The key MUST NOT contain spaces and commas and MUST NOT be empty",
            "All keys MUST be unique", "The value MUST be Base64 encoded".
    """
    if len(said) > _MAX_METADATA_LENGTH:
        raise RequestInvalid(f"Upload-Metadata has {len(said)} characters, more than {_MAX_METADATA_LENGTH}")
    if not said.isascii():
        raise RequestInvalid("Upload-Metadata has other characters than ASCII")
    known: dict[str, str] = {}
    for pair in said.split(",") if said.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not key or key in known:
            raise RequestInvalid(f"Upload-Metadata has {f'{key!r} twice' if key else 'an empty key'}")
        known[key] = _decode(value.strip(), "Upload-Metadata").decode("utf-8", "replace")
    return known


def judge(standing: Standing, addition: Addition, body_bytes: int | None, max_bytes: int) -> int:
    """How many bytes the request may add.

    Args:
        body_bytes: the length of its body, None if the client does not say.
        max_bytes: the largest recording.

    Raises:
        OffsetWrong: "the Server MUST respond with the 409 Conflict status without modifying the upload".
        RequestInvalid: "Once the length of the upload has been set it MUST NOT be changed".
        UploadTooLarge: more than there is room for.
    """
    if addition.offset != standing.offset:
        raise OffsetWrong(f"Upload-Offset is {addition.offset}, the upload ends at {standing.offset}")
    length = standing.length
    if addition.length is not None:
        if length is not None and addition.length != length:
            raise RequestInvalid(f"Upload-Length is {addition.length}, it was {length}")
        if addition.length < standing.offset:
            raise RequestInvalid(f"Upload-Length is {addition.length}, {standing.offset} bytes are here")
        length = addition.length
    room = (max_bytes if length is None else length) - standing.offset
    if body_bytes is not None and body_bytes > room:
        raise UploadTooLarge(f"{body_bytes} bytes come, there is room for {room}")
    return room


def answer_headers(standing: Standing) -> dict[str, str]:
    """What every answer about an upload says of it."""
    headers = {"Upload-Offset": str(standing.offset)}
    if standing.expires_at is not None:
        expires = datetime.fromtimestamp(standing.expires_at // 1000, UTC)
        headers["Upload-Expires"] = format_datetime(expires, usegmt=True)
    return headers


def look_headers(standing: Standing) -> dict[str, str]:
    """What a HEAD request is told besides: length and metadata, as the client gave them."""
    headers = answer_headers(standing)
    if standing.length is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(standing.length)
    if standing.metadata is not None:
        headers["Upload-Metadata"] = standing.metadata
    return headers


def _number(headers: Headers, name: str) -> int | None:
    said = headers.get(name)
    if said is None:
        return None
    if not _NUMBER.fullmatch(said):
        raise RequestInvalid(f"{name} is {said[:40]!r}, not a whole number of bytes")
    return int(said)


def _check_length(length: int | None, max_bytes: int) -> None:
    if length is not None and length > max_bytes:
        raise UploadTooLarge(f"{length} bytes are more than {max_bytes}")


def _decode(encoded: str, name: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise RequestInvalid(f"{name} has {encoded[:40]!r}, which is not Base64") from None


def _ref(ref: str | None) -> str | None:
    if ref is not None and not _REF.fullmatch(ref):
        raise RequestInvalid("ref must have 1 to 128 printable characters")
    return ref
