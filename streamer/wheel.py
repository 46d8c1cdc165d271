"""One timer for every timeout of the process: a wheel of slots that one loop timer turns."""

import asyncio
import math
from collections.abc import Callable


class Ticket:
    """A callback waiting in the wheel. `due` is the tick it fires at."""

    __slots__ = ("_callback", "_slot", "due")

    def __init__(self, callback: Callable[[], None], slot: "set[Ticket]", due: int) -> None:
        self._callback: Callable[[], None] | None = callback
        self._slot = slot
        self.due = due

    def cancel(self) -> None:
        """Takes the ticket out, and lets go of what its callback holds. Idempotent."""
        self._callback = None
        self._slot.discard(self)

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class TimerWheel:
    """Timeouts by the thousand: scheduling and cancelling are O(1), and the loop sees a single timer.

    A ticket never fires early, and at most one tick late (later only when the loop itself is late).

    Args:
        loop: its clock is the only one read.
        tick_s: seconds a tick lasts, > 0.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, tick_s: float = 1.0) -> None:
        self._loop = loop
        self._tick_s = tick_s
        self._origin_s = loop.time()
        self._slots: dict[int, set[Ticket]] = {}
        self._timer: asyncio.TimerHandle | None = None
        #: Ticks since the wheel was made: a clock that costs an attribute. It turns only between start and
        #: stop.
        self.tick = 0

    def start(self) -> None:
        """Starts turning. Tickets may be scheduled before. Idempotent."""
        if self._timer is None:
            self._arm()

    def stop(self) -> None:
        """Stops turning; what is scheduled stays until the next start. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def ticks(self, delay_s: float) -> int:
        """The number of ticks that cover `delay_s` seconds from any moment: one more than fit in it."""
        return max(1, math.ceil(delay_s / self._tick_s) + 1)

    def schedule(self, delay_s: float, callback: Callable[[], None]) -> Ticket:
        """Calls `callback` once, `delay_s` (>= 0) seconds from now or up to a tick later.

        A callback that raises is reported to the loop's exception handler; the others still fire.
        """
        due_s = self._loop.time() + delay_s - self._origin_s
        return self.schedule_at(math.ceil(due_s / self._tick_s), callback)

    def schedule_at(self, tick: int, callback: Callable[[], None]) -> Ticket:
        """Calls `callback` once when the wheel reaches `tick`; a tick that is past counts as the next one."""
        due = max(tick, self.tick + 1)
        slot = self._slots.get(due)
        if slot is None:
            slot = self._slots[due] = set()
        ticket = Ticket(callback, slot, due)
        slot.add(ticket)
        return ticket

    def _arm(self) -> None:
        next_s = self._origin_s + (self.tick + 1) * self._tick_s
        self._timer = self._loop.call_at(max(next_s, self._loop.time()), self._turn)

    def _turn(self) -> None:
        reached = int((self._loop.time() - self._origin_s) / self._tick_s)
        # The timer may fire a clock resolution before its time; the tick it was set for has come all the
        # same.
        reached = max(reached, self.tick + 1)
        while self.tick < reached and self._timer is not None:
            self.tick += 1
            slot = self._slots.pop(self.tick, None)
            while slot:
                try:
                    slot.pop().fire()
                except Exception as error:
                    self._loop.call_exception_handler(
                        {"message": "a timeout's callback failed", "exception": error}
                    )
        if self._timer is not None:
            self._arm()


class Deadline:
    """A timeout that is put off with every request, for the price of an attribute.

    The ticket in the wheel stays where it is while `tick` moves on; when it is due it looks whether the
    deadline is over, and else waits for the rest.

    Args:
        expired: called whenever a deadline is over; without `set` or `tick` changed, in the next tick again.
    """

    __slots__ = ("_expired", "_ticket", "_wheel", "tick")

    def __init__(self, wheel: TimerWheel, ticks: int, expired: Callable[[], None]) -> None:
        self._wheel = wheel
        self._expired = expired
        #: The wheel's tick at which it is over. Write to it to put the deadline off; `set` to bring it
        #: nearer.
        self.tick = wheel.tick + ticks
        self._ticket = wheel.schedule_at(self.tick, self._look)

    def set(self, ticks: int) -> None:
        """It is over in so many ticks, sooner or later than it was."""
        self.tick = self._wheel.tick + ticks
        if self._ticket.due > self.tick:
            self._ticket.cancel()
            self._ticket = self._wheel.schedule_at(self.tick, self._look)

    def cancel(self) -> None:
        """It is never over. Idempotent."""
        self._ticket.cancel()

    def _look(self) -> None:
        over = self.tick <= self._wheel.tick
        self._ticket = self._wheel.schedule_at(self.tick, self._look)
        if over:
            self._expired()
