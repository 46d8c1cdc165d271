"""What a page shows only for a while, noted as it comes: a busy machine may look too late."""

from playwright.sync_api import Page

_NOTE = """(selector) => {
  const seen = new WeakMap();
  const noted = ((window.noted ??= {})[selector] = []);
  const look = () => {
    for (const element of document.querySelectorAll(selector)) {
      const text = element.textContent.trim();
      if (text && seen.get(element) !== text) noted.push(text);
      seen.set(element, text);
    }
  };
  new MutationObserver(look).observe(document.body, { childList: true, characterData: true, subtree: true });
  look();
}"""


def note(page: Page, selector: str) -> None:
    """From now on, as long as this document lives."""
    page.evaluate(_NOTE, selector)


def wait_until_noted(page: Page, selector: str, texts: list[str]) -> None:
    """Wait until that many texts were shown there, the first of them these, in this order."""
    page.wait_for_function(
        "([selector, count]) => noted[selector].length >= count", arg=[selector, len(texts)]
    )
    assert page.evaluate("(selector) => noted[selector]", selector)[: len(texts)] == texts


def wait_until_said(page: Page, selector: str, text: str) -> None:
    """Wait until that text was shown there."""
    page.wait_for_function("([selector, text]) => noted[selector].includes(text)", arg=[selector, text])
