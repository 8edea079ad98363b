from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import Visitor, executable, launch
from tests.installation import Installation
from tests.postbox import Postbox


@pytest.fixture(scope="package")
def banso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all tests of these rooms; each of them brings in its own issues."""
    executable()
    with Postbox() as postbox:
        installation = Installation(tmp_path_factory.mktemp("browser"), postbox)
        try:
            yield installation.start()
        finally:
            installation.close()


@pytest.fixture(scope="package")
def browser(banso: Installation) -> Iterator[Browser]:
    """Closed before Banso is stopped: Playwright's event loop runs in this thread."""
    with sync_playwright() as playwright, launch(playwright, executable()) as browser:
        yield browser


@pytest.fixture
def visitor(browser: Browser, banso: Installation) -> Visitor:
    return Visitor(browser, banso.endpoints["web"])
