"""What a player asks of a progressive stream, and what it is told before the sound. Pure.

Heads that come here were read by `streamer.heads`: they are well-formed HTTP.
"""

import re
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import unquote

import msgspec

from streamer.live.icy import METAINT_BYTES
from streamer.refusal import Refused, problem

Form = Literal["mp3", "aac", "m3u", "pls"]
TYPES: Final[dict[str, str]] = {
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "m3u": "audio/x-mpegurl",
    "pls": "audio/x-scpls",
}
_PATH: Final = re.compile(
    r"(?:/l/(?P<token>[0-9a-f.]{1,80}))?/live/(?P<room>[a-z0-9_:.\-]{1,64})\.(?P<form>mp3|aac|m3u|pls)"
)
_MAX_HOST_CHARS: Final = 260
# Pages of others may play what is public by its address; they ask for titles with a field of their own.
_CORS: Final = (
    b"Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: icy-metaint, icy-name, icy-br\r\n"
)
_PREFLIGHT: Final = (
    b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n"
    b"Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
    b"Access-Control-Allow-Headers: Icy-MetaData, Range\r\n"
    b"Access-Control-Max-Age: 86400\r\nConnection: close\r\n\r\n"
)


class Tune(msgspec.Struct, frozen=True):
    """A request, understood.

    Attributes:
        method: GET, HEAD or OPTIONS.
        token: of the pass before the path; empty without.
        titles: wants them between the sound.
        host: which of our names it was sent to; "" if it did not say.
        secure: it came over TLS, as a proxy says.
        old: speaks HTTP/1.0.
    """

    method: str
    room: str
    form: Form
    token: str
    titles: bool
    host: str
    secure: bool
    old: bool


def is_progressive(path: str) -> bool:
    """Whether a path, percent-decoded, is that of a progressive stream or of its playlist."""
    return _PATH.fullmatch(path) is not None


def read_tune(head: bytes) -> Tune:
    """Understand a request whose path `is_progressive`, up to and with its empty line.

    `Range` is not looked at, on purpose: iOS asks for the first two bytes, and whoever is answered 206 asks
    for the rest without `Icy-MetaData`.
    """
    line, _, rest = head.partition(b"\r\n")
    method, target, version = line.decode("latin-1").split(" ")
    path = target.partition("?")[0]
    if "://" in path:  # absolute-form
        path = "/" + path.split("/", 3)[3]
    found = _PATH.fullmatch(unquote(path))
    assert found is not None
    fields: dict[str, str] = {}
    for each in rest.decode("latin-1").split("\r\n"):
        name, _, value = each.partition(":")
        fields.setdefault(name.lower(), value.strip())
    form: Form = found["form"]  # type: ignore[assignment]  # the expression has no others
    return Tune(
        method=method,
        room=found["room"],
        form=form,
        token=found["token"] or "",
        titles=fields.get("icy-metadata") == "1",
        host=fields.get("host", "")[:_MAX_HOST_CHARS],
        secure=fields.get("x-forwarded-proto", "").lower() == "https",
        old=version == "HTTP/1.0",
    )


def sound_head(tune: Tune, bitrate: int) -> bytes:
    """What comes before the sound.

    Without a length and without chunks, which hardware players do not read: it ends with the connection. A
    length of 2^63, which some servers claim, makes players look for the end of it.
    """
    version = b"1.0" if tune.old else b"1.1"
    metaint = b"icy-metaint: %d\r\n" % METAINT_BYTES if tune.titles else b""
    rate = b"icy-br: %d\r\n" % (bitrate // 1000) if bitrate else b""
    return b"".join(
        (
            b"HTTP/%b 200 OK\r\nContent-Type: %b\r\n" % (version, TYPES[tune.form].encode()),
            b"Accept-Ranges: none\r\nCache-Control: no-cache, no-store\r\nConnection: close\r\n",
            _CORS,
            b"icy-name: %b\r\nicy-pub: 0\r\n" % tune.room.encode(),
            rate,
            metaint,
            b"\r\n",
        )
    )


def playlist(tune: Tune, forms: list[str]) -> bytes:
    """The answer to who asks for a playlist file: where the sound is, the first form being the best.

    Args:
        forms: of "mp3" and "aac", those that are on; one or more.
    """
    scheme = "https" if tune.secure else "http"
    before = f"{scheme}://{tune.host}" if tune.host else ""
    token = f"/l/{tune.token}" if tune.token else ""
    links = [f"{before}{token}/live/{tune.room}.{form}" for form in forms]
    if tune.form == "m3u":
        lines = ["#EXTM3U", *(line for link in links for line in (f"#EXTINF:-1,{tune.room}", link))]
    else:
        lines = ["[playlist]", f"NumberOfEntries={len(links)}"]
        for number, link in enumerate(links, 1):
            lines += [f"File{number}={link}", f"Title{number}={tune.room}", f"Length{number}=-1"]
        lines.append("Version=2")
    return _whole(tune, 200, TYPES[tune.form], "\r\n".join([*lines, ""]).encode())


def preflight() -> bytes:
    """The answer to OPTIONS."""
    return _PREFLIGHT


def refusal(tune: Tune, refused: Refused, retry_s: int | None = None) -> bytes:
    """The answer to who gets no sound; `retry_s`: it may be well after so many seconds."""
    body = problem(refused.status, refused.detail)
    return _whole(tune, refused.status, "application/problem+json", body, retry_s)


def _whole(tune: Tune, status: int, media_type: str, body: bytes, retry_s: int | None = None) -> bytes:
    return b"".join(
        (
            b"HTTP/1.%d %d %b\r\n" % (not tune.old, status, HTTPStatus(status).phrase.encode()),
            b"Content-Type: %b\r\nContent-Length: %d\r\n" % (media_type.encode(), len(body)),
            b"Cache-Control: no-store\r\n",
            b"Retry-After: %d\r\n" % retry_s if retry_s is not None else b"",
            b"Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n",
            b"" if tune.method == "HEAD" else body,
        )
    )
