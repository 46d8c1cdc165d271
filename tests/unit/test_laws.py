"""The laws of the house (docs/architecture.md), read from the source."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hls", "chat", "streamer")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests" / "players").glob("*.py"))
PURE = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in ("hls", "chat")]

MAY_IMPORT = {"hls": {"hls"}, "chat": {"chat"}, "streamer": {"streamer", "hls", "chat"}}
IMPURE = {
    "asyncio",
    "socket",
    "redis",
    "time",
    "random",
    "secrets",
    "uvloop",
    "aiohttp",
    "threading",
    "select",
}
SOLE_IMPORTER = {
    "av": "hls/ffmpeg/",
    "PIL": "streamer/picture.py",
    "redis": "streamer/broker_redis/line.py",
    "hiredis": "streamer/broker_redis/line.py",
    "prometheus_client": "streamer/exposition.py",
    "obstore": "streamer/store_obstore.py",
}
# A migration is a list of statements, not a function with a concept that lacks a name.
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that an arrow can be read from its line"
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_law_1_arrows_point_from_the_shell_to_the_cores(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    assert set(imported(tree_of(path))) & set(PACKAGES) <= MAY_IMPORT[package]


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_law_2_cores_neither_wait_nor_look_at_the_clock(path: Path) -> None:
    tree = tree_of(path)
    assert not set(imported(tree)) & IMPURE
    if name_of(path) != "chat/broker.py":  # the Protocol class says what the shell awaits
        assert not [node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_law_3_a_heavy_dependency_has_one_importer(path: Path) -> None:
    for module in set(imported(tree_of(path))) & SOLE_IMPORTER.keys():
        assert name_of(path).startswith(SOLE_IMPORTER[module])


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_law_4_no_orphan_task_and_no_global_state(path: Path) -> None:
    tree = tree_of(path)
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Global), f"line {node.lineno}: module-level state changes"
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            orphan = isinstance(called, ast.Attribute) and (
                called.attr == "ensure_future"
                or (
                    called.attr == "create_task"
                    and ast.unparse(called.value).rpartition(".")[2] in ("asyncio", "loop", "_loop")
                )
            )
            assert not orphan, f"line {node.lineno}: a task that nobody holds"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_law_5_files_and_functions_stay_small(path: Path) -> None:
    lines = path.read_text().count("\n")
    assert lines <= MAX_FILE_LINES, f"{lines} lines: which concept is missing a name?"
    if "migrations" in path.parts:
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node)
            body = node.body[1:] if documented and len(node.body) > 1 else node.body
            length = (node.end_lineno or node.lineno) - body[0].lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name}: {length} lines"


def test_the_laws_see_every_package() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(PACKAGES)


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_no_test_waits_for_a_promise_to_be_made(path: Path) -> None:
    """A browser that waits for a function takes the Promise of an async one for true, at once."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".wait_for_function"):
            script = ast.unparse(node.args[0]).lstrip("f'\"")
            assert not script.startswith("async"), f"{name_of(path)}:{node.lineno}"
