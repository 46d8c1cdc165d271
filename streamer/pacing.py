"""When each packet of a recording is to be sent, so that it arrives as fast as it sounds. Pure."""

from typing import Final

#: So much earlier than it sounds: what the server keeps against a line that stutters.
LEAD_US: Final = 500_000
#: Later than that, the rest is not hurried after it: nobody could hear it all at once.
LATE_US: Final = 1_000_000
#: A recording whose time leaps further than this has a hole, and nobody wants to wait for its end.
LEAP_US: Final = 5_000_000


class Pacer:
    """Gives each packet its moment. Times are microseconds; those of the clock are monotonic."""

    def __init__(self) -> None:
        self._starts_us: int | None = None  # on the clock, when what is at 0 is due
        self._last_us = 0

    def wait_us(self, at_us: int, now_us: int) -> int:
        """How long to wait with a packet.

        Args:
            at_us: its place in the recording.

        Returns:
            0 for at once, else the microseconds until it may go.
        """
        if self._starts_us is not None and 0 <= at_us - self._last_us <= LEAP_US:
            due_us = self._starts_us + at_us
            if now_us - due_us > LATE_US:
                self._starts_us = now_us - at_us
        elif self._starts_us is None:
            self._starts_us = now_us - at_us - LEAD_US
        else:
            self._starts_us += self._last_us - at_us  # as if there were no leap
        self._last_us = at_us
        return max(0, self._starts_us + at_us - now_us)

    def restart(self) -> None:
        """The line was broken: what comes next is due now, and its lead is to be made again."""
        self._starts_us = None
