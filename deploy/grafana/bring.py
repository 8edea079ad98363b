"""`python -m deploy.grafana.bring URL --language ja` brings the boards to a Grafana that runs.

The token of a service account with the role Editor stands in GRAFANA_TOKEN. Calling it again brings
the newer boards. It speaks HTTP itself: grafana-client needs urllib3-future, which takes the place
of urllib3 for everything else that is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from deploy.grafana.words import LANGUAGES, Language

FOLDER = "banso"
ROOM = Path(__file__).parent
_THERE_ALREADY = (httpx.codes.CONFLICT, httpx.codes.PRECONDITION_FAILED)


def bring(client: httpx.Client, language: Language) -> Iterator[str]:
    """Brings all boards into one folder; yields where each of them is then."""
    made = client.post("/api/folders", json={"uid": FOLDER, "title": "Banso"})
    if made.status_code not in _THERE_ALREADY:
        made.raise_for_status()
    for file in sorted((ROOM / language).glob("*.json")):
        board = {"dashboard": json.loads(file.read_text("utf-8")), "folderUid": FOLDER}
        answer = client.post("/api/dashboards/db", json={**board, "overwrite": True})
        yield str(client.base_url.join(answer.raise_for_status().json()["url"]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Brings Banso's dashboards to a Grafana.")
    parser.add_argument("url", help="where Grafana is, e.g. https://grafana.example.com")
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    given = parser.parse_args()
    token = os.environ.get("GRAFANA_TOKEN")
    if not token:
        parser.error("put the token of a service account into GRAFANA_TOKEN")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=given.url, headers=headers, timeout=30) as client:
        for place in bring(client, given.language):
            sys.stdout.write(f"{place}\n")


if __name__ == "__main__":
    main()
