"""Writes docs/messages.md and its pictures: run by `make messages`."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

from deploy.local.up import SAMPLE
from deploy.preview.document import pictured, written
from services.notifier.letters import as_html
from services.router import organisation
from tests.browser.chromium import executable, launch
from tests.browser.picture import in_few_colours

DOCS = Path(__file__).parents[2] / "docs"
LARGEST = 4_000_000
"""In bytes, all pictures together."""


def make() -> int:
    """Draws each message on a phone; how many bytes all pictures take."""
    shown = pictured(organisation.read(SAMPLE))
    directory = DOCS / "messages"
    directory.mkdir(exist_ok=True)
    with sync_playwright() as playwright, launch(playwright, executable()) as browser:
        page = browser.new_page(viewport={"width": 390, "height": 100})
        packing = browser.new_page()
        pictures = {}
        for one in shown:
            page.set_content(as_html(one.sample.message))
            pictures[f"{one.name}.png"] = in_few_colours(packing, page.screenshot(full_page=True))
    for old in directory.glob("*.png"):
        if old.name not in pictures:
            old.unlink()
    for name, picture in pictures.items():
        (directory / name).write_bytes(picture)
    (DOCS / "messages.md").write_text(written(shown), encoding="utf-8")
    size = sum(len(picture) for picture in pictures.values())
    if size > LARGEST:
        raise SystemExit(f"The pictures take {size} bytes, more than {LARGEST}.")
    return size


if __name__ == "__main__":
    print(f"docs/messages.md, and pictures of {make()} bytes")
