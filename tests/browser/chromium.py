"""Debian's Chromium, as people's browsers are: their size, language, colours, with or without
JavaScript; and what every page has to hold in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Browser, Page, Playwright

from tests.browser.picture import in_few_colours
from tests.needs import program

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")
LOCALES = {"ja": "ja-JP", "en": "en-GB"}

PHONE = (390, 844)
DESKTOP = (1280, 800)
HALF_A_SCREEN = (720, 100)
"""For pictures that are as high as the page."""
SIZES = {"phone": PHONE, "desktop": DESKTOP}

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Banso stands on this machine in tests; another site may show it there as if it did not.
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
]
_LARGEST_SCREENSHOT = 150_000


def executable() -> str:
    """Where Chromium is; without it these tests are skipped, but not where everything must run."""
    return program("chromium", "chromium")


def launch(playwright: Playwright, path: str) -> Browser:
    return playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)


class Visitor:
    """Opens pages as one person after the other would, each in a browser of their own."""

    def __init__(self, browser: Browser, web_url: str) -> None:
        self._browser = browser
        self._web_url = web_url

    @contextmanager
    def page(
        self,
        language: Language = "en",
        size: tuple[int, int] = PHONE,
        *,
        expected: tuple[str, ...] = (),
        **options: Any,
    ) -> Iterator[Page]:
        """An empty page. An error of its scripts, and anything they log, fails the test.

        `expected`: how lines begin that Chromium logs all the same.
        """
        context = self._browser.new_context(
            base_url=self._web_url,
            locale=LOCALES[language],
            timezone_id="Asia/Tokyo",
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
            device_scale_factor=2 if size == PHONE and os.environ.get("BANSO_SCREENSHOTS") else 1,
            **options,
        )
        complaints: list[str] = []
        try:
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda line: complaints.append(line.text))
            yield page
        finally:
            context.close()
        fine = ("Failed to load resource: the server responded with a status of 4", *expected)
        complaints = [line for line in complaints if not line.startswith(fine)]
        assert not complaints, complaints


def check(page: Page, name: str) -> None:
    """Anybody can read and use the page, in daylight and in the dark, without scrolling sideways.

    axe (https://www.deque.com/axe/) stands for whoever uses a screen reader or sees colours
    differently.
    """
    for found in look_through(page):
        assert not found.violations_count, f"{name}: {found.generate_report()}"
    for width in (320, *(width for width, _ in SIZES.values())):
        page.set_viewport_size({"width": width, "height": 844})
        needed = page.evaluate("document.documentElement.scrollWidth")
        assert needed <= width, f"{name} needs {needed} of {width} pixels"


def look_through(page: Page) -> list[AxeResults]:
    """What axe finds on the page, and again for its colours in the dark."""
    page.evaluate(AXE_SCRIPT)
    found = []
    for scheme, rules in (("dark", {"runOnly": ["color-contrast"]}), ("light", {})):
        page.emulate_media(color_scheme=scheme)
        options = {"resultTypes": ["violations"], **rules}
        found.append(AxeResults(page.evaluate("(options) => axe.run(options)", options)))
    return found


def language_of(page: Page) -> str:
    return str(page.evaluate("document.documentElement.lang"))


def focus(page: Page) -> str:
    """What the keyboard acts on now: its name, its address or its words."""
    return str(
        page.evaluate(
            "(() => { const it = document.activeElement;"
            " return it.name || it.hreflang || it.innerText.trim() || it.tagName; })()"
        )
    )


def focus_is_visible(page: Page) -> bool:
    """Whether somebody without a mouse sees where they are."""
    return bool(
        page.evaluate(
            "(() => { const style = getComputedStyle(document.activeElement);"
            " return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; })()"
        )
    )


def shoot(page: Page, name: str, size: tuple[int, int] | None = None) -> None:
    """Writes a screenshot for the documentation where BANSO_SCREENSHOTS names a directory."""
    directory = os.environ.get("BANSO_SCREENSHOTS")
    if not directory:
        return
    page.emulate_media(color_scheme="light")
    before = page.viewport_size
    if size is not None:
        page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("document.activeElement.blur()")
    picture = page.screenshot(full_page=True, animations="disabled")
    if before is not None:
        page.set_viewport_size(before)
    empty = page.context.new_page()
    small = in_few_colours(empty, picture)
    empty.close()
    assert len(small) < _LARGEST_SCREENSHOT, f"{name}: {len(small)} bytes"
    file = Path(directory) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(small)
