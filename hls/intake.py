"""What may come in, and whether it can be read while it is still coming in."""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from hls import codecs
from hls.job import MediaRefused

HEAD_BYTES = 4096
"""How much of a source `readable_while_arriving` wants to see."""

DEMUXERS = (
    "aac", "ac3", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dsf", "eac3", "flac", "flv", "matroska",
    "mov", "mp3", "mpeg", "mpegts", "ogg", "tta", "w64", "wav", "wv",
)  # fmt: skip
"""FFmpeg's names of the containers that are opened. Everything that refers to other files or addresses (hls,
dash, concat, image2, ...) is missing on purpose."""

DECODERS = (
    "aac", "aac_latm", "ac3", "alac", "amrnb", "amrwb", "ape", "dsd_lsbf", "dsd_lsbf_planar", "dsd_msbf",
    "dsd_msbf_planar", "eac3", "flac", "mp1", "mp1float", "mp2", "mp2float", "mp3float", "opus", "tta",
    "vorbis", "wavpack", "wmav1", "wmav2",
)  # fmt: skip
"""FFmpeg's names of the decoders that may run, beside the PCM families. No picture is ever decoded."""

PCM_FAMILIES = ("pcm_", "adpcm_")

MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 1_000, 768_000
MAX_CHANNELS = 24
"""22.2 has the most channels of all layouts that have names."""

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
"""FFmpeg's name of the container that says where its first sample is heard."""

TAGS_COME_FIRST = ("flac", "ogg", MP4)
"""Containers, by FFmpeg's names, that tell everything before the sound; others may have more at their end."""

_PROBE_ENOUGH = {"probesize": "1000000"}
_PROBE_LITTLE = {"probesize": "65536", "max_probe_packets": "4"}  # every byte more would have to arrive first
_MAX_DAMAGED_IN_A_ROW = 1_000
_FEW = 100
_MAX_BOXES = 1_000  # side by side: some dozens are many
_MAX_OFFSET = 1 << 62
_ISO_CONTAINERS = (b"ftyp", b"free", b"skip", b"wide", b"pdin", b"styp", b"sidx", b"uuid")


def readable_while_arriving(head: bytes) -> bool:
    """Whether decoding can begin before the source is complete.

    Args:
        head: the first HEAD_BYTES of the source, or fewer if it has no more.

    Returns:
        False for MP4 whose samples come before their index, and where the first boxes do not tell. True for
        everything else, known or not: who can't read it finds out, and waits for the rest then.

    Source: ISO/IEC 14496-12, 4.2.
    """
    position = 0
    while position + 8 <= len(head):
        size, kind = struct.unpack_from(">I4s", head, position)
        if kind in (b"moov", b"moof"):
            return True
        if kind == b"mdat":
            return False
        if kind not in _ISO_CONTAINERS:
            return position == 0  # no MP4 at all, or one that is damaged
        if size == 1 and position + 16 <= len(head):
            (size,) = struct.unpack_from(">Q", head, position + 8)
        if size < 8:
            return False
        position += size
    return position == 0


def is_fragmented(read: Callable[[int, int], bytes]) -> bool:
    """Whether an MP4 may have more sound than its index lists; True as well where it can't be told.

    Args:
        read: gives up to so many bytes (the second) from an offset (the first), as far as they are there.

    Source: ISO/IEC 14496-12, 8.8.1: `mvex` warns "that there might be movie fragments".
    """
    for kind, start, end in _boxes(read, 0, _MAX_OFFSET):
        if kind == b"moov":
            return any(kind == b"mvex" for kind, _, _ in _boxes(read, start, end))
    return True


