"""Bring the page's third-party files from npm into `streamer/web/vendor`; at once when nothing changed.

    python scripts/vendor.py                 npm ci first, if node_modules is not what package-lock.json says
    python scripts/vendor.py --no-install    node_modules is already there

Only what browsers are given is copied: modules in their minified form, one font, the icons named here.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "node_modules"
TARGET = ROOT / "streamer" / "web" / "vendor"
STAMP = TARGET / ".stamp"

# What a module writes after `from`, and the file behind it. The server makes the import map of it.
MODULES = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "@preact/signals": "@preact/signals/dist/signals.mjs",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.mjs",
    "htm": "htm/dist/htm.mjs",
    "hls.js": "hls.js/dist/hls.light.min.mjs",
}
INTER = "@fontsource-variable/inter"
SUBSETS = ("latin", "latin-ext")
LICENCES = ("preact", "htm", "@preact/signals", "hls.js", INTER, "lucide-static")
ICONS = (
    "app-window",
    "arrow-down",
    "arrow-up",
    "audio-lines",
    "book-open",
    "check",
    "circle-alert",
    "clock",
    "copy",
    "disc-3",
    "download",
    "file-music",
    "folder-up",
    "gem",
    "grip-vertical",
    "hash",
    "headphones",
    "heart",
    "house",
    "image",
    "key-round",
    "keyboard",
    "library",
    "link",
    "list-music",
    "list-plus",
    "message-circle",
    "mic",
    "monitor",
    "moon",
    "pause",
    "pencil",
    "pin",
    "play",
    "radio",
    "refresh-cw",
    "reply",
    "rotate-ccw",
    "search",
    "send",
    "skip-back",
    "skip-forward",
    "square",
    "sun",
    "trash",
    "triangle-alert",
    "upload",
    "users",
    "volume-1",
    "volume-2",
    "volume-x",
    "wifi-off",
    "x",
)
# Maps are not served, and a browser's developer tools would ask for them.
_SOURCE_MAP = re.compile(rb"\n//# sourceMappingURL=\S+\s*$")


def fingerprint() -> str:
    """Changes when the lock file or this script does."""
    return hashlib.sha256((ROOT / "package-lock.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()


def install() -> None:
    """`npm ci`, unless node_modules is from this very lock file."""
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    installed = PACKAGES / ".veza-lock"
    if installed.exists() and installed.read_text() == lock:
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("vendor: npm is missing; scripts/setup installs it")
    subprocess.run([npm, "ci", "--no-progress", "--loglevel=error"], cwd=ROOT, check=True, stdout=sys.stderr)
    installed.write_text(lock)


def icons_module() -> str:
    """A module that exports the shapes of each icon: `[tag, attributes]` pairs, as lucide lists them."""
    everything = json.loads((PACKAGES / "lucide-static/icon-nodes.json").read_text())
    chosen = {name: everything[name] for name in ICONS}
    return f"// lucide, ISC licence\nexport default {json.dumps(chosen, separators=(',', ':'))};\n"


def fonts_css() -> str:
    """The package's own @font-face rules, of our subsets alone; the family is called Inter."""
    rules = (PACKAGES / INTER / "wght.css").read_text().split("/* inter-")
    chosen = [rule.partition("*/")[2].strip() for rule in rules if rule.partition("-wght-")[0] in SUBSETS]
    css = "\n".join(chosen).replace("./files/", "").replace("-wght-normal.woff2", ".woff2")
    return css.replace("'Inter Variable'", '"Inter"').replace("woff2-variations", "woff2") + "\n"


def copy() -> None:
    """Make the vendor folder anew beside the old one, then swap them."""
    fresh = TARGET.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    names = {"lucide": "icons.js"}
    for specifier, source in MODULES.items():
        names[specifier] = Path(source).name
        (fresh / names[specifier]).write_bytes(_SOURCE_MAP.sub(b"\n", (PACKAGES / source).read_bytes()))
    for subset in SUBSETS:
        shutil.copyfile(
            PACKAGES / INTER / f"files/inter-{subset}-wght-normal.woff2", fresh / f"inter-{subset}.woff2"
        )
    (fresh / "fonts.css").write_text(fonts_css())
    (fresh / "icons.js").write_text(icons_module())
    (fresh / "licences.txt").write_text(
        "\n".join(f"== {package}\n{(PACKAGES / package / 'LICENSE').read_text()}" for package in LICENCES)
    )
    (fresh / "modules.json").write_text(json.dumps(names, indent=2) + "\n")
    (fresh / ".stamp").write_text(fingerprint())
    shutil.rmtree(TARGET, ignore_errors=True)
    fresh.rename(TARGET)


def main() -> None:
    if STAMP.exists() and STAMP.read_text() == fingerprint():
        return
    if "--no-install" not in sys.argv:
        install()
    copy()


if __name__ == "__main__":
    main()
