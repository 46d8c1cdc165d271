"""Makes `chat/confusables.py` from the data of UTS 39: `python scripts/confusables.py confusables.json`.

The file is that of confusable-homoglyphs 3.3.1 from PyPI, which packs Unicode's confusables.txt (15.1). The
package itself has no skeletons, and reads 900 KB at import for what fits into twenty.
"""

import json
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

WIDTH = 106
HEADER = '''"""Which characters look like which: UTS 39, confusables.txt of Unicode 15.1.

Made by `scripts/confusables.py`. Left out are those that NFKD and the removal of marks make the same anyway.
Code points in hexadecimal: what they look like, then a colon, then all that do.
Copyright 1991-2023 Unicode, Inc.; https://www.unicode.org/terms_of_use.html
"""

_TABLE = """\\
'''
FOOTER = '''"""


def _read(table: str) -> dict[int, str]:
    """Of each code point what it looks like."""
    read: dict[int, str] = {}
    for group in table.replace("\\n", "").split(";"):
        shown, _, alike = group.partition(":")
        looks = "".join(chr(int(point, 16)) for point in shown.split("+"))
        read |= {int(point, 16): looks for point in alike.split(",")}
    return read


LOOKS_LIKE = _read(_TABLE)
'''


def bare(text: str) -> str:
    """Decomposed, without marks."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c)[0] != "M")


def classes(path: Path) -> dict[str, str]:
    """What each character looks like, by the file, which lists every pair both ways."""
    alike: dict[str, set[str]] = defaultdict(set)
    for one, others in json.loads(path.read_text()).items():
        for other in others:
            pair = [text.replace("\u200e", "").replace("\u200f", "") for text in (one, other["c"])]
            if all(pair):
                alike[pair[0]].add(pair[1])
                alike[pair[1]].add(pair[0])
    looks: dict[str, str] = {}
    done: set[str] = set()
    for start in sorted(alike):
        found, todo = {start}, [start]
        while todo and start not in done:
            new = alike[todo.pop()] - found
            found |= new
            todo += new
        # All of a class are paired with the prototype, and with nothing else.
        shown = max(found, key=lambda text: (len(alike[text]), len(text), text.isascii(), text))
        if start not in done:
            looks |= dict.fromkeys(found - {shown}, shown)
        done |= found
    return looks


def main() -> None:
    looks = classes(Path(sys.argv[1]))
    groups: dict[str, list[str]] = defaultdict(list)
    for one, shown in sorted(looks.items()):
        if len(one) == 1 and bare(one) == one and unicodedata.category(one)[0] in "LNSP":
            plain = bare(shown)
            for _ in range(3):  # a prototype's own characters may have prototypes
                plain = bare("".join(looks.get(c, c) for c in plain))
            if plain and plain != one:
                groups[plain].append(one)
    items = [
        "+".join(f"{ord(c):x}" for c in shown) + ":" + ",".join(f"{ord(c):x}" for c in alike)
        for shown, alike in sorted(groups.items())
    ]
    text = ";".join(items)
    lines = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
    print(HEADER + "\n".join(lines) + FOOTER, end="")


if __name__ == "__main__":
    main()
