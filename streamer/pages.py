"""The web page: a shell of HTML for every screen, and files under addresses that name their content.

Everything is read and hashed once, at start, and compressed when it is first asked for, both in a thread;
every other request is a look-up in a dict. Two trees have a hash each, ours and the third-party one: a new
version of ours leaves hls.js cached.
"""

import asyncio
import base64
import gzip
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import brotli  # type: ignore[import-untyped]
from aiohttp import web

from streamer.script import joined, static_imports, without_comments

WEB = Path(__file__).parent / "web"
ENTRY = "app.js"
# The client that other people's pages import, one file of those in web/veza.
CLIENT = "/veza.js"
# Each address has its screen; the module is named so that the browser has it before the entry asks for it.
SCREENS = {
    "/": "screens/home.js",
    "/t/{id}": "screens/track.js",
    "/r/{name}": "screens/room.js",
    "/studio/{name}": "screens/studio.js",
    "/library": "screens/library.js",
    "/library/albums": "screens/library.js",
    "/library/playlists": "screens/library.js",
    "/a/{id}": "screens/album.js",
    "/p/{id}": "screens/playlist.js",
}
# Brotli 9 takes 28 ms for hls.js and is 7 % larger than brotli 11, which takes 500 ms.
_BROTLI_QUALITY = 9
_GZIP_LEVEL = 9
_FOREVER = "public, max-age=31536000, immutable"
# The studio listens to a microphone, or to a tab; nothing here ever looks, or asks where somebody is.
_PERMISSIONS = "microphone=(self), display-capture=(self), camera=(), geolocation=()"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_COMPRESSED_ALREADY = {"font/woff2"}


class PageMissing(Exception):
    """The third-party files are not there; `scripts/vendor.py` brings them."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file with every form it is sent in: `bodies` maps a content coding ("" for none) to bytes.

    The compressed ones come with `compress`.
    """

    media_type: str
    tag: str
    bodies: dict[str, bytes]

    @property
    def whole(self) -> bool:
        """Whether it has every form it is sent in."""
        return len(self.bodies) > 1 or self.media_type in _COMPRESSED_ALREADY


@dataclass(frozen=True, slots=True)
class Site:
    """What is served.

    Attributes:
        shells: route of a screen -> its HTML; they differ in what is preloaded.
        policy: their Content-Security-Policy.
        assets: path -> file.
        scripts: route of a screen -> paths of the scripts that are loaded before it shows.
        client: what is at `CLIENT`.
    """

    shells: dict[str, Asset]
    policy: str
    assets: dict[str, Asset]
    scripts: dict[str, tuple[str, ...]]
    client: Asset


def plain(content: bytes, suffix: str) -> Asset:
    """A file as it is."""
    return Asset(_TYPES[suffix], hashlib.sha256(content).hexdigest()[:20], {"": content})


def compress(asset: Asset) -> None:
    """Give it its other forms, if it has not got them. Blocks: call it in a thread."""
    if not asset.whole:
        content = asset.bodies[""]
        brotlied = brotli.compress(content, quality=_BROTLI_QUALITY)
        asset.bodies.update({"br": brotlied, "gzip": gzip.compress(content, _GZIP_LEVEL, mtime=0)})


