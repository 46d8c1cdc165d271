"""What the store has, against what the database says that it has: names and lengths, in pages."""

from collections.abc import Mapping

from streamer.finding import Finding, Kind, Remedy
from streamer.media import key_of
from streamer.store import Store

_PREFIX = "tracks"


async def look(store: Store | None, held: Mapping[str, Mapping[str, int]]) -> list[Finding]:
    """Every object that is missing, or has another length.

    Objects that the database does not know are left alone: they may be on their way, or another's.

    Args:
        store: the one that the settings name; None for the data folder alone.
        held: lengths by file name, by media, of what is said to be in the store.

    Raises:
        StoreError: it can't be asked.
    """
    there = {} if store is None or not held else await _sizes(store)
    found = []
    for media_id, files in held.items():
        for name, size in files.items():
            has = there.get(key_of(media_id, name))
            if has == size:
                continue
            where = "store_url names no store" if store is None else f"{store.name} does not have it"
            words = where if has is None else f"it has {has} bytes in the store instead of {size}"
            found.append(
                Finding(kind=Kind.OBJECT_LOST, remedy=Remedy.NONE, detail=words, folder=media_id, file=name)
            )
    return found


async def _sizes(store: Store) -> dict[str, int]:
    sizes: dict[str, int] = {}
    after = None
    while page := await store.list(_PREFIX, after=after):
        sizes |= {found.key: found.size_bytes for found in page}
        after = page[-1].key
    return sizes
