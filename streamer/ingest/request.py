"""What a source says in the head of its request: where it wants to go, with which key, and what it brings.

Pure. Heads that come here were read by `streamer.heads`: they are well-formed HTTP, or SOURCE of ICE/1.0.
"""

import base64
import re
from typing import Final, Literal
from urllib.parse import unquote_to_bytes

import msgspec

from chat.fields import RoomName
from streamer.live.line import Offer, Way
from streamer.refusal import Refused

MAX_KEY_CHARS: Final = 512
_MAX_CLIENT_CHARS: Final = 200
_MAX_WORDS_CHARS: Final = 1_000
# Programs like a mount to end as a file of its kind would; `/live/ROOM.mp3` is where players hear a room.
_SUFFIX = re.compile(r"\.(?:mp3|aac|m4a|mp4|ogg|oga|opus|flac|webm|mka|mkv|weba|wav|ts|flv)\Z")
# The same word has had many owners: Icecast, Shoutcast, and what was there before both.
_PREFIXES: Final = ("ice-", "icy-", "x-audiocast-")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

#: What has no head of its own, and so may begin in the middle of a frame: then its type must be believed.
_HEADLESS: Final = {
    **dict.fromkeys(("audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/mpeg3", "audio/x-mpeg"), "mp3"),
    **dict.fromkeys(("audio/aac", "audio/aacp", "audio/x-aac", "audio/x-hx-aac-adts"), "aac"),
}

#: How the end of the sound shows. "close": the connection ends with it, which any crash does too.
Framing = Literal["length", "chunked", "close"]


class SourceRequest(msgspec.Struct, frozen=True):
    """A head, understood.

    Attributes:
        room: a valid name of a room.
        key: the stream key; empty if it has sent none.
        body_bytes: the declared length, for framing "length".
        expects: it waits for `100 Continue` before it sends.
        waits: it sends only when it has its 200, and reads none later.
        origin: the page's site, if a page sends this; "" else.
        host: which of our names it was sent to.
    """

    room: str
    key: str
    offer: Offer
    framing: Framing
    body_bytes: int
    expects: bool
    waits: bool
    origin: str
    host: str

    @property
    def empty(self) -> bool:
        """Nothing will come: a look at whether we are here, as libshout has before it begins."""
        return self.framing == "length" and self.body_bytes == 0


def read_request(head: bytes) -> SourceRequest:
    """Understand a request to /live/.

    Args:
        head: a well-formed head up to and with its empty line.

    Raises:
        Refused: 404 for what is no room's name, 417 for an expectation that nobody can meet.
    """
    line, _, rest = head.partition(b"\r\n")
    method, target, version = line.split(b" ")
    fields = _read_fields(rest)
    http11 = version == b"HTTP/1.1"
    expected = fields.get("expect", "").lower()
    if http11 and expected not in ("", "100-continue"):
        raise Refused(417, f"Expect is {expected[:200]!r}, not 100-continue")
    framing: Framing = "close"
    if "transfer-encoding" in fields:
        framing = "chunked"
    elif "content-length" in fields:
        framing = "length"
    # RFC 9110 10.1.1: "A server that receives a 100-continue expectation in an HTTP/1.0 request MUST ignore
    # that expectation."
    expects = http11 and bool(expected)
    return SourceRequest(
        room=_read_room(target),
        key=read_key(fields.get("authorization", "")),
        offer=_read_offer(fields, _way(method, fields)),
        framing=framing,
        body_bytes=int(fields.get("content-length", "0")),
        expects=expects,
        waits=not expects and (method == b"SOURCE" or framing == "close"),
        origin=fields.get("origin", ""),
        host=fields.get("host", ""),
    )


def read_room(mount: str) -> str | None:
    """The room that a mount names: `/live/ROOM`, with or without slashes around it and a suffix of its kind.

    Args:
        mount: percent-decoded.

    Returns:
        None for what is no name of a room.
    """
    name = _SUFFIX.sub("", mount.lstrip("/").removeprefix("live/").strip("/").lower())
    try:
        return msgspec.convert(name, RoomName)
    except msgspec.ValidationError:
        return None


def read_key(authorization: str) -> str:
    """The key in an Authorization field: a Bearer token, or the password of Basic, whatever the name is.

    Returns:
        Empty when there is none.
    """
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()[:MAX_KEY_CHARS]
    if scheme.lower() != "basic":
        return ""
    try:
        words = base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""
    name, _, password = words.partition(":")
    return (password or name)[:MAX_KEY_CHARS]


def read_text(raw: bytes) -> str:
    """Words of a client that may not say in which encoding: UTF-8 if they can be, else Latin-1."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return _CONTROLS.sub(" ", text).strip()


def _read_fields(rest: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in rest.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(name.decode("latin-1").lower(), read_text(value))
    return fields


def _read_room(target: bytes) -> str:
    path = target.partition(b"?")[0]
    if b"://" in path:  # absolute-form
        path = b"/" + path.split(b"/", 3)[3]
    mount = unquote_to_bytes(path).decode("utf-8", "replace")
    room = read_room(mount)
    if room is None:
        shown = mount.removeprefix("/live/")[:100]
        raise Refused(404, f"{shown!r} is no room's name, which has lower-case letters, digits, - _ : .")
    return room


def _way(method: bytes, fields: dict[str, str]) -> Way:
    named = any(name.startswith(_PREFIXES) for name in fields)
    return "icecast" if method == b"SOURCE" or named else "http"


def _read_offer(fields: dict[str, str], way: Way) -> Offer:
    def words(name: str, limit: int = _MAX_CLIENT_CHARS) -> str:
        return next((fields[prefix + name][:limit] for prefix in _PREFIXES if prefix + name in fields), "")

    media_type = fields.get("content-type", "").partition(";")[0].strip().lower()[:100]
    return Offer(
        way=way,
        media_type=media_type,
        container=_HEADLESS.get(media_type, ""),
        client=fields.get("user-agent", "")[:_MAX_CLIENT_CHARS],
        name=words("name"),
        description=words("description", _MAX_WORDS_CHARS),
        genre=words("genre"),
        url=words("url", _MAX_WORDS_CHARS),
    )
