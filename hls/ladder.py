"""Which renditions a source gets."""

import msgspec

SEGMENT_FRAMES = 172
"""AAC frames a segment of an upload: 176,128 samples, 3.994 s at 44.1 kHz and 3.669 s at 48 kHz."""

TARGET_DURATION_S = 4
"""EXT-X-TARGETDURATION: no segment of any rendition here rounds to more, so it never has to change."""

NAMES = ("aac128",)
"""Every rendition that a plan may name; their files can be opened before the source is looked at."""

_AAC_FRAME_TICKS = 1024  # ISO/IEC 14496-3: an AAC-LC access unit decodes to 1,024 samples
_AAC_DELAY_TICKS = 1024  # FFmpeg's encoder: aacenc.c sets initial_padding to 1,024
_BITRATE_PER_CHANNEL = 64_000
_FAMILY_44_1 = (44_100, 88_200, 176_400, 352_800)


class RenditionPlan(msgspec.Struct, frozen=True):
    """How one rendition is to be encoded and cut.

    Attributes:
        name: URL-safe, one of NAMES.
        codec: the encoder's name in FFmpeg.
        sample_rate: Hz; also the timescale.
        channels: 1 or 2.
        bitrate: bits per second the encoder aims at.
        frame_ticks: samples in every access unit but the last.
        delay_ticks: samples that the encoder puts before the first real one.
        fragment_frames: access units in every fragment but the last.
    """

    name: str
    codec: str
    sample_rate: int
    channels: int
    bitrate: int
    frame_ticks: int
    delay_ticks: int
    fragment_frames: int


def plan(sample_rate: int, channels: int) -> tuple[RenditionPlan, ...]:
    """Decide the renditions of an upload.

    Args:
        sample_rate: of the source, Hz, > 0.
        channels: of the source, >= 1; more than two are mixed down to stereo.

    Returns:
        AAC-LC alone: the rendition that every player has. The rate is 44.1 kHz for 44.1 kHz and its whole
        multiples above, where no or the simplest resampling is needed, and 48 kHz for everything else.
    """
    out_channels = min(channels, 2)
    return (
        RenditionPlan(
            name="aac128",
            codec="aac",
            sample_rate=44_100 if sample_rate in _FAMILY_44_1 else 48_000,
            channels=out_channels,
            bitrate=_BITRATE_PER_CHANNEL * out_channels,
            frame_ticks=_AAC_FRAME_TICKS,
            delay_ticks=_AAC_DELAY_TICKS,
            fragment_frames=SEGMENT_FRAMES,
        ),
    )
