"""What Icecast's and Shoutcast's clients ask of `/admin`: titles, in every spelling that they have. Pure."""

import codecs
import re
from typing import Final
from urllib.parse import unquote_to_bytes
from xml.sax.saxutils import escape

import msgspec

from streamer.ingest.request import MAX_KEY_CHARS, read_key, read_room, read_text
from streamer.refusal import Refused

MAX_QUERY_BYTES: Final = 8_000
_MAX_TEXT_CHARS: Final = 1_000
_MAX_PAIRS: Final = 64
# Encodings of text that titles come in; not those of Python that decompress, or take their time.
_CHARSETS = re.compile(
    r"(ascii|utf-(8|8-sig|16|16-be|16-le|32)|iso8859-\d+|cp(125\d|437|850|852|866|932|949|950|1251)|koi8-[rut]"
    r"|shift_jis\w*|euc_\w+|gbk|gb2312|gb18030|big5\w*|mac-\w+|tis-620)\Z"
)


class TitleUpdate(msgspec.Struct, frozen=True):
    """A title that came beside a source's line.

    Attributes:
        room: None for that of the key.
        key: of the source; empty if it has sent none.
        artist, title, text: any may be missing.
    """

    room: str | None
    key: str
    artist: str | None
    title: str | None
    text: str | None


def read_update(query: bytes, authorization: str) -> TitleUpdate:
    """Understand an update of metadata.

    Args:
        query: percent-encoded, of the address or of a form.
        authorization: the field, for who has not put the key into the query as Shoutcast's clients do.

    Raises:
        Refused: 400, 404: what is missing or wrong.
    """
    fields = _read_pairs(query)
    mode = fields.get("mode", b"").lower()
    if mode != b"updinfo":
        raise Refused(400, f"mode is {read_text(mode)[:100]!r}; only updinfo is known here")
    key = read_key(authorization) or read_text(fields.get("pass", b"")).rpartition(":")[2][:MAX_KEY_CHARS]
    mount = read_text(fields.get("mount", b""))
    room = read_room(mount) if mount else None
    if mount and room is None:
        raise Refused(404, f"{mount[:100]!r} is no mount; those of rooms are /live/ROOM")
    charset = _charset(fields.get("charset", b""))
    artist, title, text = (_text(fields.get(name), charset) for name in ("artist", "title", "song"))
    if artist is title is text is None:
        raise Refused(400, "song is missing, or artist and title")
    return TitleUpdate(room, key, artist, title, text)


def answer(message: str, *, done: bool) -> bytes:
    """What Icecast says to it."""
    return (
        '<?xml version="1.0"?>\n'
        f"<iceresponse><message>{escape(message)}</message><return>{int(done)}</return></iceresponse>\n"
    ).encode()


def _read_pairs(query: bytes) -> dict[str, bytes]:
    fields: dict[str, bytes] = {}
    for pair in query[:MAX_QUERY_BYTES].split(b"&", _MAX_PAIRS)[:_MAX_PAIRS]:
        name, _, value = pair.partition(b"=")
        fields.setdefault(name.decode("latin-1").lower(), unquote_to_bytes(value.replace(b"+", b" ")))
    return fields


def _charset(named: bytes) -> str | None:
    try:
        codec = codecs.lookup(named.decode("ascii").strip())
    except (LookupError, ValueError):
        return None
    return codec.name if _CHARSETS.match(codec.name) else None


def _text(raw: bytes | None, charset: str | None) -> str | None:
    """In the encoding that was named if it can be; else UTF-8 if it can be, else Latin-1."""
    if raw is None:
        return None
    if charset is not None:
        try:
            return raw.decode(charset)[:_MAX_TEXT_CHARS]
        except UnicodeDecodeError:
            pass
    return read_text(raw)[:_MAX_TEXT_CHARS]
