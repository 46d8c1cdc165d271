"""How long an MP3 really is, when it can't be asked for its end because that has not arrived yet.

FFmpeg cuts the encoder's padding off an MP3 only when it knows the size of the file. This does the same for
one that is still arriving, so that a track is the same to the sample whichever way it came in.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from hls.job import SourceReader, read_at

_TAG_BYTES = 512  # from the first frame on: more than the longest of its headers
_MAX_PADDING = 4095 + 1152  # LAME's field has 12 bits; and one frame more, for who counts differently
_ID3_HEADER = 10


class Sound(Protocol):
    """Something that has a number of samples, such as a decoded frame."""

    @property
    def samples(self) -> int: ...


S = TypeVar("S", bound=Sound)


def id3_size(head: bytes) -> int:
    """Bytes of the ID3v2 tag that `head` begins with, header and footer included; 0 if there is none.

    Source: ID3v2.4.0, section 3.1.
    """
    if len(head) < _ID3_HEADER or not head.startswith(b"ID3"):
        return 0
    flags, *digits = struct.unpack_from(">5B", head, 5)
    size = 0
    for digit in digits:
        size = size << 7 | digit & 0x7F
    return _ID3_HEADER + size + (_ID3_HEADER if flags & 0x10 else 0)


def mp3_samples(source: SourceReader) -> int | None:
    """Samples of the recording in an MP3, without delay and padding; None if it does not say."""
    first_frame = id3_size(read_at(source, 0, _ID3_HEADER))
    return samples_in_tag(read_at(source, first_frame, _TAG_BYTES))


def samples_in_tag(head: bytes) -> int | None:
    """Samples of the recording, as the first frame of an MP3 tells.

    Args:
        head: the first 512 bytes from that frame on.

    Returns:
        None where it carries no Xing or Info tag, or that no frame count or LAME extension.

    Source: the Xing VBR header and LAME's "Mp3 info Tag", revision 1.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # eleven bits of sync, layer III
        return None
    mpeg1 = head[1] & 0x18 == 0x18
    mono = head[3] & 0xC0 == 0xC0
    side_info_bytes = (17 if mono else 32) if mpeg1 else (9 if mono else 17)
    tag = head[4 + side_info_bytes :]
    if tag[:4] not in (b"Xing", b"Info") or len(tag) < 8:
        return None
    (flags,) = struct.unpack_from(">I", tag, 4)
    has_frames, has_bytes, has_index, has_quality = flags & 1, flags & 2, flags & 4, flags & 8
    lame = (
        8
        + (4 if has_frames else 0)
        + (4 if has_bytes else 0)
        + (100 if has_index else 0)
        + (4 if has_quality else 0)
    )
    if not has_frames or len(tag) < lame + 24:
        return None
    (frames,) = struct.unpack_from(">I", tag, 8)
    # 21 bytes of version, revision, lowpass, gain, flags and bitrate; then 12 bits each of delay and padding.
    padding = int.from_bytes(tag[lame + 21 : lame + 24], "big")
    samples = frames * (1152 if mpeg1 else 576) - (padding >> 12) - (padding & 0xFFF)
    return samples if padding and samples > 0 else None


def padding(heard: int, samples: int | None) -> int:
    """How many of the samples heard are padding, where the recording claims to have so many; 0 if unknown.

    Where more follows than padding can be long, two files were joined: all is kept.
    """
    over = 0 if samples is None else heard - samples
    return over if 0 < over <= _MAX_PADDING else 0


def without_padding(sounds: Iterable[S], samples: int, cut: Callable[[S, int], S]) -> Iterator[S]:
    """Pass sounds on up to `samples`; what is over is padding, unless there is too much of it.

    Args:
        sounds: in order. Where more follows than padding can be long, two files were joined: all is kept.
        samples: as `mp3_samples` tells, > 0.
        cut: makes a sound of its first n samples, 0 < n < all.
    """
    sounds = iter(sounds)
    seen = 0
    held: list[S] = []
    for sound in sounds:
        over = seen + sound.samples - samples
        seen += sound.samples
        if over <= 0:
            yield sound
            continue
        held.append(sound)
        if over > _MAX_PADDING:
            yield from held
            yield from sounds
            return
    if held:
        keep = held[0].samples - (seen - sum(sound.samples for sound in held[1:]) - samples)
        if keep:
            yield cut(held[0], keep)
