"""What a player asks of a live playlist in its query, beyond the playlist itself.

Source: RFC 8216bis (draft-pantos-hls-rfc8216bis), section 6.2.5, "Delivery Directives".
"""

import re
from urllib.parse import parse_qsl

from msgspec import Struct

_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
_SKIP = frozenset({"YES", "v2"})
_KNOWN = frozenset({"_HLS_msn", "_HLS_part", "_HLS_skip"})


class DirectivesRefused(ValueError):
    """They can't be followed. The message names the directive and what was wrong with it."""


class Directives(Struct, frozen=True):
    """What is asked for.

    Attributes:
        msn: answer when the playlist has this media segment, or a later one; None for at once.
        part: ... or this part of it, counted from 0. Only together with `msn`.
        skip: leave out segments that the player knows, if there are any to leave out.
    """

    msn: int | None = None
    part: int | None = None
    skip: bool = False


def read_directives(query: str) -> Directives:
    """Read the query of a request for a media playlist, as it came, still percent-encoded.

    Parameters that are no directives are somebody else's. A kind of skip that is not known gets the whole
    playlist, which is always right.

    Raises:
        DirectivesRefused: a directive is no number, stands there twice, or lacks its other half.
    """
    if "_HLS_" not in query:
        return Directives()
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        if name not in _KNOWN:
            continue
        if name in found:
            raise DirectivesRefused(f"{name} stands there twice")
        found[name] = value
    msn, part = _number(found, "_HLS_msn"), _number(found, "_HLS_part")
    if part is not None and msn is None:
        raise DirectivesRefused("_HLS_part is a part of a segment: _HLS_msn is missing")
    return Directives(msn, part, found.get("_HLS_skip") in _SKIP)


def _number(found: dict[str, str], name: str) -> int | None:
    value = found.get(name)
    if value is None:
        return None
    if _NUMBER.fullmatch(value) is None:
        raise DirectivesRefused(f"{name} is {value[:40]!r}, not a number of at most 15 digits")
    return int(value)
