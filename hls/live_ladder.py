"""How the renditions of a live show are encoded and cut: all on one grid, whatever their frames are.

Every rendition has a whole number of frames of delay, which its first part has in addition to the grid's. An
AAC encoder wants to see 2,048 samples behind the end of a part before it gives its last frame: that much
sound goes in before the first tick of the clock, and every tick completes a part, or a third of one, of all.
"""

from collections.abc import Collection

import msgspec

from hls.ladder import AAC_FRAME_TICKS

NAMES = ("aac128", "aac64", "flac", "opus96", "mp3")
"""Every rendition that a show may have, in the order in which players shall consider them."""

DEFAULT = ("aac128", "aac64")

LOOKAHEAD_TICKS = 2 * AAC_FRAME_TICKS
"""Sound that has to go in before what a tick wants comes out: FFmpeg's AAC encoder holds back a frame of
look-ahead, and another overlaps. No other encoder here needs more: libopus 312, LAME 1,105."""


class LivePlan(msgspec.Struct, frozen=True):
    """How one rendition is encoded.

    Attributes:
        name: one of NAMES.
        codec: the encoder's name in FFmpeg.
        sample_format: what it takes, by FFmpeg's name.
        bitrate: bits per second of stereo; 0 where it does not aim.
        frame_ticks: samples in every access unit.
        lead_ticks: samples put before the sound: as many as make the delay a whole number of frames, and
            at least one frame for AAC, which spreads the edge that a beginning is as noise.
        delay_ticks: samples before the first that is heard: the lead, and what the encoder adds.
        parts: it is cut into parts, which MP3 is not.
    """

    name: str
    codec: str
    sample_format: str
    bitrate: int
    frame_ticks: int
    lead_ticks: int
    delay_ticks: int
    parts: bool = True


def _aac(name: str, bitrate: int) -> LivePlan:
    return LivePlan(name, "aac", "fltp", bitrate, AAC_FRAME_TICKS, AAC_FRAME_TICKS, 2 * AAC_FRAME_TICKS)


_PLANS = {
    "aac128": _aac("aac128", 128_000),
    "aac64": _aac("aac64", 64_000),
    # A third of a part is five frames, as of AAC. Four frames of FLAC's usual size would not make a part.
    "flac": LivePlan("flac", "flac", "s16", 0, 1024, 0, 0),
    # libopus: OPUS_GET_LOOKAHEAD is 312 at 48 kHz, for music.
    "opus96": LivePlan("opus96", "libopus", "flt", 96_000, 960, 648, 960),
    # LAME: its own delay of 576, and 529 of any MP3 decoder.
    "mp3": LivePlan("mp3", "libmp3lame", "fltp", 128_000, 1152, 0, 1105, parts=False),
}


def plan(wanted: Collection[str] = DEFAULT) -> tuple[LivePlan, ...]:
    """The renditions of a show, in the order of NAMES: at least one of AAC-LC, which every player has.

    Args:
        wanted: names that the operator allows; those that are not known here are left out.
    """
    names = [name for name in NAMES if name in wanted]
    if not any(name.startswith("aac") for name in names):
        names.insert(0, "aac128")
    return tuple(_PLANS[name] for name in names)


def stops(plan: LivePlan, chunk_ticks: int, part_ticks: int) -> tuple[int, ...]:
    """How many frames of a part are out behind each of its chunks; the last is all of them.

    Frames that do not divide a chunk are handed out in pairs, so that 16 Opus frames are 4, 6 and 6.
    """
    frames = part_ticks // plan.frame_ticks
    chunks = part_ticks // chunk_ticks
    if frames % chunks == 0:
        return tuple(range(frames // chunks, frames + 1, frames // chunks))
    return (*(frames * number // chunks // 2 * 2 for number in range(1, chunks)), frames)
