"""What work on tracks needs, in one place."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamer.announcer import Announcer
from streamer.catalogue import Catalogue
from streamer.covers import Covers
from streamer.leftovers import Leftovers
from streamer.shelf import Shelf
from streamer.twin_work import Twins
from streamer.worker import WorkerPool

if TYPE_CHECKING:
    from streamer.live.recording import Recording
    from streamer.work import Work


@dataclass(frozen=True, slots=True)
class Desk:
    """What every piece of work needs: where to note, to show, to announce and to have things made."""

    catalogue: Catalogue
    twins: Twins
    leftovers: Leftovers
    covers: Covers
    shelf: Shelf
    announcer: Announcer
    workers: WorkerPool
    tasks: asyncio.TaskGroup
    now_ms: Callable[[], int]
    outcomes: Counter[str] = field(default_factory=Counter)  # by the event that ended the work
    recordings: "dict[str, Recording]" = field(default_factory=dict)  # of shows that are on, by track
    works: "dict[str, Work]" = field(default_factory=dict)  # not finished, by track
