"""Every connection of this node, and how long it may be silent: before hello, between pings, at its end."""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import count

from chat.errors import CloseCode
from chat.limits import ChatLimits
from chat.session import State
from streamer.websocket import PING_FRAME, WebSocket
from streamer.wheel import Ticket, TimerWheel

_TICK_S = 1.0


class Lifetimes:
    """Keeps the connections, and looks at those whose time has come, once a second.

    No connection has a task or a timer of its own: one ticket of the wheel serves all of them.
    """

    def __init__(
        self,
        wheel: TimerWheel,
        limits: ChatLimits,
        ticked: Callable[[], None],
        looked: Callable[[WebSocket, float], None],
    ) -> None:
        """Args:
        ticked: called at each turn.
        looked: called with who was heard of since the last ping, and the time, after another ping.
        """
        self._wheel, self._limits = wheel, limits
        self._ticked, self._looked = ticked, looked
        self._loop = asyncio.get_running_loop()
        # All connections, spread over the seconds of a ping interval.
        self._slots: list[set[WebSocket]] = [set() for _ in range(max(1, round(limits.ping_interval_s)))]
        self._places, self._turns = count(), count()  # of new connections in the slots, and of those
        self._greeting: deque[tuple[float, WebSocket]] = deque()  # by deadline of hello
        self._parting: deque[tuple[float, WebSocket]] = deque()  # by deadline of the closing handshake
        self.tick_s = _TICK_S
        self._ticket: Ticket = wheel.schedule(_TICK_S, self._tick)

    def add(self, socket: WebSocket) -> None:
        """It has connected, and must greet."""
        socket.slot = next(self._places) % len(self._slots)
        self._slots[socket.slot].add(socket)
        self._greeting.append((self._loop.time() + self._limits.hello_timeout_s, socket))

    def part(self, socket: WebSocket) -> None:
        """It is being closed, and must end."""
        self._parting.append((self._loop.time() + self._limits.close_grace_s, socket))

    def remove(self, socket: WebSocket) -> None:
        self._slots[socket.slot].discard(socket)

    def sockets(self) -> list[WebSocket]:
        return [socket for slot in self._slots for socket in slot]

    def stop(self) -> None:
        self._ticket.cancel()

    def _tick(self) -> None:
        self._ticket = self._wheel.schedule(self.tick_s, self._tick)
        self._ticked()
        now_s = self._loop.time()
        while self._greeting and self._greeting[0][0] <= now_s:
            _, socket = self._greeting.popleft()
            if socket.session.state is State.GREETING:
                socket.close(CloseCode.HELLO_TIMEOUT)
        while self._parting and self._parting[0][0] <= now_s:
            self._parting.popleft()[1].abort()
        self._ping(self._slots[next(self._turns) % len(self._slots)], now_s)

    def _ping(self, sockets: set[WebSocket], now_s: float) -> None:
        for socket in list(sockets):
            if socket.heard:
                socket.heard = False
                socket.write(PING_FRAME)
                self._looked(socket, now_s)
            else:
                socket.close(CloseCode.SLOW_READER if socket.congested else CloseCode.SILENT)
