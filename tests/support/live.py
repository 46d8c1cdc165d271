"""A show without encoders: what goes into outlets, and looks like what encoders make."""

from msgspec.structs import replace

from hls.grid import Grid
from hls.live import GRID, ChunkCut, LiveRendition, OnAir, PartCut
from streamer.heads import Head
from streamer.live.audience import Audience
from streamer.live.passes import Passes
from streamer.live.sessions import Session, Sessions
from streamer.live.shelf import LiveShelf
from streamer.wheel import TimerWheel

UNITS_PER_CHUNK = 5
AAC = LiveRendition("aac128", "mp4a.40.2", 128_000, 1024, 1024, b"init", bytes.fromhex("1190"))
LOW = LiveRendition("aac64", "mp4a.40.2", 64_000, 1024, 1024, b"init", bytes.fromhex("1190"))
MP3 = LiveRendition("mp3", "mp3", 128_000, 1152, 1105, b"", b"")
STEADY = replace(GRID, opening=())
STARTS_AT_US = 1_795_227_101_441_000


def on_air(
    room: str = "lobby",
    show: str = "show1",
    starts_at_us: int = STARTS_AT_US,
    first_number: int = 0,
    grid: Grid = STEADY,
) -> OnAir:
    """A show of two AAC renditions and MP3, whose segments are all as long unless `grid` says otherwise."""
    return OnAir(room, show, STARTS_AT_US, starts_at_us, first_number, grid, (AAC, LOW, MP3))


def unit(rendition: LiveRendition, number: int, size: int = 40) -> bytes:
    """An access unit that says which it is."""
    return f"{rendition.name} {number} ".encode().ljust(size, b".")


def chunk(number: int, rendition: LiveRendition = AAC, size: int = 40) -> ChunkCut:
    """The chunk of that number: 5 units, that begin where the encoder's delay puts them."""
    first = number * UNITS_PER_CHUNK
    units = tuple(unit(rendition, first + index, size) for index in range(UNITS_PER_CHUNK))
    return ChunkCut(rendition.name, first * rendition.frame_ticks - rendition.delay_ticks, units)


def part(number: int, rendition: LiveRendition = AAC, duration_ticks: int = GRID.part_ticks) -> PartCut:
    """The part of that number, which says which it is."""
    data = f"{rendition.name} part {number} ".encode().ljust(rendition.bitrate // 25, b".")
    return PartCut(rendition.name, number, number * GRID.part_ticks, duration_ticks, data)


class Rooms:
    """Which rooms are open; what is not known is learned by waiting."""

    def __init__(self, **known: bool) -> None:
        self.known: dict[str, bool] = known
        self.unknown: dict[str, bool] = {}

    def is_open(self, room: str) -> bool | None:
        return self.known.get(room)

    async def learn(self, room: str) -> None:
        self.known[room] = self.unknown[room]


class Listener:
    """Somebody's connection."""

    def __init__(self, peer: str = "192.0.2.1") -> None:
        self.peer = peer
        self.session: Session | None = None


SECRET = b"secret"
NOW_S = STARTS_AT_US // 1_000_000


def live_shelf(wheel: TimerWheel, rooms: Rooms | None = None) -> LiveShelf:
    """A shelf whose room "lobby" is open."""
    sessions = Sessions(Audience(), wheel, lambda peer, forwarded: forwarded or peer)
    return LiveShelf(wheel, sessions, rooms or Rooms(lobby=True), Passes(SECRET), lambda: NOW_S)


def head_of(target: str, listener: str = "\nplayer", *, gzip: bool = False) -> Head:
    """A GET, as the front door has read it."""
    path, _, query = target.partition("?")
    return Head(
        "GET", path, False, True, 0, False, False, {}, query=query, takes_gzip=gzip, listener=listener
    )
