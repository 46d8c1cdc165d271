"""Which renditions a source gets, and where they are cut."""

from collections.abc import Collection
from fractions import Fraction

import msgspec

TARGET_DURATION_S = 4
"""EXT-X-TARGETDURATION: no segment of any rendition here rounds to more, so it never has to change."""

NAMES = ("aac", "aac128", "aac64", "aac256", "flac", "opus96")
"""Every rendition that a plan may name, in the order in which players shall consider them: `aac` is the
source's own sound, and where that can't be passed on, simple players start with the rate in the middle."""

DEFAULT = ("aac128", "aac64", "aac256", "flac")
"""What a source gets where the operator does not say."""

MAX_COPIED_BITRATE = 320_000
"""An AAC source above it is worth nothing more to a listener, and much to a phone's data plan."""

AAC_FRAME_TICKS = 1024  # ISO/IEC 14496-3: an AAC-LC access unit decodes to 1,024 samples
_AAC_DELAY_TICKS = 1024  # FFmpeg's encoder: aacenc.c sets initial_padding to 1,024
_AAC_BITRATES = {"aac128": 128_000, "aac64": 64_000, "aac256": 256_000}  # of stereo; mono has half
_WORTH_ENCODING = 0.75  # a copy that is not at least so much smaller than its AAC source helps nobody

_OPUS_RATE = 48_000
_OPUS_FRAME_TICKS = 960  # 20 ms
_OPUS_DELAY_TICKS = 312  # libopus: OPUS_GET_LOOKAHEAD at 48 kHz, for music
_OPUS_BITRATE = 96_000

_FLAC_FRAME_TICKS = 4096  # at 44.1 and 48 kHz: a whole number of AAC frames, and FLAC's usual size
_FLAC_MAX_CHANNELS = 8

_FAMILY_44_1 = (44_100, 88_200, 176_400, 352_800)
_LOSSLESS_RATES = (44_100, 48_000, 88_200, 96_000, 176_400, 192_000)

# AAC frames a segment. Both are whole numbers of FLAC frames: 43 at 44.1 kHz and its multiples, 45 at 48 kHz
# and its multiples, where a segment is 192 Opus frames too.
_SEGMENT_FRAMES = {44_100: 172, 48_000: 180}  # 3.994 s and 3.840 s


class Form(msgspec.Struct, frozen=True):
    """What a source is, as far as the ladder cares.

    Attributes:
        sample_rate: Hz, > 0.
        channels: >= 1.
        lossless_bits: 16 or 24 where the source is lossless and so many bits hold every sample, else 0.
        copied_delay_ticks: samples before the first that is heard, where the source is AAC-LC that can be
            passed on as it is; None for everything else.
        copied_bitrate: bits per second of such a source.
    """

    sample_rate: int
    channels: int
    lossless_bits: int = 0
    copied_delay_ticks: int | None = None
    copied_bitrate: int = 0


class RenditionPlan(msgspec.Struct, frozen=True):
    """How one rendition is to be encoded and cut.

    Attributes:
        name: URL-safe, one of NAMES.
        codec: the encoder's name in FFmpeg; "copy" takes the source's access units as they are.
        sample_format: what the encoder takes, by FFmpeg's name; empty where there is none.
        sample_rate: Hz; also the timescale.
        channels: 1 or 2; up to 8 for FLAC.
        bitrate: bits per second the encoder aims at; 0 where it does not aim.
        frame_ticks: samples in every access unit but the last.
        lead_ticks: samples put before the sound: the sound mirrored, for an encoder that begins in the middle
            of a wave spreads the edge as noise, and a track may continue another; as many as it takes for
            segments to end where those of the other renditions do.
        delay_ticks: samples before the first that is heard: the lead, and what the encoder adds.
        fragment_frames: access units in a fragment, on average; the first one has the delay's in addition.
    """

    name: str
    codec: str
    sample_format: str
    sample_rate: int
    channels: int
    bitrate: int
    frame_ticks: int
    lead_ticks: int
    delay_ticks: int
    fragment_frames: Fraction


