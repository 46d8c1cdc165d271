"""Tests wait for conditions, never for seconds."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
TIMEOUT_S = 30
_POLL_S = 0.02


def wait_until(
    condition: Callable[[], T | None], what: str = "the condition", timeout_s: float = TIMEOUT_S
) -> T:
    """The first true value of `condition`."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {timeout_s} s"
        time.sleep(_POLL_S)
    return value
