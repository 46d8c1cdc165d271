"""The head of a WAV file that arrives, as far as it says what its samples are.

FFmpeg looks at the first 64 KiB of samples before it gives one, for what they could be in disguise: a third
of a second of music, and two of speech.

Source: Multimedia Programming Interface and Data Specifications 1.0, WAVE; EBU Tech 3306 for RF64.
"""

import struct

import msgspec

MAX_HEAD_BYTES = 1 << 16
"""More than this before the samples is nothing to wait for."""

_RIFF_BYTES = 12
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_SUBFORMAT_AT = 24  # behind the size of the extension, the valid bits and the mask of channels
_DECODERS = {
    (_PCM, 8): "pcm_u8",
    (_PCM, 16): "pcm_s16le",
    (_PCM, 24): "pcm_s24le",
    (_PCM, 32): "pcm_s32le",
    (_FLOAT, 32): "pcm_f32le",
    (_FLOAT, 64): "pcm_f64le",
    (_ALAW, 8): "pcm_alaw",
    (_MULAW, 8): "pcm_mulaw",
}


class WaveHead(msgspec.Struct, frozen=True):
    """What the samples are.

    Attributes:
        decoder: FFmpeg's name of it.
        frame_bytes: of a sample in all channels.
        sample_rate: Hz, as it says.
        channels: as it says.
        size_bytes: of the head: samples come behind it.
    """

    decoder: str
    frame_bytes: int
    sample_rate: int
    channels: int
    size_bytes: int


def read_head(data: bytes) -> WaveHead | None:
    """Read the head of a WAV.

    Args:
        data: from its first byte on.

    Returns:
        None if the samples have not begun yet, or are of a kind that has to be told from more than its head.
    """
    decoder, rate, channels, align = "", 0, 0, 0
    at = _RIFF_BYTES
    while at + _CHUNK.size <= len(data):
        kind, size = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        if kind == b"data":
            return WaveHead(decoder, align, rate, channels, at) if decoder else None
        if kind == b"fmt " and size >= _FORMAT.size and at + size <= len(data):
            tag, channels, rate, _, align, bits = _FORMAT.unpack_from(data, at)
            if tag == _EXTENSIBLE and size >= _SUBFORMAT_AT + 2:
                (tag,) = struct.unpack_from("<H", data, at + _SUBFORMAT_AT)
            decoder = _DECODERS.get((tag, bits), "") if align * 8 == bits * channels else ""
        at += size + size % 2
    return None
