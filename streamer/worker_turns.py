"""Whose turn it is when there are more jobs than workers: first come, first served."""

import asyncio
from collections import deque


class Turns:
    """A bounded number of places. Belongs to one event loop."""

    def __init__(self, places: int) -> None:
        """Begin with `places` free, >= 1."""
        self._free = places
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._closed = False

    @property
    def crowded(self) -> bool:
        """Somebody waits."""
        return any(not turn.done() for turn in self._waiting)

    def ask(self) -> asyncio.Future[bool]:
        """Stand in line.

        Returns:
            What becomes True with a place, which `give_back` returns; False if there will be none. Who leaves
            the line calls `leave`.
        """
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self._closed:
            turn.set_result(False)
        elif self._free:
            self._free -= 1
            turn.set_result(True)
        else:
            self._waiting.append(turn)
        return turn

    def leave(self, turn: asyncio.Future[bool]) -> None:
        """Wait no longer; or give back what was just received and can't be used."""
        if not turn.done():
            turn.set_result(False)
        elif not turn.cancelled() and turn.result():
            self.give_back()

    def give_back(self) -> None:
        """Free a place: it goes to who has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self._free += 1

    def close(self) -> None:
        """Send everybody away who waits, and who comes."""
        self._closed = True
        while self._waiting:
            self.leave(self._waiting.popleft())
