"""What the notifier is told by its environment about the mail server."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.notifier.channels.pace import Limit
from services.notifier.channels.smtp import Tls
from services.notifier.settings import NotifierSettings


def settings(monkeypatch: pytest.MonkeyPatch, **said: str) -> NotifierSettings:
    usual = {
        "database_url": "sqlite://",
        "web_url": "https://banso.example",
        "link_keys": '["a key"]',
        "mail_directory": "mail",
    }
    for name, value in (usual | said).items():
        monkeypatch.setenv(f"BANSO_{name.upper()}", value)
    return NotifierSettings()


@pytest.mark.parametrize(
    ("said", "tls"),
    [
        ("off", Tls.OFF),
        ("starttls", Tls.STARTTLS),
        ("required", Tls.REQUIRED),
        ("implicit", Tls.IMPLICIT),
        ("true", Tls.IMPLICIT),
        ("False", Tls.STARTTLS),
        ("1", Tls.IMPLICIT),
        ("0", Tls.STARTTLS),
    ],
)
def test_tls_is_one_of_four_or_yes_or_no_as_it_once_was(
    monkeypatch: pytest.MonkeyPatch, said: str, tls: Tls
) -> None:
    assert settings(monkeypatch, smtp_out_tls=said).smtp_out_tls is tls


def test_nothing_said_means_what_most_servers_take(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = settings(monkeypatch)

    assert usual.smtp_out_tls is Tls.STARTTLS
    assert usual.smtp_out_per_domain == {}
    assert usual.smtp_out_mails_per_connection == 100


def test_limits_stand_on_one_line_and_idle_is_a_number_of_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = settings(monkeypatch, smtp_out_per_domain="gmail.com=20/min *=9/s", smtp_out_idle_s="10")

    assert said.smtp_out_per_domain == {"gmail.com": Limit(20, 60), "*": Limit(9, 1)}
    assert said.smtp_out_idle_s == 10


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"smtp_out_tls": "perhaps"}, "smtp_out_tls"),
        ({"smtp_out_per_domain": "gmail.com=many"}, "gmail.com=many"),
        ({"dkim_key": "key.pem"}, "go together"),
        ({"dkim_selector": "banso"}, "go together"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], named: str
) -> None:
    with pytest.raises(ValidationError, match=named):
        settings(monkeypatch, **said)


def test_a_key_and_its_selector_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    said = settings(monkeypatch, dkim_key="key.pem", dkim_selector="banso")

    assert (said.dkim_key, said.dkim_selector) == (Path("key.pem"), "banso")
