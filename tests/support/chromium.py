"""Debian's Chromium, headless, driven by Playwright; every page is watched for what must not happen."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.support.audio import ROOT

ARTEFACTS = ROOT / "artefacts"
# No test of how fast the machine is: far beyond what anything takes on one that does nothing else.
TIMEOUT_MS = 30_000
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


@dataclass
class Faults:
    """What went wrong on a page. `allowed` are patterns of what a test provokes."""

    seen: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.seen.append(f"console {message.type}: {message.text}")

    def note_failure(self, request: Request) -> None:
        # The player and closed pages give up requests; that is no fault of the server's.
        if request.failure != "net::ERR_ABORTED":
            self.seen.append(f"request failed: {request.method} {request.url}: {request.failure}")

    @property
    def unexpected(self) -> list[str]:
        return [fault for fault in self.seen if not any(re.search(each, fault) for each in self.allowed)]


def find_chromium() -> str:
    """The browser without the windows that nobody sees, which takes half the CPU, or the whole one."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert program, "chromium is missing: run scripts/setup test"
    return program


@contextmanager
def running_chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def hearing_chromium(browser: Browser, sound: Path) -> Iterator[Browser]:
    """Another one, of the same driver, whose microphone is a WAV file, again and again, and asks nobody."""
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}",
    )
    another = browser.browser_type.launch(executable_path=find_chromium(), args=[*_FLAGS, *flags])
    try:
        yield another
    finally:
        another.close()


def watch(context: BrowserContext) -> Faults:
    """Collect the faults of every page of a context."""
    faults = Faults()
    context.set_default_timeout(TIMEOUT_MS)
    expect.set_options(timeout=TIMEOUT_MS)

    def attach(page: Page) -> None:
        page.on("console", faults.note_console)
        page.on("pageerror", lambda error: faults.seen.append(f"exception: {error}"))
        page.on("requestfailed", faults.note_failure)
        page.on(
            "response",
            lambda response: (
                faults.seen.append(f"status {response.status}: {response.url}")
                if response.status >= 400
                else None
            ),
        )

    context.on("page", attach)
    return faults


@contextmanager
def browsing(browser: Browser, server_url: str, **options: Any) -> Iterator[tuple[Page, Faults]]:
    """A page of its own, as of a new visitor; at the end nothing may have gone wrong on it."""
    context = browser.new_context(base_url=server_url, **options)
    faults = watch(context)
    page = context.new_page()
    try:
        yield page, faults
        assert not faults.unexpected, faults.unexpected
    finally:
        context.close()


def artefact(name: str) -> Path:
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS / name
