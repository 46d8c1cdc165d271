"""Who watches which track."""

from collections.abc import Callable

from streamer.fanout import write_to_all
from streamer.websocket import WebSocket, frame_text


class Watchers:
    """Connections by the track that they watch; None stands for all. Bounded by the sessions' limit.

    Attributes:
        pass_on: takes the track and the event to other nodes.
    """

    def __init__(self) -> None:
        self._by_track: dict[str | None, set[WebSocket]] = {}
        self.pass_on: Callable[[str, bytes], None] = lambda track_id, event: None

    def __len__(self) -> int:
        """Tracks that somebody watches."""
        return len(self._by_track)

    def follow(self, socket: WebSocket, track: str | None) -> None:
        self._by_track.setdefault(track, set()).add(socket)

    def unfollow(self, socket: WebSocket, track: str | None) -> None:
        """Idempotent."""
        watchers = self._by_track.get(track)
        if watchers is not None:
            watchers.discard(socket)
            if not watchers:
                del self._by_track[track]

    def tell(self, track_id: str, event: bytes) -> None:
        """Send an event, encoded, to those who watch the track, or all tracks, on every node."""
        self.show(track_id, event)
        self.pass_on(track_id, event)

    def show(self, track_id: str, event: bytes) -> None:
        """The same, to those of this node."""
        watchers = self._by_track.get(track_id, set()) | self._by_track.get(None, set())
        write_to_all(watchers, frame_text(event))
