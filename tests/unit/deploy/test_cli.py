"""The command `banso` refuses what would do harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.local.up import SAMPLE


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


def test_a_mail_is_explained_as_json_whatever_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(
        "From: 佐藤 <sato@example.net>\nSubject: \udcff\n\n①".encode("utf-8", "replace")
    )

    done = CliRunner().invoke(app, ["mail", "explain", str(file)])

    said = json.loads(done.stdout_bytes)
    assert done.exit_code == 0
    assert (said["kind"], said["from"], said["text"]) == ("person", "sato@example.net", "①")


def test_a_mail_is_explained_from_standard_input() -> None:
    done = CliRunner().invoke(app, ["mail", "explain", "-"], input=bytes(range(256)))

    assert done.exit_code == 0
    assert json.loads(done.stdout_bytes)["kind"] == "nobody"


def test_a_mail_from_our_own_address_is_known_by_the_organisation_file(tmp_path: Path) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(b"From: banso@example.com\n\nHello")

    done = CliRunner().invoke(app, ["mail", "explain", str(file), "--organisation", str(SAMPLE)])

    assert json.loads(done.stdout_bytes)["kind"] == "self"


def test_a_mail_that_is_not_there_is_told_in_plain_words(tmp_path: Path) -> None:
    for missing in (tmp_path / "missing.eml", tmp_path):
        done = CliRunner().invoke(app, ["mail", "explain", str(missing)])

        assert done.exit_code == 2
        assert "can't be read" in done.stderr
