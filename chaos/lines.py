"""Lines that are said to the server, and what the audit log says of them."""

from chat.slash import show_span

_FIRST_S = 1000


def line(number: int) -> str:
    """A line that no other is like, and that does something each time it is carried out."""
    return f"/invite {_FIRST_S + number}s"


def trace(body: str) -> str:
    """What the audit log says of such a line."""
    return f"for {show_span(int(body.removeprefix('/invite ').removesuffix('s')) * 1000)}"
