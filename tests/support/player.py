"""What the page's player does, read from its audio element."""

from typing import Any

from playwright.sync_api import Page

CURRENT = "document.querySelector('audio[data-deck=current]')"
# `begun` is where the sound was when it began: first of all, and then whenever it is made null.
NOTE_BEGINNING = """for (const type of ["playing", "seeked"])
  document.addEventListener(type, ({target}) => (window.begun ??= target.currentTime), true)"""
# `waiting` says that sound ran out. The first one of a track, before any sound, is the wait for it to start.
# It also comes when the decoder was not given its turn in time: then the sound is there, half a second of it
# at least, and neither the server nor the player could have done anything about it.
_COUNT_STALLS = f"""() => {{
  const audio = {CURRENT};
  window.stalls = 0;
  const ahead = () => {{
    const {{buffered, currentTime: at}} = audio;
    for (let i = 0; i < buffered.length; i += 1) {{
      if (buffered.start(i) <= at && at < buffered.end(i)) return buffered.end(i) - at;
    }}
    return 0;
  }};
  audio.addEventListener("waiting", () => !audio.seeking && ahead() < 0.5 && (window.stalls += 1));
}}"""


def state(page: Page) -> dict[str, Any]:
    script = f"(a => ({{at: a.currentTime, paused: a.paused, duration: a.duration}}))({CURRENT})"
    read: dict[str, Any] = page.evaluate(script)
    return read


def position(page: Page) -> float:
    return float(state(page)["at"])


def wait_until_past(page: Page, seconds: float, timeout_ms: float = 30_000) -> None:
    """Wait until the sound has come past a place."""
    page.wait_for_function(
        f"s => {CURRENT}.currentTime > s && !{CURRENT}.seeking", arg=seconds, timeout=timeout_ms
    )


def count_stalls(page: Page) -> None:
    page.evaluate(_COUNT_STALLS)


def stalls(page: Page) -> int:
    return int(page.evaluate("window.stalls"))
