"""Which container a live source is in, from its first bytes: FFmpeg would want to see a second of it."""

HEAD_BYTES = 12
"""How many bytes `recognise` wants to see."""

MATROSKA, MP4, FLV, OGG, FLAC, WAV, W64, MP3, ADTS, AIFF, AU, CAF, TS = (
    "matroska", "mov", "flv", "ogg", "flac", "wav", "w64", "mp3", "aac", "aiff", "au", "caf", "mpegts",
)  # fmt: skip

CONTAINERS = frozenset((MATROSKA, MP4, FLV, OGG, FLAC, WAV, W64, MP3, ADTS, AIFF, AU, CAF, TS))
"""FFmpeg's names of what may come in live: what can be read forwards, and begins to sound at once."""

OPTIONS = {"probesize": "32", "analyzeduration": "1", "max_probe_packets": "1", "fpsprobesize": "0"}
"""Of FFmpeg, for a source whose container is known: it looks at one packet, and at nothing ahead."""

_MAGIC = (
    (b"OggS", OGG), (b"\x1aE\xdf\xa3", MATROSKA), (b"FLV", FLV), (b"fLaC", FLAC), (b"ID3", MP3),
    (b"riff\x2e\x91\xcf\x11", W64), (b"FORM", AIFF), (b".snd", AU), (b"caff", CAF),
)  # fmt: skip
_WAVE = (b"RIFF", b"RF64", b"BW64")
_BOXES = (b"ftyp", b"styp", b"moov", b"sidx", b"free", b"skip")
_ID3, _ID3_HEAD_BYTES, _ID3_FLAGS_AT, _ID3_SIZE_AT, _ID3_HAS_FOOTER = b"ID3", 10, 5, 6, 0x10
_ADTS_HEAD_BYTES = 7
_TS_PACKET_SYNC = 0x47


def recognise(head: bytes) -> str | None:
    """FFmpeg's name of a container that begins like this; None if it is none of those that are known here.

    Args:
        head: the first HEAD_BYTES, or fewer if there are no more.
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] in _WAVE and head[8:12] == b"WAVE":
        return WAV
    if head[4:8] in _BOXES:
        return MP4
    if frames := _frames(head):
        return frames
    return TS if head[:1] == bytes((_TS_PACKET_SYNC,)) else None


def adts_offset(data: bytes) -> int | None:
    """Where the first frame of ADTS begins in what may begin in the middle of one; ISO/IEC 14496-3, 1.A.2.2.

    Returns: None until a frame and the head of one behind it are in `data`.
    """
    place = data.find(0xFF)
    while 0 <= place <= len(data) - _ADTS_HEAD_BYTES:
        if data[place + 1] & 0xF6 == 0xF0:
            head = data[place : place + _ADTS_HEAD_BYTES]
            size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
            behind = data[place + size : place + size + 3]
            # Of the next frame the layer, the profile and the rate are the same.
            if size >= _ADTS_HEAD_BYTES and behind[:2] == head[:2] and behind[2:] == head[2:3]:
                return place
        place = data.find(0xFF, place + 1)
    return None


def _frames(head: bytes) -> str | None:
    """MPEG audio alone, by the sync word: ISO/IEC 11172-3, 2.4.2.3; ISO/IEC 14496-3, 1.A.2.2."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] >> 1 & 3
    if layer == 0:  # ADTS has the layer always 0, and 12 bits of sync
        return ADTS if head[1] & 0xF0 == 0xF0 else None
    return MP3


def id3_bytes(head: bytes) -> int:
    """How long the ID3v2 tag that begins with these 10 bytes or more is; 0 if it is none.

    Source: ID3v2.4.0, 3.1: the size is four times seven bits, and does not count the head, nor the footer.
    """
    if len(head) < _ID3_HEAD_BYTES or not head.startswith(_ID3):
        return 0
    size = 0
    for byte in head[_ID3_SIZE_AT:_ID3_HEAD_BYTES]:
        size = size << 7 | byte & 0x7F
    footer = _ID3_HEAD_BYTES if head[_ID3_FLAGS_AT] & _ID3_HAS_FOOTER else 0
    return _ID3_HEAD_BYTES + size + footer
