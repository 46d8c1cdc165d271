"""A loop that is a clock and nothing else, and a timer wheel on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from streamer.wheel import TimerWheel


@dataclass
class Timer:
    at_s: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Clock:
    """The four methods of a loop that the wheel uses."""

    now_s: float = 100.0
    timers: list[Timer] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def time(self) -> float:
        return self.now_s

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(when, callback)
        self.timers.append(timer)
        return timer

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context["exception"])

    def advance(self, seconds: float) -> None:
        """To a later moment, through every timer on the way."""
        end = self.now_s + seconds
        while due := sorted(
            (t for t in self.timers if not t.cancelled and t.at_s <= end), key=lambda t: t.at_s
        ):
            self.timers.remove(due[0])
            self.now_s = max(self.now_s, due[0].at_s)
            due[0].callback()
        self.now_s = end

    def stall(self, seconds: float) -> None:
        """Time passes, and the loop is busy with something else."""
        self.now_s += seconds
        self.advance(0)


def started(tick_s: float = 1.0) -> tuple[Clock, TimerWheel]:
    clock = Clock()
    wheel = TimerWheel(clock, tick_s)  # type: ignore[arg-type]
    wheel.start()
    return clock, wheel
