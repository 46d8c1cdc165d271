"""CMAF of one audio track: an init segment, then one `moof`+`mdat` a fragment.

Every function returns whole boxes. Numbers in the comments are sections of ISO/IEC 14496-12:2022 unless
they name another standard.
"""

import struct

from hls.model import AccessUnit
from hls.segmenter import Fragment

_TRACK_ID = 1
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)  # 8.2.2: the identity
_UNDETERMINED = 0x55C4  # 8.4.2: "und" as three 5-bit letters
_SYNC_SAMPLE = 0x02000000  # 8.8.3.1: depends on no other sample, is a sync sample
_DEFAULT_BASE_IS_MOOF = 0x020000  # 8.8.7.1
_HAS_DEFAULT_DURATION = 0x000008  # 8.8.7.1
_HAS_DATA_OFFSET = 0x000001  # 8.8.8.1
_HAS_DURATIONS = 0x000100  # 8.8.8.1
_HAS_SIZES = 0x000200  # 8.8.8.1
AAC_ROLL_DISTANCE = -1
"""10.1: an AAC frame overlaps the one before it, which has to be decoded first."""
OPUS_ROLL_DISTANCE = -4
"""Encapsulation of Opus in ISO Base Media File Format, 4.3.6.2: 80 ms, which is four frames of 20 ms."""
AAC_BRANDS = (b"caac", b"mp41")
"""`caac` is the AAC core media profile of ISO/IEC 23000-19, 10.3; `mp41` has `esds`."""

_OBJECT_TYPE_MPEG4_AUDIO = 0x40  # ISO/IEC 14496-1, table 5
_STREAM_TYPE_AUDIO = 0x05  # ISO/IEC 14496-1, table 6


def box(kind: bytes, *payload: bytes) -> bytes:
    """A box of 4.2: 32-bit size, four letters, payload."""
    body = b"".join(payload)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    """A box of 4.2 whose payload begins with an 8-bit version and 24 bits of flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *payload)


def aac_sample_entry(config: bytes, sample_rate: int, channels: int, bitrate: int) -> bytes:
    """`mp4a` with its `esds`.

    Args:
        config: AudioSpecificConfig.
        sample_rate: Hz, below 65,536.
        channels: >= 1.
        bitrate: bits per second, for the decoder's information.
    """
    decoder_config = _descriptor(
        0x04,
        struct.pack(">BB", _OBJECT_TYPE_MPEG4_AUDIO, _STREAM_TYPE_AUDIO << 2 | 1),
        struct.pack(">I", 6144 * channels // 8)[
            1:
        ],  # ISO/IEC 14496-3: 6,144 bits a channel at most in a frame
        struct.pack(">II", bitrate, bitrate),
        _descriptor(0x05, config),
    )
    # ISO/IEC 14496-14: ES_ID is 0 in a file; SLConfigDescriptor is predefined as 2.
    elementary_stream = _descriptor(
        0x03, struct.pack(">HB", 0, 0), decoder_config, _descriptor(0x06, b"\x02")
    )
    return _sample_entry(b"mp4a", sample_rate, channels, 16, full_box(b"esds", 0, 0, elementary_stream))


def flac_sample_entry(metadata: bytes, sample_rate: int, channels: int, bits: int) -> bytes:
    """`fLaC` with its `dfLa`.

    Args:
        metadata: STREAMINFO behind its block head.
        sample_rate: Hz; any, though the field holds less than 65,536.
        channels: 1 to 8.
        bits: of a sample.

    Source: Encapsulation of FLAC in ISO Base Media File Format, 3.3.1 and 3.3.2.
    """
    # 3.3.1: "the samplerate field shall hold the greatest expressible regular division of that rate".
    shown = next(
        (rate for rate in (sample_rate, 48_000, 44_100) if rate < 1 << 16 and sample_rate % rate == 0), 0
    )
    return _sample_entry(b"fLaC", shown, channels, bits, full_box(b"dfLa", 0, 0, metadata))


def opus_sample_entry(config: bytes, channels: int) -> bytes:
    """`Opus` with its `dOps`, whatever the source's rate was: 4.3.1 of its encapsulation wants 48 kHz."""
    return _sample_entry(b"Opus", 48_000, channels, 16, box(b"dOps", config))


def init_segment(
    *,
    sample_entry: bytes,
    timescale: int,
    delay_ticks: int,
    roll_distance: int = AAC_ROLL_DISTANCE,
    brands: tuple[bytes, ...] = AAC_BRANDS,
) -> bytes:
    """`ftyp` and `moov`: everything a decoder must know before the first fragment.

    Args:
        sample_entry: the box that stands in `stsd`.
        timescale: ticks per second, > 0.
        delay_ticks: encoder delay, which the edit list skips; 0 writes no edit list.
        roll_distance: frames to decode before the first that sounds right, as a negative number; 0 for none.
        brands: compatible ones, beside CMAF's.
    """
    # ISO/IEC 23000-19, 7.2: `cmfc` is the CMAF track brand.
    file_type = box(b"ftyp", b"cmfc", struct.pack(">I", 0), b"iso6", b"cmfc", *brands)
    header = full_box(
        b"mvhd",
        0,
        0,
        struct.pack(">IIII", 0, 0, timescale, 0),
        struct.pack(">IH10x", 0x10000, 0x0100),
        _MATRIX,
        struct.pack(">24xI", _TRACK_ID + 1),
    )
    track = box(b"trak", _track_header(), _edits(delay_ticks), _media(sample_entry, timescale, roll_distance))
    # 8.8.3: every sample is a sync sample, unless a fragment says otherwise.
    defaults = full_box(b"trex", 0, 0, struct.pack(">IIIII", _TRACK_ID, 1, 0, 0, _SYNC_SAMPLE))
    return file_type + box(b"moov", header, track, box(b"mvex", defaults))


