"""Whose a track is."""

import msgspec


class Owner(msgspec.Struct, frozen=True):
    """The account that uploaded a track, under its name at that time."""

    id: str
    name: str


def owner_of(id: str | None, name: str | None) -> Owner | None:
    """The owner, or None for what was uploaded without an account."""
    return None if id is None else Owner(id, name or "")
