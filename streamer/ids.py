"""Opaque identifiers that sort by the time they were made."""

# Crockford's base 32 without i, l, o and u: nothing to misread, nothing to misspell. In lower case it
# sorts as it counts.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_LENGTH = 26
ENTROPY_BYTES = 10
#: What `is_id` says, for schemas.
ID_PATTERN = "^[0-9a-hjkmnp-tv-z]{26}$"
_LETTERS = frozenset(_ALPHABET)


def new_id(now_ms: int, entropy: bytes) -> str:
    """Name a thing so that later names sort after it.

    Args:
        now_ms: milliseconds since the Unix epoch, 0 to 2**48 - 1.
        entropy: exactly `ENTROPY_BYTES` random bytes.

    Returns:
        26 characters, URL-safe.

    Source: the ULID specification: 48 bits of time, 80 bits of randomness, 5 bits a character.
    """
    if not 0 <= now_ms < 1 << 48:
        raise ValueError(f"now_ms is {now_ms}, outside 0 to 2**48 - 1")
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"entropy has {len(entropy)} bytes, not {ENTROPY_BYTES}")
    return spell(now_ms << 80 | int.from_bytes(entropy, "big"))


def spell(number: int) -> str:
    """The id that stands for a number of 128 bits."""
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_id(text: str) -> bool:
    """Whether `text` could have come from `new_id`: checked before it becomes part of a path or a query."""
    return len(text) == ID_LENGTH and _LETTERS.issuperset(text)
