"""What an RTMP client can do wrong, and how far anything of it is followed."""

from typing import Final

MAX_AMF_DEPTH: Final = 16
"""Objects in objects. A `connect` has two levels, `onMetaData` of OBS three."""

MAX_AMF_VALUES: Final = 4_096
"""In one message, with those inside others."""

MAX_CHUNK_STREAMS: Final = 64
"""Of a connection; encoders use four to eight."""

MIN_CHUNK_BYTES: Final = 128
"""RTMP 1.0, 5.4.1: "The chunk size SHOULD be at least 128 bytes"; each costs the same, however small."""

MAX_AUDIO_BYTES: Final = 1 << 20
"""Of an audio message: the largest FLAC frames of two channels are half of that."""

MAX_AGGREGATE_BYTES: Final = 4 << 20
"""Of a message that holds several, video among them."""

MAX_DATA_BYTES: Final = 64 << 10
"""Of a command, of metadata, and of every other message that is kept until it is whole."""

MAX_PARTIAL_BYTES: Final = 6 << 20
"""Of all messages of a connection that are not whole yet. Video is none of them: it is not kept."""


MAX_STRANGE_BYTES: Final = 128 << 10
"""The same of a client that has not shown a good key yet."""


class RtmpError(Exception):
    """The client broke a rule; the connection can't go on. The message says which, with the value."""
