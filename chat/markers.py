"""How far somebody has read."""


class Markers:
    """The read markers of one person. In one life of a room's log, a marker only moves forward.

    Bound: `max_rooms`, beyond which the one that was set longest ago is forgotten.
    """

    __slots__ = ("_by_room", "_max_rooms")

    def __init__(self, max_rooms: int) -> None:
        self._max_rooms = max_rooms
        self._by_room: dict[str, tuple[str, int]] = {}  # the one set last at the end

    def get(self, room: str, epoch: str) -> int:
        """Everything up to this seq was read; 0 when nothing was."""
        known, seq = self._by_room.get(room, ("", 0))
        return seq if known == epoch else 0

    def advance(self, room: str, epoch: str, seq: int) -> bool:
        """Set a marker. Whether that is news: it is not behind the one before, in the same epoch."""
        if seq <= self.get(room, epoch):
            return False
        self._by_room.pop(room, None)
        self._by_room[room] = (epoch, seq)
        if len(self._by_room) > self._max_rooms:
            del self._by_room[next(iter(self._by_room))]
        return True
