"""What is on in a room, in the forms in which it goes out progressively."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from hls.adts import encode_adts
from hls.live import LiveRendition, OnAir
from streamer.live.icy import Block, Gatherer, Inlay
from streamer.live.progressive_listener import Listener

_MAX_TITLES: Final = 16


class Channel:
    """One form of a show, and who hears it.

    Attributes:
        listeners: all of them.
        recent: the newest blocks, together as long as the burst.
        blocks: how many there were so far.
        newcomers: who is not counted yet, each with the number of the block with which they will be.
    """

    __slots__ = ("blocks", "gatherer", "listeners", "newcomers", "recent", "rendition")

    def __init__(self, show: OnAir, rendition: LiveRendition) -> None:
        pack: Callable[[Sequence[bytes]], bytes] = b"".join
        if rendition.description:
            pack = partial(encode_adts, rendition.description)
        # A chunk may be a frame short of its share, where frames do not divide it.
        whole_ticks = show.grid.part_ticks - rendition.frame_ticks
        self.rendition = rendition
        self.gatherer = Gatherer(pack, whole_ticks)
        self.listeners: set[Listener] = set()
        self.recent: deque[Block] = deque()
        self.blocks = 0
        self.newcomers: deque[tuple[int, Listener]] = deque()

    def keep(self, block: Block, burst_s: float) -> None:
        """Have it for those who come; forget what is older than they want."""
        self.blocks += 1
        self.recent.append(block)
        while len(self.recent) > 1 and block.end_us - self.recent[1].at_us >= burst_s * 1_000_000:
            self.recent.popleft()


class Station:
    """What is on in a room."""

    __slots__ = ("channels", "inlays", "show")

    def __init__(self, show: OnAir, inlays: Iterable[Inlay] = ()) -> None:
        self.show = show
        self.channels: dict[str, Channel] = {}  # by form
        self.inlays: deque[Inlay] = deque(inlays, _MAX_TITLES)
        for rendition in show.renditions:
            form = "aac" if rendition.codecs == "mp4a.40.2" else rendition.codecs
            if form in ("aac", "mp3") and form not in self.channels:
                self.channels[form] = Channel(show, rendition)

    @property
    def forms(self) -> list[str]:
        """The best first: every player in the world has MP3."""
        return sorted(self.channels, reverse=True)
