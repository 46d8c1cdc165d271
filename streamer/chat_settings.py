"""Limits of rooms as an operator writes them: `pins_per_room=5`. The table is `chat.limits.ChatLimits`."""

import math
from collections.abc import Sequence
from dataclasses import fields

from chat.fields import MAX_BODY_CHARS
from chat.limits import ChatLimits

#: These have a setting of their own.
OWN_SETTING = frozenset({"messages_per_s", "messages_burst", "accepts_per_s", "accepts_burst"})
DEFAULTS: dict[str, int | float] = {
    field.name: getattr(ChatLimits(), field.name)
    for field in fields(ChatLimits)
    if field.name not in OWN_SETTING
}
_MAX = 1e12
_AT_MOST = {"body_chars": MAX_BODY_CHARS}


def read_limits(words: Sequence[str]) -> dict[str, int | float]:
    """The limits that are not to be as they are by default.

    Raises:
        ValueError: no such limit, twice the same, or a value that can't be. One line.
    """
    found: dict[str, int | float] = {}
    for word in words:
        name, _, text = word.partition("=")
        name = name.strip()
        if name not in DEFAULTS:
            raise ValueError(f"{name!r} is not a limit of rooms; docs/operations.md lists them")
        if name in found:
            raise ValueError(f"{name} stands there twice")
        found[name] = _read(name, text.strip())
    return found


def _read(name: str, text: str) -> int | float:
    kind = type(DEFAULTS[name])
    at_most = _AT_MOST.get(name, _MAX)
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= at_most:
        what = "a whole number" if kind is int else "a number"
        raise ValueError(f"{name} is {text!r}, not {what} more than 0 and at most {at_most:g}")
    return value