def fragment(cut: Fragment, *, rolls: bool = True) -> bytes:
    """`moof` and `mdat` of one fragment; `rolls` if its init segment has a roll distance."""
    run = _run(cut.units, 0)
    size_without_offset = len(_movie_fragment(cut, run, rolls))
    # 8.8.8: the offset counts from the first byte of the `moof`; the box's size does not depend on its value.
    run = _run(cut.units, size_without_offset + 8)
    return _movie_fragment(cut, run, rolls) + box(b"mdat", *[unit.data for unit in cut.units])


def _movie_fragment(cut: Fragment, run: bytes, rolls: bool) -> bytes:
    # 8.9.2: all samples belong to the first `roll` description of the init segment.
    group = full_box(b"sbgp", 0, 0, b"roll", struct.pack(">III", 1, len(cut.units), 1)) if rolls else b""
    return box(
        b"moof",
        full_box(b"mfhd", 0, 0, struct.pack(">I", cut.sequence_number)),
        box(
            b"traf",
            full_box(
                b"tfhd",
                0,
                _DEFAULT_BASE_IS_MOOF | _HAS_DEFAULT_DURATION,
                struct.pack(">II", _TRACK_ID, cut.units[0].duration_ticks),
            ),
            full_box(b"tfdt", 1, 0, struct.pack(">Q", cut.decode_ticks)),
            run,
            group,
        ),
    )


def _run(units: list[AccessUnit], data_offset: int) -> bytes:
    """8.8.8. Durations are written out only where one differs from the first, which `tfhd` holds."""
    count = len(units)
    sizes = [len(unit.data) for unit in units]
    usual = units[0].duration_ticks
    if all(unit.duration_ticks == usual for unit in units):
        flags = _HAS_DATA_OFFSET | _HAS_SIZES
        return full_box(b"trun", 0, flags, struct.pack(f">Ii{count}I", count, data_offset, *sizes))
    flags = _HAS_DATA_OFFSET | _HAS_DURATIONS | _HAS_SIZES
    pairs = [
        number for unit, size in zip(units, sizes, strict=True) for number in (unit.duration_ticks, size)
    ]
    return full_box(b"trun", 0, flags, struct.pack(f">Ii{2 * count}I", count, data_offset, *pairs))


def _track_header() -> bytes:
    enabled_in_movie_and_preview = 7  # 8.3.2
    return full_box(
        b"tkhd",
        0,
        enabled_in_movie_and_preview,
        struct.pack(">IIIII", 0, 0, _TRACK_ID, 0, 0),
        struct.pack(">8xHHHH", 0, 0, 0x0100, 0),
        _MATRIX,
        struct.pack(">II", 0, 0),
    )


def _edits(delay_ticks: int) -> bytes:
    """8.6.6: "segment_duration" 0 is the rest of a fragmented movie; presentation starts behind the delay."""
    if not delay_ticks:
        return b""
    return box(b"edts", full_box(b"elst", 0, 0, struct.pack(">IIiI", 1, 0, delay_ticks, 0x10000)))


def _media(sample_entry: bytes, timescale: int, roll_distance: int) -> bytes:
    sound_handler = struct.pack(">I4s12x", 0, b"soun") + b"Veza\0"
    here = full_box(b"url ", 0, 1)  # 8.7.2: flag 1, the media is in this file
    roll = struct.pack(">4sIIh", b"roll", 2, 1, roll_distance)  # 8.9.3: entries of 2 bytes, one of them
    samples = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), sample_entry),
        full_box(b"stts", 0, 0, struct.pack(">I", 0)),
        full_box(b"stsc", 0, 0, struct.pack(">I", 0)),
        full_box(b"stsz", 0, 0, struct.pack(">II", 0, 0)),
        full_box(b"stco", 0, 0, struct.pack(">I", 0)),
        full_box(b"sgpd", 1, 0, roll) if roll_distance else b"",
    )
    return box(
        b"mdia",
        full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, timescale, 0, _UNDETERMINED, 0)),
        full_box(b"hdlr", 0, 0, sound_handler),
        box(
            b"minf",
            full_box(b"smhd", 0, 0, struct.pack(">HH", 0, 0)),
            box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), here)),
            samples,
        ),
    )


def _sample_entry(kind: bytes, sample_rate: int, channels: int, bits: int, config: bytes) -> bytes:
    """12.2.3: AudioSampleEntry."""
    return box(kind, struct.pack(">6xH8xHHHHI", 1, channels, bits, 0, 0, sample_rate << 16), config)


def _descriptor(tag: int, *payload: bytes) -> bytes:
    """ISO/IEC 14496-1, 8.3.3: tag, size in 7-bit groups, of which one is enough here."""
    body = b"".join(payload)
    assert len(body) < 128, f"descriptor {tag} of {len(body)} bytes needs a longer size"
    return bytes((tag, len(body))) + body
