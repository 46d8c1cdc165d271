"""AAC as a stream that can be entered anywhere: an ADTS header in front of every access unit."""

from collections.abc import Iterable
from functools import lru_cache

HEADER_BYTES = 7
MAX_UNIT_BYTES = (1 << 13) - 1 - HEADER_BYTES
_CONFIG_BYTES = 2


@lru_cache(16)
def _fixed(config: bytes) -> int:
    """The header of an empty unit, as a number of 56 bits.

    Raises:
        ValueError: what ADTS can't say: an audioObjectType beyond 4, a rate or channels without an index.
    """
    if len(config) < _CONFIG_BYTES:
        raise ValueError(f"an AudioSpecificConfig has at least {_CONFIG_BYTES} bytes, this has {len(config)}")
    bits = int.from_bytes(config[:_CONFIG_BYTES], "big")
    object_type, frequency, channels = bits >> 11, bits >> 7 & 15, bits >> 3 & 15
    if not 1 <= object_type <= 4 or frequency > 12 or not 1 <= channels <= 7:
        raise ValueError(f"ADTS has no object type {object_type} of rate {frequency} and channels {channels}")
    # ISO/IEC 14496-3, tables 1.A.6 and 1.A.7: syncword, MPEG-4, layer 0, no checksum; one unit, and a buffer
    # fullness of all ones, which means a variable rate.
    fixed = 0xFFF1 << 40 | (object_type - 1) << 38 | frequency << 34 | channels << 30
    return fixed | 0x7FF << 2


def encode_adts(config: bytes, units: Iterable[bytes]) -> bytes:
    """The units one behind the other, each with its header.

    Args:
        config: AudioSpecificConfig; what follows its first two bytes does not matter.
        units: raw AAC frames, of at most 8,184 bytes each.

    Raises:
        ValueError: ADTS can't say what `config` says, or how long a unit is.

    Source: ISO/IEC 14496-3, 1.A.3.2.
    """
    fixed = _fixed(config)
    parts = []
    for unit in units:
        if len(unit) > MAX_UNIT_BYTES:
            raise ValueError(f"a unit of {len(unit)} bytes, and ADTS has room for {MAX_UNIT_BYTES}")
        parts.append((fixed | (len(unit) + HEADER_BYTES) << 13).to_bytes(HEADER_BYTES, "big"))
        parts.append(unit)
    return b"".join(parts)
