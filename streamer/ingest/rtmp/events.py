"""What comes of a connection's bytes."""

import msgspec

from streamer.ingest.rtmp.amf import AmfValue
from streamer.ingest.rtmp.audio import AudioTag


class PublishAsked(msgspec.Struct, frozen=True):
    """A client wants to publish. Answer with `accept` or `refuse`; read no more until then.

    Attributes:
        key: what it gave as the name of its stream.
        client: what it calls itself; at most 200 characters.
    """

    key: str
    client: str

    def __repr__(self) -> str:
        return f"PublishAsked(client={self.client!r})"  # the key is a secret


class Described(msgspec.Struct, frozen=True):
    """`onMetaData`: what the client says of its stream."""

    properties: dict[str, AmfValue]


class Heard(msgspec.Struct, frozen=True):
    """An audio message."""

    timestamp_ms: int
    tag: AudioTag


class Unpublished(msgspec.Struct, frozen=True):
    """The client said that its stream is over."""


class Closed(msgspec.Struct, frozen=True):
    """Nothing more comes: send what is left, and close. `reason` is for the log."""

    reason: str


Event = PublishAsked | Described | Heard | Unpublished | Closed
