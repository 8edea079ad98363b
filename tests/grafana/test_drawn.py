"""Grafana's own components draw every board from a real Prometheus; part of `make test-long`.

`BANSO_PICTURES=1` keeps the pictures in `docs/dashboards`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.grafana.boards import FILES
from tests.grafana import month
from tests.needs import program
from tests.prometheus import ROOT, prometheus
from tests.unit.metrics.service import Service

ROOM = Path(__file__).parent
PICTURES = ROOT / "docs/dashboards"
PAGE = ("package.json", "vite.config.js", "index.html", "main.jsx")
LONG_AGO = ("--storage.tsdb.retention.time=100y", "--query.lookback-delta=4h")
LIVE = {
    "Is every service there?",
    "Does each service have what it needs?",
    "Is anybody reached by no channel?",
    "Does Banso keep its promises?",
    "すべてのサービスは動いていますか",
    "各サービスに必要なものは揃っていますか",
    "どの手段でも届かない人はいませんか",
    "Bansoは約束を守っていますか",
}
"""What other services tell: with the month of metrics alone these show that they are empty."""


@pytest.mark.long
@pytest.mark.browser
def test_every_board_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = _built(tmp_path / "page")
    with monkeypatch.context() as patched:
        scraped = asyncio.run(_folded(f"sqlite:///{tmp_path / 'metrics.db'}", patched))
    month.store(scraped, tmp_path)

    with (
        prometheus(tmp_path, {}, flags=LONG_AGO) as client,
        _served(built) as address,
        sync_playwright() as playwright,
    ):
        chromium = program("chromium", "chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        drawn = {path: _draw(browser, f"{address}/index.html", path, client) for path in FILES}
        browser.close()

    assert {path.name: title for path, found in drawn.items() for title in found - LIVE} == {}


def _draw(browser: Browser, page: str, board: Path, client: httpx.Client) -> set[str]:
    """The panels on which nothing is drawn."""
    shown = browser.new_page(viewport={"width": 1230, "height": 800})
    source = str(client.base_url).rstrip("/")
    end = int(month.ENDED_AT.timestamp())
    shown.goto(
        f"{page}?prometheus={source}&end={end}&board={board.parent.name}/{board.name}",
    )
    shown.wait_for_function("window.done")
    assert shown.evaluate("window.errors") == []
    if os.environ.get("BANSO_PICTURES"):
        picture = PICTURES / f"{board.stem}-{board.parent.name}.png"
        shown.screenshot(path=picture, full_page=True)
    panels = shown.locator("section").all()
    assert panels
    empty = {
        str(panel.get_attribute("data-panel"))
        for panel in panels
        if panel.get_attribute("data-series") == "0"
    }
    for panel in panels:
        if panel.get_attribute("data-panel") in empty:
            assert panel.locator(".empty").inner_text()
        elif not panel.locator("canvas").count():
            assert any(character.isdigit() for character in panel.inner_text())
    shown.close()
    return empty


def _built(directory: Path) -> Path:
    """The page, with Grafana's components in it, and the boards beside it."""
    directory.mkdir()
    for name in PAGE:
        shutil.copy(ROOM / name, directory)
    npm = program("npm", "npm")
    # `ui` names React 17 and 18 at once in what it needs; 18 serves both.
    how = ["--legacy-peer-deps", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run([npm, "install", *how], cwd=directory, check=True)
    subprocess.run([npm, "exec", "--", "vite", "build"], cwd=directory, check=True)
    for path in FILES:
        place = directory / "dist" / path.parent.name
        place.mkdir(exist_ok=True)
        shutil.copy(path, place)
    return directory / "dist"


@contextmanager
def _served(directory: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


async def _folded(url: str, patched: pytest.MonkeyPatch) -> month.Scraped:
    service = Service(url)
    try:
        return await month.fold(service, patched)
    finally:
        await service.close()
