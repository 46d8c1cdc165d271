"""What a codec is called in a playlist, and how it introduces itself to a decoder."""

import struct

# ISO/IEC 14496-3, table 1.18: samplingFrequencyIndex is the place in this list.
_SAMPLING_FREQUENCIES = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
)  # fmt: skip
_OBJECT_TYPE_AAC_LC = 2  # ISO/IEC 14496-3, table 1.17


def aac_config(sample_rate: int, channels: int) -> bytes:
    """AudioSpecificConfig of AAC-LC with 1,024 samples a frame: two bytes.

    Args:
        sample_rate: Hz, one of the thirteen that have an index.
        channels: 1 to 6, which are their own channelConfiguration.

    Raises:
        ValueError: the rate has no index, or the channels no configuration.

    Source: ISO/IEC 14496-3, 1.6.2.1.
    """
    if sample_rate not in _SAMPLING_FREQUENCIES:
        raise ValueError(f"AAC has no index for {sample_rate} Hz")
    if not 1 <= channels <= 6:
        raise ValueError(f"AAC has no plain configuration for {channels} channels")
    bits = (
        _OBJECT_TYPE_AAC_LC << 11  # 5 bits audioObjectType
        | _SAMPLING_FREQUENCIES.index(sample_rate) << 7  # 4 bits samplingFrequencyIndex
        | channels << 3  # 4 bits channelConfiguration; the last 3 bits are GASpecificConfig, all zero
    )
    return bits.to_bytes(2, "big")


def is_plain_aac(config: bytes, sample_rate: int, channels: int) -> bool:
    """Whether an AudioSpecificConfig says what `aac_config` would, whatever extension follows.

    An extension behind the first two bytes that turned SBR on would double the rate of what is decoded.
    """
    try:
        return config[:2] == aac_config(sample_rate, channels)
    except ValueError:
        return False


def aac_codec_string(config: bytes) -> str:
    """RFC 6381 name of the AAC that `config`, an AudioSpecificConfig, describes: `mp4a.40.2` for AAC-LC.

    Raises:
        ValueError: fewer than two bytes, or an audioObjectType of 31 or more, which needs the escape.
    """
    if len(config) < 2:
        raise ValueError(f"an AudioSpecificConfig has at least 2 bytes, this has {len(config)}")
    object_type = config[0] >> 3
    if not 0 < object_type < 31:
        raise ValueError(f"audioObjectType {object_type} has no plain codec string")
    return f"mp4a.40.{object_type}"


FLAC_CODEC_STRING = "fLaC"
"""As registered with the MP4 registration authority; players refuse other spellings."""

OPUS_CODEC_STRING = "Opus"

_STREAMINFO_BYTES = 34  # RFC 9639, 8.2
_LAST_BLOCK_STREAMINFO = 0x80  # RFC 9639, 8.1: the last metadata block, of type 0


def flac_metadata(streaminfo: bytes) -> bytes:
    """The metadata that a FLAC decoder starts from: STREAMINFO behind its block head.

    Raises:
        ValueError: not 34 bytes.

    Source: RFC 9639, 8.1 and 8.2.
    """
    if len(streaminfo) != _STREAMINFO_BYTES:
        raise ValueError(f"STREAMINFO has {_STREAMINFO_BYTES} bytes, this has {len(streaminfo)}")
    return struct.pack(">I", _LAST_BLOCK_STREAMINFO << 24 | _STREAMINFO_BYTES) + streaminfo


def flac_bits(streaminfo: bytes) -> int:
    """Bits per sample that STREAMINFO tells; 0 if it is none.

    Source: RFC 9639, 8.2: five bits, less one, behind 20 bits of rate and 3 of channels at byte 10.
    """
    if len(streaminfo) < _STREAMINFO_BYTES:
        return 0
    return ((streaminfo[12] & 1) << 4 | streaminfo[13] >> 4) + 1


def opus_config(channels: int, delay_ticks: int, input_rate: int) -> bytes:
    """What stands in `dOps`.

    Args:
        channels: 1 or 2.
        delay_ticks: samples at 48 kHz that the decoder throws away, below 65,536.
        input_rate: of the source, Hz; for information.

    Source: Encapsulation of Opus in ISO Base Media File Format, 4.3.2.
    """
    return struct.pack(">BBHIhB", 0, channels, delay_ticks, input_rate, 0, 0)