def plan(form: Form, wanted: Collection[str] = DEFAULT) -> tuple[RenditionPlan, ...]:
    """Decide the renditions of an upload.

    Args:
        form: of the source.
        wanted: names that the operator allows.

    Returns:
        At least one rendition of AAC-LC, which every player has, in the order of NAMES. Its rate is 44.1 kHz
        for 44.1 kHz and its whole multiples above, where no or the simplest resampling is needed, and 48 kHz
        for everything else; more than two channels are mixed down. FLAC where the source is lossless, with
        the source's rate, channels and bits. Every segment of one ends where the same of the others does;
        beside 44.1 kHz, Opus, whose frames do not fit, ends within half a frame of it.
    """
    plans = [_copied(form)] if form.copied_delay_ticks is not None else []
    bitrates = {name: bitrate for name, bitrate in _AAC_BITRATES.items() if name in wanted}
    if plans:
        bitrates = {
            name: bitrate
            for name, bitrate in bitrates.items()
            if bitrate <= form.copied_bitrate * _WORTH_ENCODING
        }
    elif not bitrates:
        bitrates = {"aac128": _AAC_BITRATES["aac128"]}
    plans += [_aac(name, form, bitrate) for name, bitrate in bitrates.items()]
    if "flac" in wanted and form.lossless_bits and form.sample_rate in _LOSSLESS_RATES:
        plans += [_flac(form)] if form.channels <= _FLAC_MAX_CHANNELS else []
    if "opus96" in wanted:
        plans.append(_opus(form))
    return tuple(plans)


def can_copy(sample_rate: int, channels: int) -> bool:
    """Whether AAC of such a form may stay what it is: everyone plays it, and its segments can end together
    with those of what is encoded beside it."""
    return sample_rate in _SEGMENT_FRAMES and channels <= 2


def common(form: Form) -> tuple[int, int]:
    """Sample rate and channels of the renditions that every player has."""
    return _aac_rate(form), min(form.channels, 2)


def _aac_rate(form: Form) -> int:
    return 44_100 if form.sample_rate in _FAMILY_44_1 else 48_000


def _copied(form: Form) -> RenditionPlan:
    assert form.copied_delay_ticks is not None
    return RenditionPlan(
        name="aac",
        codec="copy",
        sample_format="",
        sample_rate=form.sample_rate,
        channels=form.channels,
        bitrate=form.copied_bitrate,
        frame_ticks=AAC_FRAME_TICKS,
        lead_ticks=0,
        delay_ticks=form.copied_delay_ticks,
        fragment_frames=Fraction(_SEGMENT_FRAMES[form.sample_rate]),
    )


def _aac(name: str, form: Form, bitrate: int) -> RenditionPlan:
    rate = _aac_rate(form)
    channels = min(form.channels, 2)
    lead = AAC_FRAME_TICKS + (form.copied_delay_ticks or 0) % AAC_FRAME_TICKS
    return RenditionPlan(
        name=name,
        codec="aac",
        sample_format="fltp",
        sample_rate=rate,
        channels=channels,
        bitrate=bitrate * channels // 2,
        frame_ticks=AAC_FRAME_TICKS,
        lead_ticks=lead,
        delay_ticks=_AAC_DELAY_TICKS + lead,
        fragment_frames=Fraction(_SEGMENT_FRAMES[rate]),
    )


def _flac(form: Form) -> RenditionPlan:
    aac_rate = _aac_rate(form)
    frame_ticks = _FLAC_FRAME_TICKS * form.sample_rate // aac_rate
    segment_ticks = _SEGMENT_FRAMES[aac_rate] * AAC_FRAME_TICKS * form.sample_rate // aac_rate
    return RenditionPlan(
        name="flac",
        codec="flac",
        sample_format="s16" if form.lossless_bits <= 16 else "s32",
        sample_rate=form.sample_rate,
        channels=form.channels,
        bitrate=0,
        frame_ticks=frame_ticks,
        lead_ticks=0,
        delay_ticks=0,
        fragment_frames=Fraction(segment_ticks, frame_ticks),
    )


def _opus(form: Form) -> RenditionPlan:
    aac_rate = _aac_rate(form)
    channels = min(form.channels, 2)
    return RenditionPlan(
        name="opus96",
        codec="libopus",
        sample_format="flt",
        sample_rate=_OPUS_RATE,
        channels=channels,
        bitrate=_OPUS_BITRATE * channels // 2,
        frame_ticks=_OPUS_FRAME_TICKS,
        lead_ticks=_OPUS_FRAME_TICKS - _OPUS_DELAY_TICKS,
        delay_ticks=_OPUS_FRAME_TICKS,
        fragment_frames=Fraction(
            _SEGMENT_FRAMES[aac_rate] * AAC_FRAME_TICKS * _OPUS_RATE, aac_rate * _OPUS_FRAME_TICKS
        ),
    )