def read_tree(folder: Path, *, without: Path | None = None) -> dict[str, bytes]:
    """Files of a folder by their path in it; hidden ones, `without` and the shell are left out."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if path.suffix in _TYPES
        and path.suffix != ".html"
        and not (without is not None and path.is_relative_to(without))
    }


def mount(tree: dict[str, bytes]) -> str:
    """Where a tree is served: its address changes when any byte in it does."""
    digest = hashlib.sha256()
    for name, content in tree.items():
        digest.update(b"%s\0%d\0" % (name.encode(), len(content)))
        digest.update(content)
    return f"/assets/{digest.hexdigest()[:16]}/"


def content_security_policy(inline_script: str) -> str:
    """Nothing but our own files, no inline script but the import map, which browsers only take inline."""
    digest = base64.b64encode(hashlib.sha256(inline_script.encode()).digest()).decode()
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'sha256-{digest}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "media-src 'self' blob:",  # MediaSource objects have blob: addresses
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def build_site(root: Path = WEB) -> Site:
    """Read and hash the page. Blocks: call it in a thread.

    Raises:
        PageMissing: the vendor folder is not there.
    """
    vendor_folder = root / "vendor"
    try:
        manifest: dict[str, str] = json.loads((vendor_folder / "modules.json").read_text())
    except FileNotFoundError:
        raise PageMissing("the page's packages are not installed: run scripts/vendor.py") from None
    ours, vendor = read_tree(root, without=vendor_folder), read_tree(vendor_folder)
    app, third_party = mount(ours), mount(vendor)
    files = {app + name: _as_sent(name, content) for name, content in ours.items()}
    files |= {third_party + name: content for name, content in vendor.items()}
    modules = {specifier: third_party + name for specifier, name in manifest.items()}
    scripts = {
        route: tuple(static_imports(files, modules, (app + ENTRY, app + screen)))
        for route, screen in SCREENS.items()
    }
    import_map = json.dumps({"imports": modules}, separators=(",", ":"))
    html = (root / "index.html").read_text()
    for mark, text in {"{{app}}": app, "{{vendor}}": third_party, "{{import_map}}": import_map}.items():
        html = html.replace(mark, text)
    return Site(
        shells={route: _shell(html, paths) for route, paths in scripts.items()},
        policy=content_security_policy(import_map),
        assets={path: plain(content, Path(path).suffix) for path, content in files.items()},
        scripts=scripts,
        client=plain(_client(ours), ".js"),
    )


def _as_sent(name: str, content: bytes) -> bytes:
    return without_comments(content.decode()).encode() if name.endswith(".js") else content


def _client(ours: dict[str, bytes]) -> bytes:
    """With its comments: people read it."""
    parts = {Path(name).name: text.decode() for name, text in ours.items() if name.startswith("veza/")}
    return joined(parts, "client.js").encode()


def _shell(html: str, preloaded: Iterable[str]) -> Asset:
    preloads = "\n".join(f'<link rel="modulepreload" href="{path}">' for path in preloaded)
    return plain(html.replace("{{preloads}}", preloads).encode(), ".html")


def preferred_coding(accept_encoding: str, asset: Asset) -> str:
    """The smallest form that the client takes (RFC 9110 section 12.5.3); "" if it names none of ours."""
    accepted: dict[str, bool] = {}
    for item in accept_encoding.lower().split(","):
        name, _, weight = item.partition(";")
        accepted[name.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    other = accepted.get("*", False)
    usable = [coding for coding in asset.bodies if accepted.get(coding, bool(coding) and other)]
    return min(usable, key=lambda coding: len(asset.bodies[coding]), default="")


def respond(request: web.Request, asset: Asset, headers: dict[str, str]) -> web.Response:
    coding = preferred_coding(request.headers.get("Accept-Encoding", ""), asset)
    etag = f'"{asset.tag}{"-" + coding if coding else ""}"'
    headers = headers | {"ETag": etag, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    known = request.headers.get("If-None-Match", "")
    if etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return web.Response(status=304, headers=headers)
    if coding:
        headers["Content-Encoding"] = coding
    return web.Response(body=asset.bodies[coding], headers=headers | {"Content-Type": asset.media_type})


class Pages:
    """Answers page requests from memory, once `load` has run."""

    def __init__(self) -> None:
        self._site: Site | None = None
        self._compressing: dict[str, asyncio.Task[None]] = {}

    async def load(self, _app: web.Application) -> None:
        """Read the site. Cancelling leaves nothing behind."""
        self._site = await asyncio.to_thread(build_site)

    async def shell(self, request: web.Request) -> web.Response:
        assert self._site is not None, "the application serves before it has started"
        route = request.match_info.route.resource
        assert route is not None, "screens have addresses"
        headers = {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": self._site.policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": _PERMISSIONS,
            "Referrer-Policy": "same-origin",
        }
        return await self._respond(request, self._site.shells[route.canonical], headers)

    async def asset(self, request: web.Request) -> web.Response:
        assert self._site is not None, "the application serves before it has started"
        asset = self._site.assets.get(request.path)
        if asset is None:
            raise web.HTTPNotFound(text="no such file; the page may be of another version: reload it")
        return await self._respond(request, asset, {"Cache-Control": _FOREVER})

    async def client(self, request: web.Request) -> web.Response:
        assert self._site is not None, "the application serves before it has started"
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": "no-cache",
        }
        return await self._respond(request, self._site.client, headers)

    async def _respond(self, request: web.Request, asset: Asset, headers: dict[str, str]) -> web.Response:
        """Compress what is asked for the first time, once for all who ask meanwhile. Safe to cancel."""
        if not asset.whole:
            work = self._compressing.get(asset.tag)
            if work is None:
                work = asyncio.create_task(asyncio.to_thread(compress, asset))
                work.add_done_callback(lambda _: self._compressing.pop(asset.tag))
                self._compressing[asset.tag] = work
            await asyncio.shield(work)
        return respond(request, asset, headers)


def add_page_routes(app: web.Application) -> None:
    """Serve the shell for every screen, and the files it needs. They are read when the application starts."""
    pages = Pages()
    app.on_startup.append(pages.load)
    for path in SCREENS:
        app.router.add_get(path, pages.shell)
    app.router.add_get("/assets/{hash}/{path:.+}", pages.asset)
    app.router.add_get(CLIENT, pages.client)
