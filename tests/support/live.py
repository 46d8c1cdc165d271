"""A show without encoders: what goes into outlets, and looks like what encoders make."""

from hls.live import GRID, ChunkCut, LiveRendition, OnAir

UNITS_PER_CHUNK = 5
AAC = LiveRendition("aac128", "mp4a.40.2", 128_000, 1024, 1024, b"init", bytes.fromhex("1190"))
LOW = LiveRendition("aac64", "mp4a.40.2", 64_000, 1024, 1024, b"init", bytes.fromhex("1190"))
MP3 = LiveRendition("mp3", "mp3", 128_000, 1152, 1105, b"", b"")
STARTS_AT_US = 1_795_227_101_441_000


def on_air(room: str = "lobby", show: str = "show1", starts_at_us: int = STARTS_AT_US) -> OnAir:
    """A show of two AAC renditions and MP3."""
    return OnAir(room, show, STARTS_AT_US, starts_at_us, 0, GRID, (AAC, LOW, MP3))


def unit(rendition: LiveRendition, number: int, size: int = 40) -> bytes:
    """An access unit that says which it is."""
    return f"{rendition.name} {number} ".encode().ljust(size, b".")


def chunk(number: int, rendition: LiveRendition = AAC, size: int = 40) -> ChunkCut:
    """The chunk of that number: 5 units, that begin where the encoder's delay puts them."""
    first = number * UNITS_PER_CHUNK
    units = tuple(unit(rendition, first + index, size) for index in range(UNITS_PER_CHUNK))
    return ChunkCut(rendition.name, first * rendition.frame_ticks - rendition.delay_ticks, units)
