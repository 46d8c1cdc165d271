"""How many listen: sessions, by room and way out."""

from collections import Counter
from typing import Literal

WayOut = Literal["hls", "websocket", "progressive"]


class Audience:
    """Counts who comes and goes. A session that asks for many things comes once.

    Attributes:
        sessions_total: that ever came, by way out.
    """

    def __init__(self) -> None:
        self._rooms: dict[str, Counter[WayOut]] = {}
        self.sessions_total: Counter[WayOut] = Counter()

    def came(self, room: str, way: WayOut) -> None:
        """A session begins."""
        self._rooms.setdefault(room, Counter())[way] += 1
        self.sessions_total[way] += 1

    def left(self, room: str, way: WayOut) -> None:
        """A session that came is over."""
        here = self._rooms[room]
        assert here[way] > 0, f"nobody is in {room} by {way}"
        here[way] -= 1
        if not here.total():
            del self._rooms[room]

    def of(self, room: str) -> Counter[WayOut]:
        """Sessions of a room by way out; those that nobody uses count 0."""
        return Counter(self._rooms.get(room, {}))

    def by_way(self) -> Counter[WayOut]:
        """Sessions of all rooms."""
        return sum(self._rooms.values(), Counter())
