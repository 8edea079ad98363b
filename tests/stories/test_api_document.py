"""What the API's document says is what the API does: schemathesis asks it everything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.intake.api.tokens import TOKENS, Scope, TokenFile
from tests.installation import Installation
from tests.postbox import Postbox

SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))


@pytest.fixture(scope="module")
def banso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Postbox() as postbox:
        installation = Installation(
            tmp_path_factory.mktemp("document"),
            postbox,
            environment={"BANSO_API_REQUESTS_PER_MINUTE": "1000000"},
        )
        try:
            yield installation.start()
        finally:
            installation.close()


def ask_everything(banso: Installation, directory: Path, *options: str) -> None:
    """Every check that schemathesis has, on every operation; fails where one does."""
    _, token = TokenFile(banso.data / TOKENS).add("schemathesis", list(Scope))
    done = subprocess.run(
        [
            SCHEMATHESIS,
            "run",
            f"{banso.endpoints['api']}/openapi.json",
            "--header",
            f"Authorization: Bearer {token}",
            "--checks",
            "all",
            "--continue-on-failure",
            *options,
        ],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "level=error" not in banso.log("intake")


def test_every_answer_is_as_documented(banso: Installation, tmp_path: Path) -> None:
    ask_everything(
        banso, tmp_path, "--phases", "examples,fuzzing", "--max-examples", "2", "--seed", "1"
    )


@pytest.mark.long
def test_every_answer_is_as_documented_whatever_is_asked(
    banso: Installation, tmp_path: Path
) -> None:
    ask_everything(banso, tmp_path, "--max-examples", "50")


def test_the_document_is_there_for_everybody_and_names_every_operation(
    banso: Installation,
) -> None:
    answer = httpx.get(f"{banso.endpoints['api']}/openapi.json")

    document = answer.json()
    assert document["openapi"] == "3.1.0"
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len(operations) == 22
    for operation in operations:
        assert {"401", "403", "404", "405", "429", "500", "503"} <= operation["responses"].keys()
        for response in operation["responses"].values():
            assert response["description"]
