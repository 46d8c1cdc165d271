"""The Range header field: text in, spans of bytes out. RFC 9110 section 14."""

from typing import Final

import msgspec

# A player asks for one range, a download manager for a few; a client that asks for more gets the whole (14.2:
# a server MAY ignore "a set of many small ranges").
MAX_RANGES: Final = 16
# Digits beyond this can't matter: no file is that large, and int() of a long text is quadratic.
_MAX_DIGITS: Final = 18


class Span(msgspec.Struct, frozen=True):
    """Bytes `offset_bytes` <= n < `offset_bytes + size_bytes` of a representation, at least one."""

    offset_bytes: int
    size_bytes: int


class Unsatisfiable(msgspec.Struct, frozen=True):
    """A valid Range of which no byte exists: 416."""


def locate(field: str, size_bytes: int) -> tuple[Span, ...] | Unsatisfiable | None:
    """Finds the bytes that a Range field asks for.

    Args:
        field: its value.
        size_bytes: of the whole representation, >= 0.

    Returns:
        Spans in the order asked for, at least one, without overlaps; Unsatisfiable; or None when the field is
        to be ignored: another unit, malformed, too many ranges, or more than two that overlap.

    Source: RFC 9110 14.1.1, 14.1.2, 14.2. Linear in the field's length.
    """
    unit, equals, text = field.partition("=")
    # 14.1: "Range units are compared case-insensitively". 14.2: an unknown unit MUST be ignored.
    if not equals or unit.lower() != "bytes" or text.count(",") >= MAX_RANGES:
        return None
    spans: list[Span] = []
    specs = [spec for part in text.split(",") if (spec := part.strip(" \t"))]
    for spec in specs:
        bounds = _bounds(spec, size_bytes)
        if bounds is None:
            return None
        first, last = bounds
        if first <= last:
            spans.append(Span(first, last - first + 1))
    if not specs:
        return None
    if not spans:
        # A suffix of nothing is satisfiable, but has no byte for Content-Range to name: the whole, 200.
        return None if size_bytes == 0 and any(_asks_for_suffix(spec) for spec in specs) else Unsatisfiable()
    return _coalesced(spans)


def _bounds(spec: str, size_bytes: int) -> tuple[int, int] | None:
    """First and last position, clipped to what exists (first > last: nothing is left); None if malformed."""
    first_text, dash, last_text = spec.partition("-")
    first, last = _number(first_text), _number(last_text)
    if not dash or first is None or last is None or first == last == -1:
        return None
    if first == -1:
        # 14.1.2: a suffix longer than the representation means all of it; "-0" names nothing.
        return max(0, size_bytes - last), size_bytes - 1
    if last == -1:
        return first, size_bytes - 1
    # 14.1.1: "An int-range is invalid if the last-pos value is present and less than first-pos".
    return None if last < first else (first, min(last, size_bytes - 1))


def _number(text: str) -> int | None:
    """A decimal number of ASCII digits, capped where no file reaches; -1 for no text, None for other text."""
    if not text:
        return -1
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS


def _asks_for_suffix(spec: str) -> bool:
    return spec.startswith("-") and spec.strip("-0") != ""


def _coalesced(spans: list[Span]) -> tuple[Span, ...] | None:
    """Two spans that overlap are joined. 14.2: "more than two overlapping ranges" are a bug or an attack."""
    apart: list[Span] = []
    joins = 0
    for span in spans:
        merged = span
        for other in [other for other in apart if _overlap(span, other)]:
            apart.remove(other)
            merged = _union(merged, other)
            joins += 1
        apart.append(merged)
    return tuple(apart) if joins < 2 else None


def _overlap(one: Span, other: Span) -> bool:
    return (
        one.offset_bytes < other.offset_bytes + other.size_bytes
        and other.offset_bytes < one.offset_bytes + one.size_bytes
    )


def _union(one: Span, other: Span) -> Span:
    first = min(one.offset_bytes, other.offset_bytes)
    end = max(one.offset_bytes + one.size_bytes, other.offset_bytes + other.size_bytes)
    return Span(first, end - first)
