"""Members of rooms who look behind a show: they are sent its cockpit, over and over."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from chat.events import encode_event
from chat.events_live import Cockpit
from chat.order import Order
from chat.roles import Person
from streamer.fanout import write_to_all
from streamer.live.view import LiveRoom
from streamer.websocket import WebSocket, frame_text


class Sight(Protocol):
    """What is to be seen of shows."""

    def look(self, room: str, *, prefix: str = "", cockpit: bool = False) -> LiveRoom:
        """How a room is."""
        ...


class Watchtower:
    """Sends what `GET /api/v1/rooms/{room}/live` has to who asked for it, made and framed once for all.

    Who does not read is left out until they have. Bound: those who watch are members of the room.

    Attributes:
        sight: None until the server has shows.
        may: whether somebody may see it.
    """

    def __init__(self) -> None:
        self.sight: Sight | None = None
        self.may: Callable[[str, Order, Person], bool] = lambda _room, _order, _person: False
        self._rooms: dict[str, set[WebSocket]] = {}

    @property
    def watched(self) -> int:
        """Rooms that somebody looks behind."""
        return len(self._rooms)

    def watch(self, socket: WebSocket, room: str) -> None:
        """Send it to a member, now and from now on. Idempotent."""
        self._rooms.setdefault(room, set()).add(socket)
        if self.sight is not None:
            socket.write(self._frame(self.sight, room))

    def leave(self, socket: WebSocket, room: str) -> None:
        """Send it no more. Idempotent."""
        sockets = self._rooms.get(room)
        if sockets is not None:
            sockets.discard(socket)
            if not sockets:
                del self._rooms[room]

    def tick(self) -> None:
        """To be called twice a second."""
        if self.sight is None:
            return
        for room, sockets in self._rooms.items():
            ready = [socket for socket in sockets if not socket.congested]
            if ready:
                write_to_all(ready, self._frame(self.sight, room))

    def _frame(self, sight: Sight, room: str) -> bytes:
        show = msgspec.json.encode(sight.look(room, cockpit=True))
        return frame_text(encode_event(Cockpit(room, msgspec.Raw(show))))
