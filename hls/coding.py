"""How a rendition introduces itself in its init segment, codec by codec."""

import msgspec

from hls import codecs, fmp4
from hls.ladder import RenditionPlan


class Coding(msgspec.Struct, frozen=True):
    """What an init segment and a playlist say of a rendition's codec.

    Attributes:
        codecs: RFC 6381.
        sample_entry: the box that stands in `stsd`.
        roll_distance: frames to decode before the first that sounds right, as a negative number; 0 for none.
        brands: that the file is compatible with.
    """

    codecs: str
    sample_entry: bytes
    roll_distance: int
    brands: tuple[bytes, ...]


def aac(plan: RenditionPlan) -> Coding:
    """AAC-LC, whether encoded here or passed on."""
    config = codecs.aac_config(plan.sample_rate, plan.channels)
    entry = fmp4.aac_sample_entry(config, plan.sample_rate, plan.channels, plan.bitrate)
    return Coding(codecs.aac_codec_string(config), entry, fmp4.AAC_ROLL_DISTANCE, fmp4.AAC_BRANDS)


def flac(plan: RenditionPlan, streaminfo: bytes) -> Coding:
    """FLAC; `streaminfo` as the encoder gave it."""
    bits = codecs.flac_bits(streaminfo)
    metadata = codecs.flac_metadata(streaminfo)
    entry = fmp4.flac_sample_entry(metadata, plan.sample_rate, plan.channels, bits)
    return Coding(codecs.FLAC_CODEC_STRING, entry, 0, ())


def opus(plan: RenditionPlan, source_rate: int) -> Coding:
    """Opus; `source_rate` in Hz is for information."""
    config = codecs.opus_config(plan.channels, plan.delay_ticks, source_rate)
    entry = fmp4.opus_sample_entry(config, plan.channels)
    return Coding(codecs.OPUS_CODEC_STRING, entry, fmp4.OPUS_ROLL_DISTANCE, ())


def coding(plan: RenditionPlan, extradata: bytes, source_rate: int) -> Coding:
    """The coding of any plan; `extradata` as its encoder gave it, empty where there is none."""
    if plan.codec == "flac":
        return flac(plan, extradata)
    return opus(plan, source_rate) if plan.codec == "libopus" else aac(plan)
