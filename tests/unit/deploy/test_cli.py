"""The command `banso` refuses what would do harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app


def test_the_clock_moves_in_tests_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BANSO_TEST_CLOCK", raising=False)

    refused = CliRunner().invoke(app, ["clock", "--data", str(tmp_path), "advance", "3d"])

    assert refused.exit_code == 1
    assert not list(tmp_path.iterdir())


def test_the_clock_moves_forward_by_what_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANSO_TEST_CLOCK", "1")

    for _ in range(2):
        done = CliRunner().invoke(app, ["clock", "--data", str(tmp_path), "advance", "3d"])
        assert done.exit_code == 0

    assert float((tmp_path / "clock").read_text()) == 6 * 86400
