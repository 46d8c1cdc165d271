"""What commands and events are: Structs that are one JSON object each, whose tag is `type`."""

from msgspec import Struct


class Command(Struct, frozen=True, tag_field="type", tag=str.lower):
    """A frame from a client."""


class Event(Struct, frozen=True, tag_field="type", tag=str.lower):
    """A frame to a client."""
