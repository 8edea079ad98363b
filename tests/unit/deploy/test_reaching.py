"""`banso check --reach`: who could not be reached, in words and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.local.up import SAMPLE
from services.router.organisation import read
from tests.postbox import Postbox

PEOPLE = len(read(SAMPLE).people)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BANSO_SMTP_OUT_HOST", "BANSO_DATABASE_URL", "BANSO_LINK_KEYS", "BANSO_WEB_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def check(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", str(SAMPLE), "--language", "en", *arguments])
    return done.exit_code, done.output


def test_without_a_mail_server_nobody_is_reached() -> None:
    code, said = check("--reach")

    assert code == 1
    assert "sato (Ken Sato) can't be reached: Mail: not set up" in said
    assert said.splitlines()[-1] == f"0 of {PEOPLE} people can be reached."


def test_what_is_wrongly_set_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANSO_SMTP_OUT_PORT", "secret")

    code, said = check("--reach")

    assert code == 2
    assert "BANSO_SMTP_OUT_PORT" in said
    assert "secret" not in said


def test_nothing_is_sent_where_nobody_asked_to_look() -> None:
    assert check("--send")[0] == 2


def test_each_gets_a_test_message_and_who_is_refused_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Postbox() as postbox:
        refused = "550 5.1.1 user unknown"
        postbox.answer = lambda to: refused if to.startswith("sato@") else "250 2.0.0 OK"
        monkeypatch.setenv("BANSO_SMTP_OUT_HOST", "127.0.0.1")
        monkeypatch.setenv("BANSO_SMTP_OUT_PORT", str(postbox.port))

        code, said = check("--reach", "--send", "--json", "--data", str(tmp_path / "new"))

        people = {one["person"]: one for one in json.loads(said)["people"]}
        assert code == 1
        assert [name for name, one in people.items() if not one["reached"]] == ["sato"]
        assert people["sato"]["channels"]["email"].startswith("550 5.1.1")
        letter = postbox.expect("brown@example.com", "This is how Banso reaches you")
        assert "You need not do anything." in letter.text
        assert not (tmp_path / "new").exists()
