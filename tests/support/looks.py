"""How the page is looked at: in five looks, by axe, and by whoever opens the pictures."""

from typing import Any

from playwright.sync_api import Page

from tests.support.audio import ROOT
from tests.support.chromium import artefact

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1360, "height": 860}, "color_scheme": "dark"},
    "wide": {"viewport": {"width": 2560, "height": 1300}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
    "small": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark", "has_touch": True},
}


def look_at(page: Page, name: str) -> None:
    """No fault of accessibility, nothing wider than the window; keep a picture."""
    page.evaluate("() => document.fonts.ready")
    page.wait_for_function(
        "() => [...document.images].every((image) => image.complete || image.loading === 'lazy')"
    )
    # What is half faded in has neither its colours nor its place.
    page.wait_for_function(
        """() => document.getAnimations().every(({effect, playState}) =>
          playState !== "running" || effect.getComputedTiming().endTime === Infinity)"""
    )
    page.screenshot(path=artefact(f"{name}.jpg"), type="jpeg", quality=90)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    if not page.evaluate("() => 'axe' in window"):  # it stays while the document does
        page.evaluate(AXE.read_text())
    # What is in order is looked at, too, but not described.
    found = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
    assert [
        (fault["id"], [node["target"] + [node["failureSummary"]] for node in fault["nodes"]])
        for fault in found["violations"]
    ] == [], name


def wait_for_pictures(page: Page) -> None:
    """Waveforms are drawn when they are seen."""
    page.wait_for_function(
        """() => [...document.querySelectorAll("canvas")].every((canvas) => {
          const {width, height} = canvas;
          if (!width || canvas.getBoundingClientRect().top > innerHeight) return true;
          const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          return new Uint32Array(pixels.buffer).some(Boolean);
        })"""
    )
