"""Audio tags of FLV, which are RTMP's audio messages: legacy, and those of Enhanced RTMP.

Source: Adobe, Video File Format Specification 10.1, E.4.2; Enhanced RTMP v2 (veovera), "Enhanced Audio".
"""

from typing import Final

import msgspec

from streamer.ingest.rtmp.wire import RtmpError

SEQUENCE_START: Final = 0
CODED_FRAMES: Final = 1
SEQUENCE_END: Final = 2
MULTICHANNEL: Final = 4
_MULTITRACK: Final = 5
_MOD_EX: Final = 7
_ONE_TRACK: Final = 0
_MANY_CODECS: Final = 2

_ENHANCED: Final = 9
_AAC: Final = 10
LEGACY: Final = {
    **{0: "PCM", 1: "ADPCM", 2: "MP3", 3: "PCM", 4: "Nellymoser", 5: "Nellymoser", 6: "Nellymoser"},
    **{7: "G.711 A-law", 8: "G.711 mu-law", _AAC: "AAC", 11: "Speex", 14: "MP3"},
}
"""SoundFormat and what it is; 9 is the extended header, all others are reserved or a device's own."""

FOUR_CCS: Final = {
    b"mp4a": "AAC",
    b"Opus": "Opus",
    b"fLaC": "FLAC",
    b".mp3": "MP3",
    b"ac-3": "AC-3",
    b"ec-3": "E-AC-3",
}


class AudioTag(msgspec.Struct, frozen=True):
    """One audio message, as it goes on.

    Attributes:
        codec: in words.
        kind: `SEQUENCE_START`, `CODED_FRAMES`, or one that says nothing to a decoder.
        body: the tag with its header, of one track, without modifiers; empty if a decoder has no use for it.
    """

    codec: str
    kind: int
    body: bytes


def read_tag(payload: bytes) -> AudioTag:
    """Judge an audio message, and take out of it what a decoder needs.

    Of several tracks only that with the lowest number goes on; encoders number the main one 0.

    Raises:
        RtmpError: not an audio tag, or in a codec that nobody decodes.
    """
    if not payload:
        return AudioTag("", SEQUENCE_END, b"")
    sound = payload[0] >> 4
    if sound == _ENHANCED:
        return _read_enhanced(payload)
    codec = LEGACY.get(sound)
    if codec is None:
        raise RtmpError(f"its audio is of SoundFormat {sound}; use AAC, MP3, Opus or FLAC")
    if sound != _AAC:
        return AudioTag(codec, CODED_FRAMES, payload if len(payload) > 1 else b"")
    kind = SEQUENCE_START if payload[1:2] == b"\0" else CODED_FRAMES
    return AudioTag(codec, kind, payload if len(payload) > 2 else b"")


def _read_enhanced(payload: bytes) -> AudioTag:
    kind, at = payload[0] & 0x0F, 1
    while kind == _MOD_EX:
        kind, at = _skip_modifier(payload, at)
    if kind == _MULTITRACK:
        return _read_tracks(payload, at)
    return _enhanced(kind, payload[at : at + 4], payload[at + 4 :])


def _skip_modifier(payload: bytes, at: int) -> tuple[int, int]:
    """Behind a ModEx: the next packet type, and where it goes on."""
    size = _u(payload, at, 1) + 1
    at += 1
    if size == 256:
        size = _u(payload, at, 2) + 1
        at += 2
    at += size
    return _u(payload, at, 1) & 0x0F, at + 1


def _read_tracks(payload: bytes, at: int) -> AudioTag:
    kinds = _u(payload, at, 1)
    several, kind = kinds >> 4, kinds & 0x0F
    at += 1
    four_cc = b""
    if several != _MANY_CODECS:
        four_cc, at = payload[at : at + 4], at + 4
    chosen: tuple[int, bytes, bytes] | None = None
    while at < len(payload):
        if several == _MANY_CODECS:
            four_cc, at = payload[at : at + 4], at + 4
        track, at = _u(payload, at, 1), at + 1
        size = len(payload) - at
        if several != _ONE_TRACK:
            size, at = _u(payload, at, 3), at + 3
        if at + size > len(payload):
            raise RtmpError(f"an audio track of {size} bytes ends behind its message")
        if chosen is None or track < chosen[0]:
            chosen = track, four_cc, payload[at : at + size]
        at += size
    if chosen is None:
        raise RtmpError("an audio message for several tracks has none")
    return _enhanced(kind, chosen[1], chosen[2])


def _enhanced(kind: int, four_cc: bytes, data: bytes) -> AudioTag:
    codec = FOUR_CCS.get(four_cc)
    if codec is None:
        shown = four_cc.decode("latin-1")
        known = ", ".join(name.decode() for name in FOUR_CCS)
        raise RtmpError(f"its audio is {shown!r}; what can be decoded is {known}")
    wanted = kind in (SEQUENCE_START, CODED_FRAMES) and (data or kind == SEQUENCE_START)
    body = bytes((_ENHANCED << 4 | kind,)) + four_cc + data if wanted or kind == MULTICHANNEL else b""
    return AudioTag(codec, kind, body)


def _u(payload: bytes, at: int, size: int) -> int:
    there = payload[at : at + size]
    if len(there) < size:
        raise RtmpError("an audio message ends inside its header")
    return int.from_bytes(there, "big")
