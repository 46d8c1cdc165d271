"""Who is meant in a message: `@name`, or `@"a name with spaces"`."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from chat.names import MAX_NAME_CHARS

_MENTION = re.compile(
    rf'(?<![\w@/.])@(?:"(?P<quoted>[^"\n]{{1,{MAX_NAME_CHARS}}})"|(?P<plain>[^\s@"]{{1,{MAX_NAME_CHARS}}}))'
)
_AFTERWARDS = ("Po", "Pe", "Pf", "Pi")  # what may follow a name, and is none of it


def name_key(name: str) -> str:
    """What two spellings of a name have in common, for which one may be typed instead of the other."""
    return unicodedata.normalize("NFKC", name).casefold()


def mentioned(body: str, limit: int) -> list[str]:
    """The keys of the names in a text, each once, in its order.

    Args:
        limit: at most so many, >= 1; those behind them are nobody's.
    """
    found: dict[str, None] = {}
    for match in _MENTION.finditer(body):
        name = (match["quoted"] or _without_end(match["plain"])).strip()
        if name:
            found.setdefault(name_key(name))
        if len(found) == limit:
            break
    return list(found)


def among(names: Mapping[str, str], keys: Iterable[str]) -> dict[str, list[str]]:
    """Key -> ids of the people, given as id -> name, who have that name; it may be that of several."""
    found: dict[str, list[str]] = {key: [] for key in keys}
    for id, name in names.items():
        if (ids := found.get(name_key(name))) is not None:
            ids.append(id)
    return {key: ids for key, ids in found.items() if ids}


def _without_end(name: str) -> str:
    while name and unicodedata.category(name[-1]) in _AFTERWARDS:
        name = name[:-1]
    return name
