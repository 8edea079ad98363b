"""Mailboxes are set by the environment or a file, and what is wrong is said without secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.settings import IntakeSettings

MAILBOX = {
    "name": "issues",
    "address": "issues@example.com",
    "host": "imap.example.com",
    "user": "issues",
    "password": "do-not-tell",
}


def settings(monkeypatch: pytest.MonkeyPatch, mailboxes: str) -> IntakeSettings:
    monkeypatch.setenv("BANSO_IMAP_MAILBOXES", mailboxes)
    given: Any = {"database_url": "sqlite://", "web_url": "x", "link_keys": ["x"], "blobs": "x"}
    return IntakeSettings(**given)


def test_mailboxes_stand_in_the_environment_or_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mailboxes.yaml"
    file.write_text(
        "".join(f"{'-' if n == 0 else ' '} {k}: {v}\n" for n, (k, v) in enumerate(MAILBOX.items()))
    )

    (by_environment,) = settings(monkeypatch, json.dumps([MAILBOX])).imap_mailboxes
    (by_file,) = settings(monkeypatch, str(file)).imap_mailboxes

    assert by_environment == by_file
    assert (by_file.tls, by_file.folder, by_file.processed) == ("implicit", "INBOX", "Processed")


def test_there_may_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch, "[]").imap_mailboxes == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"pasword": "do-not-tell"}, "pasword"),
        ({"password_file": "x"}, "give one of password, password_file and token_command"),
        ({"password": None}, "give one of"),
        ({"token_command": []}, "token_command"),
        ({"processed": "INBOX"}, "three different folders"),
        ({"tls": "maybe"}, "tls"),
        ({"name": "two words"}, "name"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_is_told(
    change: dict[str, Any], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError) as wrong:
        settings(monkeypatch, json.dumps([MAILBOX | change]))

    assert complaint in str(wrong.value)
    assert "do-not-tell" not in str(wrong.value)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ('[{"password": "do-not-tell",]', "line 1 is neither JSON nor YAML"),
        ("/nowhere/mailboxes.yaml", "/nowhere/mailboxes.yaml can't be read: No such file"),
    ],
)
def test_what_can_not_be_read_is_named(
    said: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError) as wrong:
        settings(monkeypatch, said)

    assert complaint in str(wrong.value)
    assert "do-not-tell" not in str(wrong.value)


def test_a_broken_file_is_named_by_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "mailboxes.yaml"
    file.write_text("- name: issues\n  password: [do-not-tell\n")

    with pytest.raises(ValidationError) as wrong:
        settings(monkeypatch, str(file))

    assert "line 3 is neither JSON nor YAML" in str(wrong.value)
    assert "do-not-tell" not in str(wrong.value)


def test_two_mailboxes_have_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="two mailboxes have the same name"):
        settings(monkeypatch, json.dumps([MAILBOX, MAILBOX]))
