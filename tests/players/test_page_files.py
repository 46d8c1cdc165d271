"""The page's files: their size on the wire, their words, their icons, and how they are served."""

import json
import re
import shutil
import subprocess
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from streamer.pages import SCREENS, WEB, Site, build_site, compress
from streamer.script import static_imports
from tests.support.audio import ROOT
from tests.support.server import Server

MAX_FIRST_SCRIPT_BYTES = 60_000
MAX_ENGINE_BYTES = 16_000  # hls.js takes 106,000
MAX_LIVE_ENGINE_BYTES = 10_000
MAX_CHAT_BYTES = 20_000  # beside the first screen
MAX_LINES = 300
OURS = sorted(path for path in WEB.rglob("*.js") if "vendor" not in path.parts)
SOURCES = {path.relative_to(WEB).as_posix(): path.read_text() for path in OURS}
ALL = "\n".join(SOURCES.values())


@pytest.fixture(scope="module")
def site() -> Site:
    site = build_site()
    for asset in site.assets.values():
        compress(asset)
    return site


def get(server: Server, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(
            "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("route", SCREENS)
def test_the_first_screen_takes_little_script(site: Site, route: str) -> None:
    sizes = {path: len(site.assets[path].bodies["br"]) for path in site.scripts[route]}
    assert sum(sizes.values()) <= MAX_FIRST_SCRIPT_BYTES, sizes
    assert not [path for path in sizes if "hls" in path or "/engine/" in path]
    assert len([path for path in sizes if "/vendor" in path or path.endswith(".mjs")]) == 5


def test_the_engine_is_small(site: Site) -> None:
    engine = {path: len(site.assets[path].bodies["br"]) for path in site.assets if "/engine/" in path}
    live = {path for path in engine if "/engine/live" in path}
    assert sum(engine[path] for path in engine.keys() - live) <= MAX_ENGINE_BYTES
    assert sum(engine[path] for path in live) <= MAX_LIVE_ENGINE_BYTES


def test_the_chat_is_small(site: Site) -> None:
    chat = next(path for path in site.assets if path.endswith("/components/chat.js"))
    scripts = {
        path: asset.bodies[""]
        for path, asset in site.assets.items()
        if asset.media_type.startswith("text/javascript")
    }
    modules = json.loads((WEB / "vendor" / "modules.json").read_text())
    vendor = next(path.rpartition("/")[0] for path in site.assets if path.endswith("/htm.mjs"))
    reached = static_imports(scripts, {name: f"{vendor}/{file}" for name, file in modules.items()}, [chat])
    more = [path for path in reached if path not in site.scripts["/r/{name}"]]
    assert sum(len(site.assets[path].bodies["br"]) for path in more) <= MAX_CHAT_BYTES


def test_every_import_leads_somewhere_and_every_module_is_imported() -> None:
    quoted = re.compile(r"""(?:\bfrom|^import|\bimport\(|\bnew URL\()\s*["'](\.[^"']+)["']""", re.MULTILINE)
    reached = {
        (WEB / name).parent.joinpath(path).resolve().relative_to(WEB).as_posix()
        for name, text in SOURCES.items()
        for path in quoted.findall(text)
    }
    assert set(SOURCES) - {"theme.js", "app.js"} == reached


def test_a_screen_brings_its_own_modules_and_no_other_screens(site: Site) -> None:
    for route, screen in SCREENS.items():
        named = {path.split("/", 3)[3] for path in site.scripts[route]}
        assert {name for name in named if name.startswith("screens/")} - {"screens/missing.js"} == {screen}
    assert all(f"screens/{Path(name).name}" in SOURCES["screens.js"] for name in SCREENS.values())


def test_every_word_is_in_the_catalogue_and_every_entry_is_used() -> None:
    words = [text for name, text in SOURCES.items() if name.startswith("catalogue/")]
    keys = re.findall(r'^  "([\w.]+)":', "\n".join(words), re.MULTILINE)
    catalogue = set(keys)
    assert len(keys) == len(catalogue), "a word is there twice"
    code = "\n".join(text for name, text in SOURCES.items() if not name.startswith("catalogue/"))
    named = set(re.findall(r'"([a-z]+(?:\.[a-z_]+)+)"', code)) & (
        catalogue | set(re.findall(r'\bt\(\s*"([\w.]+)"', code))
    )
    made = re.findall(r"\bt\(`([\w.]+)\.\$\{", code)  # t(`player.failure.${kind}`)
    found = {key for key in catalogue if any(key.startswith(f"{prefix}.") for prefix in made)}
    assert named <= catalogue, "a word is missing"
    assert catalogue == named | found, "a word is not used"


def test_every_icon_is_there_and_every_one_is_used() -> None:
    vendored = set(re.findall(r'"([a-z0-9-]+)":\[\[', (WEB / "vendor" / "icons.js").read_text()))
    quoted = set(re.findall(r'"([a-z0-9-]+)"', ALL))
    assert set(re.findall(r'<\$\{Icon\} name="([a-z0-9-]+)"', ALL)) <= vendored
    assert vendored <= quoted


@pytest.mark.parametrize("name", SOURCES)
def test_files_stay_small(name: str) -> None:
    assert SOURCES[name].count("\n") <= MAX_LINES


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_turns_text_into_markup(name: str) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|dangerouslySet"
    assert not re.search(forbidden, SOURCES[name])


def test_the_client_knows_no_page_and_its_core_no_time() -> None:
    for name in ("client", "machine", "rooms", "outbox", "clock"):
        text = SOURCES[f"veza/{name}.js"]
        assert not re.search(r"\bdocument\b\.\w|\bwindow\b|localStorage|sessionStorage|from \"\.\./", text)
        if name != "client":
            assert not re.search(
                r"setTimeout|Date\.now|performance|Math\.random|\bcrypto\b|WebSocket\b", text
            )


def test_comments_stay_here(site: Site) -> None:
    for path, asset in site.assets.items():
        if "/vendor" not in path and path.endswith(".js") and "lucide" not in asset.bodies[""].decode()[:20]:
            assert not re.search(rb"^\s*(//|/\*\*)", asset.bodies[""], re.MULTILINE), path


def test_no_line_of_a_template_looks_like_a_comment() -> None:
    for name, text in SOURCES.items():
        inside = False
        for line in text.split("\n"):
            comment = re.match(r"\s*(//|/\*\*|\* )", line)
            assert not (inside and comment), f"{name}: {line}"
            inside ^= not comment and re.sub(r"\s// .*", "", line).count("`") % 2 == 1
        assert not inside, name


def test_the_client_is_one_file_for_everybody(server: Server) -> None:
    response, body = get(server, "/veza.js")
    text = body.decode()
    assert response.status == 200 and response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response.headers["Cache-Control"] == "no-cache"
    assert "export class Veza" in text and not re.search(r"^import ", text, re.MULTILINE)
    node = shutil.which("node")
    assert node
    command = [node, "--input-type=module", "--check"]
    done = subprocess.run(command, input=body, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_shell_allows_our_own_files_alone(server: Server) -> None:
    response, body = get(server, "/t/anything")
    policy = response.headers["Content-Security-Policy"]
    assert response.status == 200 and b'<script type="importmap">' in body
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert response.headers["Cache-Control"] == "no-cache"
    again, nothing = get(server, "/t/another", If_None_Match=response.headers["ETag"])
    assert (again.status, nothing) == (304, b"")


def test_files_are_compressed_and_kept_for_ever(server: Server, site: Site) -> None:
    path = site.scripts["/"][0]
    plain, content = get(server, path)
    assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in plain.headers["Cache-Control"]
    assert plain.headers["Vary"] == "Accept-Encoding" and "Content-Encoding" not in plain.headers
    for accept, coding in {"gzip": "gzip", "gzip, br": "br", "br;q=0, gzip": "gzip"}.items():
        response, packed = get(server, path, Accept_Encoding=accept)
        assert response.headers["Content-Encoding"] == coding
        assert len(packed) < len(content)
        assert response.headers["ETag"] != plain.headers["ETag"]


def test_a_file_of_another_version_is_not_there(server: Server) -> None:
    response, _ = get(server, "/assets/0000000000000000/app.js")
    assert response.status == 404


def test_versions_are_pinned() -> None:
    text = (ROOT / "package.json").read_text()
    assert re.findall(r'"[\w@/.-]+": "([\^~*>][^"]*)"', text) == []
