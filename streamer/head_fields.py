"""What some fields of a request head say."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

#: Where live media is found, and where it is behind a pass.
LIVE_PREFIXES: Final = ("/hls/live/", "/l/")
_MAX_LISTENER_BYTES: Final = 512
#: CTA-5004, "Session ID": a string of at most 64 characters; in the query it is percent-encoded.
_SESSION = re.compile(r'(?:^|,)[ ]*sid="([^"\\]{1,64})"')


def listener_of(fields: dict[bytes, bytes], query: str) -> str:
    """See `Head.listener`. Args: `fields` by lower-case name."""
    said = fields.get(b"cmcd-session", b"").decode("latin-1")
    if not said and "CMCD=" in query:
        said = unquote(query.partition("CMCD=")[2].partition("&")[0])
    session = _SESSION.search(said)
    if session is not None:
        return f"sid={session[1]}"
    forwarded, agent = fields.get(b"x-forwarded-for", b""), fields.get(b"user-agent", b"")
    return (forwarded[:_MAX_LISTENER_BYTES] + b"\n" + agent[:_MAX_LISTENER_BYTES]).decode("latin-1")


def tokens(value: bytes | None) -> Sequence[bytes]:
    """RFC 9110 5.6.1: the members of a list, in lower case."""
    return [token.strip(b" \t") for token in value.lower().split(b",")] if value else ()


def takes_gzip(value: bytes | None) -> bool:
    """RFC 9110 12.5.3, for the one coding there is. A weight of 0 means no."""
    for item in (value or b"").lower().split(b","):
        name, _, weight = item.partition(b";")
        if name.strip(b" \t") == b"gzip":
            return weight.strip(b" \t").rstrip(b"0.") != b"q="
    return False
