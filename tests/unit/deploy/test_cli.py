"""The command `banso` refuses what would do harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.local.keeping import secrets_of
from deploy.local.up import SAMPLE
from shared import logs
from shared.contracts.traffic import AUDITOR


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


def test_a_token_is_printed_once_and_listed_without_it(tmp_path: Path) -> None:
    where = ["--data", str(tmp_path)]
    words = ["token", "add", "the shop", "--scope", "raise", "--scope", "read", "--expires", "90d"]

    added = CliRunner().invoke(app, [*words, *where])
    listed = CliRunner().invoke(app, ["token", "list", *where])

    token = added.stdout.splitlines()[0]
    assert token.startswith("banso_")
    assert "the shop" in listed.stdout
    assert "raise read" in listed.stdout
    assert "good" in listed.stdout
    assert token not in listed.stdout
    assert token not in (tmp_path / "tokens.json").read_text()


def test_a_revoked_token_is_listed_as_such_and_an_unknown_one_is_a_mistake(tmp_path: Path) -> None:
    where = ["--data", str(tmp_path)]
    CliRunner().invoke(app, ["token", "add", "the shop", "--scope", "read", *where])
    listed = CliRunner().invoke(app, ["token", "list", *where]).stdout
    token_id = listed.splitlines()[1].split()[0]

    revoked = CliRunner().invoke(app, ["token", "revoke", token_id, *where])
    unknown = CliRunner().invoke(app, ["token", "revoke", "nothing", *where])

    assert revoked.exit_code == 0
    assert "revoked" in CliRunner().invoke(app, ["token", "list", *where]).stdout
    assert unknown.exit_code == 1


def test_an_unknown_scope_or_span_makes_no_token(tmp_path: Path) -> None:
    for words in (["--scope", "everything"], ["--scope", "read", "--expires", "soon"]):
        refused = CliRunner().invoke(app, ["token", "add", "x", *words, "--data", str(tmp_path)])
        assert refused.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_an_import_needs_something_that_runs_or_an_address_and_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BANSO_API_TOKEN", raising=False)
    file = tmp_path / "old.csv"

    nowhere = CliRunner().invoke(app, ["import", "csv", str(file), "--data", str(tmp_path)])
    no_token = CliRunner().invoke(app, ["import", "csv", str(file), "--url", "http://x.example"])

    assert nowhere.exit_code == no_token.exit_code == 2
    assert "Nothing runs" in nowhere.output
    assert "--token" in no_token.output


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


def test_an_audit_that_has_nothing_to_look_at_ends_otherwise_than_a_broken_promise(
    tmp_path: Path,
) -> None:
    nowhere = CliRunner().invoke(app, ["audit", "--data", str(tmp_path)])

    assert nowhere.exit_code == 2
    assert "Nothing runs in" in nowhere.output


def test_an_audit_names_a_setting_that_is_wrong_and_never_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANSO_AUDIT_DATABASES", '{"router": "sqlite://"}')
    monkeypatch.setenv("BANSO_DEADMAN_URL", "hc.example/secret")

    wrong = CliRunner().invoke(app, ["audit", "--data", str(tmp_path)])

    assert wrong.exit_code == 2
    assert "BANSO_AUDIT_DATABASES" in wrong.output
    assert "BANSO_DEADMAN_URL" in wrong.output
    assert "secret" not in wrong.output


def test_an_installation_from_before_there_was_an_auditor_gets_a_key_for_it(
    tmp_path: Path,
) -> None:
    made = secrets_of(tmp_path)
    file = tmp_path / "secrets.json"
    older = json.loads(file.read_text())
    del older["nats_seeds"][AUDITOR]
    file.write_text(json.dumps(older))

    again = secrets_of(tmp_path)

    assert again.nats_seeds[AUDITOR] != made.nats_seeds[AUDITOR]
    assert {**again.nats_seeds, AUDITOR: ""} == {**made.nats_seeds, AUDITOR: ""}
    assert (again.api_token, again.link_keys) == (made.api_token, made.link_keys)
    assert secrets_of(tmp_path) == again
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("command", "english", "japanese"),
    [
        (("away", "sato", "2031-02-10", "2031-02-11"), "Nothing runs in", "何も動いていません"),
        (("back", "sato"), "Nothing runs in", "何も動いていません"),
        (("audit",), "Nothing runs in", "何も動いていません"),
        (("dead", "list"), "Nothing runs in", "何も動いていません"),
        (("provision",), "Nothing runs in", "何も動いていません"),
        (("import", "mbox", "none"), "Nothing runs in", "何も動いていません"),
        (("mail", "kept"), "There is no Banso in", "Banso がありません"),
        (("mail", "explain", "none.eml"), "can't be read", "を読めません"),
        (("token", "revoke", "none"), "There is no such token.", "そのトークンはありません"),
        (("token", "add", "x", "--scope", "fly"), "write some of", "の中から書いてください"),
        (("clock", "advance", "1d"), "in tests only", "テストのときだけです"),
        (("replay", "nothing"), "Write one of", "のどれかを書いてください"),
    ],
)
def test_every_command_refuses_in_the_language_of_the_session(
    command: tuple[str, ...],
    english: str,
    japanese: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("BANSO_NATS_URL", "BANSO_AUDIT_DATABASES", "BANSO_TEST_CLOCK"):
        monkeypatch.delenv(name, raising=False)

    def said(lang: str) -> str:
        session = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": lang, "BANSO_DATA": str(tmp_path)}
        refused = CliRunner().invoke(app, list(command), env=session)
        assert refused.exit_code != 0
        return "".join(refused.output.replace("│", "").split())

    assert "".join(english.split()) in said("en_GB.UTF-8")
    assert "".join(japanese.split()) in said("ja_JP.UTF-8")


def test_figures_are_not_rebuilt_where_there_is_no_banso(tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["metrics", "rebuild", "--data", str(tmp_path)])

    assert refused.exit_code == 2
    assert "no Banso" in refused.stderr