def _boxes(read: Callable[[int, int], bytes], offset: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, and begin and end of the payload, of the boxes that follow one another from `offset` on."""
    for _ in range(_MAX_BOXES):
        head = read(offset, 16) if offset + 8 <= end else b""
        if len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        payload = 8
        if size == 1 and len(head) == 16:
            (size,), payload = struct.unpack_from(">Q", head, 8), 16
        if size < payload or offset + size > end:
            return
        yield kind, offset + payload, offset + size
        offset += size


def check(sample_rate: int, channels: int) -> None:
    """Turn away sound that nobody records.

    Raises:
        MediaRefused: the rate, in Hz, or the channels are out of bounds.
    """
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise MediaRefused(
            f"a sample rate of {sample_rate} Hz is outside of {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise MediaRefused(f"{channels} channels are outside of 1 to {MAX_CHANNELS}")


def believable_duration_ms(
    claimed_us: int | None, pcm_bits_per_s: int | None, size_bytes: int | None
) -> int | None:
    """What a header claims about the duration, or None when the size of the source gives it the lie.

    Args:
        claimed_us: microseconds, as the header says or implies.
        pcm_bits_per_s: for sound without compression, where every second has its size; None otherwise.
        size_bytes: of the whole source; None while it arrives.
    """
    if claimed_us is None or claimed_us <= 0:
        return None
    if pcm_bits_per_s and (size_bytes is None or claimed_us * pcm_bits_per_s > size_bytes * 8 * 1_000_000):
        return None
    return claimed_us // 1000


_INTEGER_PCM = ("pcm_s8", "pcm_u8", "pcm_s16", "pcm_u16", "pcm_s24", "pcm_u24")
_LOSSLESS = ("alac", "ape", "flac", "tta", "wavpack")
_ONLY_TO_24 = ("ape", "tta")  # FFmpeg's decoders of these know 8, 16 and 24 bits
_ALAC_BITS_AT = 17  # of its magic cookie in an `alac` box: 12 bytes of box, 4 of frame length, 1 of version


def lossless_bits(decoder: str, sample_format: str, extradata: bytes) -> int:
    """How many bits hold every sample of a source without loss: 16, 24, or 0 if none do or it is lossy.

    Args:
        decoder: FFmpeg's name of it.
        sample_format: of what it gives.
        extradata: what the container says of the codec.
    """
    if not decoder.startswith(_INTEGER_PCM) and decoder not in _LOSSLESS:
        return 0
    if sample_format.rstrip("p") in ("u8", "s16"):
        return 16
    if sample_format.rstrip("p") != "s32":
        return 0
    if decoder == "flac":
        bits = codecs.flac_bits(extradata)
    elif decoder == "alac":
        bits = extradata[_ALAC_BITS_AT] if len(extradata) > _ALAC_BITS_AT else 0
    else:
        bits = 24 if decoder in _ONLY_TO_24 or decoder.startswith(_INTEGER_PCM) else 0
    return 24 if 0 < bits <= 24 else 0


def open_options(decoders: Iterable[str], *, arriving: bool) -> dict[str, str]:
    """FFmpeg's options for opening a source: nothing but what is named here is tried on it."""
    return {
        "format_whitelist": ",".join(DEMUXERS),
        "protocol_whitelist": "none",
        "codec_whitelist": ",".join(sorted(decoders)),
        **(_PROBE_LITTLE if arriving else _PROBE_ENOUGH),
    }


T = TypeVar("T")


def undamaged(pieces: Iterable[list[T] | None]) -> Iterator[T]:
    """What could be decoded: each piece as a list, None for a damaged one.

    Ends after a thousand damaged pieces in a row: what follows so much garbage is not the same recording.

    Raises:
        MediaRefused: more than a hundred pieces are damaged, and fewer are not: it is no recording at all.
    """
    good = bad = bad_in_a_row = 0
    for piece in pieces:
        if piece is not None:
            good, bad_in_a_row = good + 1, 0
            yield from piece
            continue
        bad, bad_in_a_row = bad + 1, bad_in_a_row + 1
        if bad > _FEW and bad > good:
            raise MediaRefused("most of it is damaged")
        if bad_in_a_row > _MAX_DAMAGED_IN_A_ROW:
            return
