"""Scripts on their way to browsers: what a module imports, its comments, and several modules as one."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

_STATIC_IMPORT = re.compile(r"""(?:\bfrom|^import)\s*["']([^"']+)["']""", re.MULTILINE)
_OWN_IMPORT = re.compile(r"""^import [^"']*["']\./([^"']+)["'];\n""", re.MULTILINE)


def static_imports(
    scripts: dict[str, bytes], modules: dict[str, str], entries: Iterable[str]
) -> Iterator[str]:
    """Paths of the entries and of all that they import, so that the browser need not find out one by one.

    Args:
        scripts: path -> content, both trees.
        modules: bare specifier -> path.
        entries: paths.
    """
    seen: set[str] = set()
    waiting = list(entries)
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        yield path
        for specifier in _specifiers(scripts[path]):
            if specifier in modules:
                waiting.append(modules[specifier])
            else:
                waiting.append(_resolve(path, specifier))


@lru_cache(1_000)  # each screen imports much the same
def _specifiers(script: bytes) -> list[str]:
    return _STATIC_IMPORT.findall(script.decode())


def _resolve(importer: str, specifier: str) -> str:
    parts = importer.split("/")[:-1]
    for step in specifier.split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)


def without_comments(script: str) -> str:
    """The script with empty lines where lines of comment were: less to send, and faults keep their line.

    Only lines that are nothing but comment go. A line of a template that looks like one would go with them;
    ours have none, which a test holds.
    """
    lines, inside = [], False
    for line in script.split("\n"):
        text = line.strip()
        comment = inside or text.startswith(("//", "/**"))
        inside = (inside or text.startswith("/**")) and not text.endswith("*/")
        lines.append("" if comment else line)
    return "\n".join(lines)


def joined(scripts: dict[str, str], entry: str) -> str:
    """One module made of `entry` and all that it imports from beside itself, what is imported first.

    Args:
        scripts: name -> text, all of one folder. Their top-level names must differ.
        entry: a name among them.
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in parts:
            return
        for imported in _OWN_IMPORT.findall(scripts[name]):
            add(imported)
        parts[name] = _OWN_IMPORT.sub("", scripts[name])

    add(entry)
    return "\n".join(parts.values())
