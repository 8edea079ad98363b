"""The command `banso` refuses what would do harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from shared import logs


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


def test_a_mailbox_that_is_set_wrongly_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "configure", lambda *_, **__: None)
    mailbox = {"name": "issues", "address": "a@b", "host": "c", "user": "d", "pasword": "secret"}
    monkeypatch.setenv("BANSO_IMAP_MAILBOXES", json.dumps([mailbox]))

    refused = CliRunner().invoke(app, ["up", "--data", str(tmp_path)])

    assert refused.exit_code == 2
    assert "BANSO_IMAP_MAILBOXES > 0 > pasword: " in refused.output
    assert "secret" not in refused.output
    assert not list(tmp_path.iterdir())
