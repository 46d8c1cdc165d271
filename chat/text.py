"""What people write: what may be in a message or a comment, and the one form it is kept in."""

import re

# All but tab and the two ends of a line.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class BodyRefused(ValueError):
    """The text can't be kept. The message says which character or which limit."""


def clean_body(raw: str, max_chars: int) -> str:
    """Bring what was written into the form it is kept in.

    Args:
        raw: as it was typed.
        max_chars: most characters, >= 1.

    Returns:
        The text without space at its ends; 1 to `max_chars` characters.

    Raises:
        BodyRefused: blank, too long, or with a control character.
    """
    body = raw.strip()
    if not body:
        raise BodyRefused(f"body is blank, not 1 to {max_chars} characters")
    if len(body) > max_chars:
        raise BodyRefused(f"body has {len(body)} characters, not 1 to {max_chars}")
    if control := _CONTROL.search(body):
        raise BodyRefused(f"body contains U+{ord(control[0]):04X}, a control character")
    return body
