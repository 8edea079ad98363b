"""An old helpdesk's history comes in whole, once, and without a word to anybody."""

from __future__ import annotations

import csv
import mailbox
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.installation import BANSO, Installation, running, until


@pytest.fixture(scope="module")
def banso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Told to nobody: every mail that comes all the same fails the last story."""
    with running(tmp_path_factory.mktemp("import")) as installation:
        yield installation


START = datetime(2025, 6, 2, 0, 0, tzinfo=UTC)


def letter(nth: int, sender: str, subject: str, text: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, "support@old.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<{nth}@old.example>"
    message["Date"] = format_datetime(START + timedelta(hours=nth))
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def found(banso: Installation, words: str) -> dict[str, Any]:
    """The one issue with these words, once the router has put it on record."""

    def recorded() -> Any:
        (listed,) = banso.api.get("/issues", params={"q": words}).json()["issues"]
        issue = banso.issue(listed["reference"])
        return any(line["event"] == "recorded" for line in issue["history"]) and issue

    return until(recorded, "it is on record")  # type: ignore[no-any-return]


def test_old_mails_become_closed_issues_with_their_history(
    banso: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "old.mbox"
    with closing(mailbox.mbox(path)) as box:
        for message in (
            letter(1, "客 一郎 <ichiro@customer.example>", "電源①が入らない", "朝からです。"),
            letter(
                2, "mori@example.com", "Re: 電源①", "交換します。", In_Reply_To="<1@old.example>"
            ),
            letter(3, "bot@customer.example", "Away", "...", Auto_Submitted="auto-replied"),
            letter(4, "brown@example.com", "The pump leaks", "Since Monday."),
        ):
            box.add(message)

    told = banso.run("import", "mbox", str(path)).stdout
    again = banso.run("import", "mbox", str(path)).stdout

    assert "2  imported" in told
    assert "1  skipped: auto-reply" in told
    assert "0  imported" in again
    assert "2  were here already" in again
    issue = found(banso, "電源")
    assert (issue["state"], issue["next_step"], issue["source"]) == ("closed", None, "email")
    assert issue["summary"] == "電源①が入らない"
    assert issue["raised_at"].startswith("2025-06-02T01:00:00")
    assert issue["reporter"].startswith("x-")
    assert [(one["person"], one["text"]) for one in issue["comments"]] == [("mori", "交換します。")]
    assert found(banso, "pump")["reporter"] == "brown"
    banso.settle()
    assert banso.inbox() == []
    assert banso.postbox.letters == []
    assert banso.metric("metrics", "banso_requests_total") == 0
    assert "banso import" in banso.run("token", "list").stdout
    assert "good" not in banso.run("token", "list").stdout.partition("banso import")[2]


def test_a_table_is_taken_as_far_as_it_can_be_and_the_rest_is_listed(
    banso: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "old.csv"
    head = ["番号", "件名", "本文", "起票日", "完了日", "起票者", "担当者", "カテゴリ"]
    rows = [
        ["1", "髙いところの計器", "届かない", "2025/11/25 9:10", "2025/11/26", "佐藤 健", "森 美咲",
         "説明書がわかりにくい"],
        ["2", "まだの件", "本文", "2025/11/25", "", "佐藤 健", "", ""],
        ["3", "逆の件", "本文", "2025/11/25", "2025/11/20", "だれか", "", ""],
        ["4", "\x01", "\x01", "2025/11/25", "2025/11/26", "だれか", "", ""],
    ]  # fmt: skip
    with path.open("w", encoding="cp932", newline="") as file:
        csv.writer(file).writerows([head, *rows])

    told = banso.run("import", "csv", str(path)).stdout

    assert "1  imported" in told
    issue = found(banso, "計器")
    assert issue["reporter"] == "sato"
    assert issue["owner"]["id"] == "mori"
    assert issue["category"] == "hard-to-follow"
    assert issue["raised_at"].startswith("2025-11-25T00:10:00")
    with (tmp_path / "old.csv.refused.csv").open(encoding="utf-8-sig", newline="") as opened:
        refused = {row["番号"]: row["problem"] for row in csv.DictReader(opened)}
    assert refused.keys() == {"2", "3", "4"}
    assert refused["2"] == "still open: bring it in as a new issue"
    assert refused["3"] == "It was closed before it was brought in."
    assert "must not be empty" in refused["4"]


def test_a_killed_import_goes_on_where_it_stopped_and_brings_in_each_issue_once(
    banso: Installation, tmp_path: Path
) -> None:
    path, count = tmp_path / "many.csv", 600
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [
                ["id", "subject", "description", "created", "closed", "email"],
                *(
                    [str(nth), f"Case {nth}", "Words", "2025-11-25", "2025-11-26", "a@c.example"]
                    for nth in range(count)
                ),
            ]
        )
    command = [BANSO, "import", "csv", str(path), "--data", str(banso.data)]
    environment = {**os.environ, "BANSO_TEST_CLOCK": "1"}
    before = len(banso.ask("router", "select issue_id from issue"))
    state = tmp_path / "many.csv.import-state.json"

    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as running:
        until(state.exists, "a part of it is in")
        running.send_signal(signal.SIGKILL)
    was_unfinished = state.exists()
    told = banso.run("import", "csv", str(path))

    assert was_unfinished
    assert "Going on after" in told.stderr
    assert not state.exists()
    banso.quieten()
    assert len(banso.ask("router", "select issue_id from issue")) == before + count
    assert banso.ask("intake", "select count(*) from view where state != 'closed'") == [(0,)]
    same = banso.ask("intake", "select count(*) from person where address = 'a@c.example'")
    assert same == [(1,)]


def test_an_import_over_the_network_needs_a_token_that_may(
    banso: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "one.csv"
    path.write_text(
        "subject,created,closed,email\nOld,2025-11-25,2025-11-26,a@c.example\n", "utf-8"
    )
    where = ["--url", banso.endpoints["api"], "--token"]
    token = banso.run("token", "add", "mover", "--scope", "import").stdout.strip()

    refused = banso.run("import", "csv", str(path), *where, banso.endpoints["api_token"], code=1)
    taken = banso.run("import", "csv", str(path), *where, token)

    assert "`import`" in refused.stderr
    assert "1  imported" in taken.stdout
