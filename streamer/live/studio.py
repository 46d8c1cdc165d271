"""What every recording of a show needs."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from streamer.desk import Desk
from streamer.live.timeline import Timeline
from streamer.track import TrackRecord


@dataclass(frozen=True, slots=True)
class Studio:
    """What every recording needs.

    Attributes:
        thread: where files are written.
        objection: why the show of a room may not be recorded, or not any more; None: it may.
        comment: brings what was said during a show to its track, told from when (microseconds), and how to
            place it.
        alarm: told of a room whose show is not recorded any more, and why.
    """

    desk: Desk
    thread: ThreadPoolExecutor
    min_free_bytes: int
    max_ticks: int
    objection: Callable[[str, TrackRecord], Awaitable[str | None]]
    comment: Callable[[str, TrackRecord, Timeline, int], Awaitable[None]]
    alarm: Callable[[str, str], None]
