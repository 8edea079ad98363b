"""Every message can be looked at without a server, in a company's own templates too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.local.up import SAMPLE
from deploy.preview.document import pictured, written
from services.router import organisation
from shared.contracts.notifier import Reason
from tests.browser.messages import DOCS, LARGEST

RUN = CliRunner()


def preview(directory: Path, *arguments: str) -> tuple[int, str]:
    done = RUN.invoke(app, ["notify", "preview", "--out", str(directory), *arguments])
    return done.exit_code, done.output


def test_every_message_is_written_in_both_languages_with_a_page_to_look_at_them(
    tmp_path: Path,
) -> None:
    code, said = preview(tmp_path)

    names = {file.name for file in tmp_path.iterdir()}
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert code == 0
    assert said.strip() == (tmp_path / "index.html").as_uri()
    for name in ("yours-owner-ja", "yours-owner-en", "reminder-several-ja", "solved-carrier-en"):
        assert {f"{name}.html", f"{name}.txt"} <= names
    assert set(re.findall('src="([^"]+)"', index)) == {
        n for n in names - {"index.html"} if "html" in n
    }


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    preview(tmp_path, "--reason", "yours", "--language", "ja")

    assert {file.name for file in tmp_path.iterdir()} == {
        "index.html",
        "yours-owner-ja.html",
        "yours-owner-ja.txt",
    }


def test_a_companys_templates_are_shown_and_their_faults_told(tmp_path: Path) -> None:
    company = tmp_path / "company"
    company.mkdir()
    (company / "mail.txt").write_text(
        '{% extends "ours/mail.txt" %}{% block header %}Minato{% endblock %}'
    )
    good = preview(tmp_path / "good", "--templates", str(company))
    (company / "mail.html").write_text("{{ m.nothing }}")
    bad = preview(tmp_path / "bad", "--templates", str(company))

    assert good[0] == 0
    assert "Minato" in (tmp_path / "good" / "yours-owner-en.txt").read_text()
    assert bad[0] == 1
    assert "mail.html: " in bad[1]
    assert "nothing" in bad[1]


@pytest.mark.parametrize(("template", "code"), [("{{ m.nothing }}", 1), (None, 0)])
def test_a_check_of_the_organisation_tries_the_templates(
    tmp_path: Path, template: str | None, code: int
) -> None:
    text = template or '{% extends "ours/mail.html" %}'
    (tmp_path / "mail.html").write_text(text)

    done = RUN.invoke(app, ["check", str(SAMPLE), "--templates", str(tmp_path)])
    as_json = RUN.invoke(app, ["check", str(SAMPLE), "--templates", str(tmp_path), "--json"])

    assert (done.exit_code, as_json.exit_code) == (code, code)
    assert ("mail.html" in done.output) == bool(code)
    assert ('"templates": []' in as_json.output) == (not code)


def test_the_document_says_what_the_program_says() -> None:
    """After a change of words or looks: make messages."""
    shown = pictured(organisation.read(SAMPLE))

    assert (DOCS / "messages.md").read_text(encoding="utf-8") == written(shown)


def test_each_message_of_the_document_has_its_picture_and_all_together_are_small() -> None:
    shown = pictured(organisation.read(SAMPLE))
    pictures = {file.stem: file.stat().st_size for file in (DOCS / "messages").iterdir()}

    assert set(pictures) == {one.name for one in shown}
    assert sum(pictures.values()) < LARGEST
    assert {one.sample.reason for one in shown} == set(Reason) - {Reason.SUBSCRIBED}
