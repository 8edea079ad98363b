"""Mail comes from a real mail server, whatever breaks in between: each one is exactly one issue."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.up import SAMPLE
from tests.bench.journey import free_ports
from tests.installation import Installation, until
from tests.mailserver import GONE, PASSWORD, MailServer, mail_server
from tests.postbox import Postbox
from tests.proxy import Proxy
from tests.saboteur import KILLER, sabotage

LARGEST = 300_000
OURS = ("issues", "faults", "direct", "lmtp")
WRONG_PASSWORD = "not-the-password"


@dataclass(frozen=True)
class Company:
    """Banso behind the company's mail server, on a network that breaks when it is told to."""

    banso: Installation
    server: MailServer
    imap_line: Proxy
    smtp_line: Proxy
    lmtp_line: Proxy
    armed: Path

    def write(self, subject: str, to: str = "issues", size: int = 0) -> None:
        self.server.send("sato@example.com", f"{to}@example.com", subject, size=size)

    def expect_connected(self) -> None:
        self.banso.expect_metric("intake", "banso_mailbox_up", at_least=1, mailbox="issues")

    def issues(self, subject: str) -> int:
        """How many the router knows, which are those that somebody has."""
        asked = "select count(*) from issue where summary = ?"
        return int(self.banso.ask("router", asked, subject)[0][0])

    def expect_one(self, *subjects: str, user: str = "issues") -> None:
        """Each becomes one issue, and lies among the processed ones."""
        for subject in subjects:
            until(lambda subject=subject: self.issues(subject), f"{subject} is an issue")
        until(lambda: not set(subjects) & set(self.server.subjects(user)), "they are moved")
        self.banso.quieten()
        assert {subject: self.issues(subject) for subject in subjects} == dict.fromkeys(subjects, 1)
        processed = self.server.subjects(user, "Processed")
        assert set(subjects) <= set(processed)


@contextmanager
def a_company(directory: Path) -> Iterator[Company]:
    with ExitStack() as stack:
        imap_line, smtp_line, lmtp_line = (stack.enter_context(Proxy()) for _ in range(3))
        relayed = {
            "direct@example.com": f"smtp:[127.0.0.1]:{smtp_line.port}",
            "lmtp@example.com": f"lmtp:inet:127.0.0.1:{lmtp_line.port}",
        }
        server = stack.enter_context(mail_server("issues", "faults", "sato", relayed=relayed))
        imap_line.target = server.imap
        organisation = directory / "organisation.yaml"
        addresses = ", ".join(f"{one}@example.com" for one in OURS)
        sample = SAMPLE.read_text()
        theirs = "issues: [issues@example.com, shipping@example.com]"
        assert theirs in sample
        organisation.write_text(
            sample.replace(theirs, f"issues: [{addresses}, shipping@example.com]")
        )
        lines = {"host": "127.0.0.1", "port": imap_line.port, "tls": "none"}
        safe = {"host": "localhost", "port": server.imaps, "ca_file": str(server.ca_file)}
        (directory / "password").write_text(PASSWORD)
        mailboxes = [
            {
                "name": name,
                "address": f"{name}@example.com",
                "user": f"{user}@example.com",
                **line,
                **secret,
            }
            for name, user, line, secret in (
                ("issues", "issues", lines, {"password": PASSWORD}),
                ("faults", "faults", safe, {"password_file": str(directory / "password")}),
                ("wrong", "issues", lines, {"password": WRONG_PASSWORD}),
            )
        ]
        armed = directory / "saboteur"
        (lmtp_port,) = free_ports(1)
        environment = {
            **sabotage(armed, KILLER),
            "BANSO_IMAP_MAILBOXES": json.dumps(mailboxes),
            "BANSO_IMAP_IDLE": "PT2S",
            "BANSO_IMAP_TIMEOUT": "PT2S",
            "BANSO_LMTP_PORT": str(lmtp_port),
            "BANSO_LARGEST_MAIL_BYTES": str(LARGEST),
        }
        postbox = stack.enter_context(Postbox())
        banso = Installation(directory, postbox, organisation=organisation, environment=environment)
        stack.callback(banso.close)
        banso.start()
        smtp_line.target = int(banso.endpoints["smtp"].partition(":")[2])
        lmtp_line.target = lmtp_port
        yield Company(banso, server, imap_line, smtp_line, lmtp_line, armed)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with a_company(tmp_path_factory.mktemp("company")) as found:
        yield found


def test_mail_to_the_mail_server_becomes_one_issue_and_lies_among_the_processed(
    company: Company,
) -> None:
    company.write("計器が動きません")
    company.expect_one("計器が動きません")

    company.write("While we idle", to="issues+anything")
    company.expect_one("While we idle")

    company.expect_connected()
    counted = {"way": "imap", "result": "stored"}
    company.banso.expect_metric("intake", "banso_mails_taken_total", at_least=2, **counted)


def test_another_mailbox_stands_for_another_address(company: Company) -> None:
    company.write("By TLS", to="faults")

    company.expect_one("By TLS", user="faults")

    said = company.banso.ask("intake", "select payload from said where subject = 'issue.raised.v1'")
    (mine,) = [one for (one,) in said if "By TLS" in str(one)]
    assert "faults@example.com" in str(mine)


def test_a_wrong_password_is_named_in_log_and_metrics_and_never_told(company: Company) -> None:
    def complains() -> bool:
        return "the login was refused" in company.banso.log("intake")

    until(complains, "the log says what is wrong")

    assert company.banso.metric("intake", "banso_mailbox_up", mailbox="wrong") == 0
    assert "mailbox=wrong" in company.banso.log("intake")
    assert WRONG_PASSWORD not in company.banso.log("intake")
    assert company.banso.is_ready("intake")


def test_a_line_cut_while_idle_or_in_the_middle_of_a_mail_costs_nothing(company: Company) -> None:
    company.imap_line.cut()
    company.write("After the cut")
    company.expect_one("After the cut")

    company.imap_line.cut_at(b"Subject: Cut in two")
    company.write("Cut in two")
    until(lambda: company.imap_line.is_cut, "the line is cut")
    company.expect_one("Cut in two")

    company.imap_line.cut_at(b"COPYUID")
    company.write("Moved, but nobody says so")
    until(lambda: company.imap_line.is_cut, "the line is cut")
    company.expect_one("Moved, but nobody says so")


def test_a_line_gone_dead_is_noticed_though_nobody_says_so(company: Company) -> None:
    company.expect_connected()

    company.imap_line.go_black()
    company.write("Into the black")
    until(
        lambda: company.banso.metric("intake", "banso_mailbox_up", mailbox="issues") == 0,
        "the mailbox counts as down",
    )
    assert company.banso.is_ready("intake")

    company.imap_line.heal()

    company.expect_one("Into the black")


def test_the_mail_server_starts_again(company: Company) -> None:
    company.server.stop_dovecot()
    company.write("While the mailboxes are away")
    company.server.start_dovecot()
    company.server.flush()

    company.expect_one("While the mailboxes are away")


def test_intake_dies_after_it_has_stored_a_mail_and_before_it_moves_it(company: Company) -> None:
    (company.armed / "intake.before-move").touch()

    company.write("Stored, but not moved")
    until((company.armed / "done" / "intake.before-move").exists, "intake dies")

    company.expect_one("Stored, but not moved")
    company.banso.wait_until_ready()


def test_while_nats_is_away_mail_stays_unread_and_is_taken_later_once(company: Company) -> None:
    company.banso.take_down("nats-server")
    company.write("Nobody to say it to")
    until(lambda: "way=imap" in company.banso.log("intake"), "it can't be stored")
    assert company.server.subjects("issues") == ["Nobody to say it to"]
    assert company.issues("Nobody to say it to") == 0

    company.banso.bring_back()

    company.expect_one("Nobody to say it to")


def test_a_mail_that_is_too_large_is_put_aside_and_counted(company: Company) -> None:
    company.write("Everything at once", size=2 * LARGEST)
    company.write("Small")

    company.expect_one("Small")

    assert company.server.subjects("issues", "Quarantine") == ["Everything at once"]
    too_large = {"way": "imap", "result": "too_large"}
    assert company.banso.metric("intake", "banso_mails_taken_total", **too_large) == 1
    assert "mail.too_large" in company.banso.log("intake")


@pytest.mark.parametrize("way", ["direct", "lmtp"])
def test_postfix_hands_mail_over_and_keeps_it_while_banso_is_away(
    company: Company, way: str
) -> None:
    line = company.smtp_line if way == "direct" else company.lmtp_line
    company.write(f"Straight {way}", to=way)
    until(lambda: company.issues(f"Straight {way}"), "an issue")
    until(lambda: company.server.queue == 0, "Postfix has been told so")

    line.refuse()
    company.write(f"While away {way}", to=way)
    until(lambda: company.server.queue == 1, "Postfix keeps it")
    line.heal()
    company.server.flush()
    until(lambda: company.issues(f"While away {way}"), "an issue")
    until(lambda: company.server.queue == 0, "Postfix has been told so")

    line.cut_at(b"250 2.0.0 Received")
    company.write(f"Twice {way}", to=way)
    until(lambda: line.is_cut, "the answer is lost")
    company.server.flush()
    until(lambda: company.server.queue == 0, "Postfix is done")

    company.banso.quieten()
    for subject in (f"Straight {way}", f"While away {way}", f"Twice {way}"):
        assert company.issues(subject) == 1


def test_what_comes_back_from_mail_servers_makes_no_issue(company: Company) -> None:
    company.server.send("issues@example.com", GONE, "To somebody who left")
    company.server.answer_as_away("sato", "I am away.")
    company.server.send("issues@example.com", "sato@example.com", "How are you?")

    came_back = {"Undelivered Mail Returned to Sender", "Auto: How are you?"}

    def kept() -> set[str]:
        return came_back & set(company.server.subjects("issues", "Processed"))

    until(lambda: kept() == came_back, "both are kept")
    company.banso.quieten()
    assert [company.issues(subject) for subject in came_back] == [0, 0]


@pytest.mark.long
def test_whatever_breaks_at_random_every_mail_is_one_issue(tmp_path: Path) -> None:
    chance = random.Random(7)
    with a_company(tmp_path) as company:
        subjects = [f"Mail {n}" for n in range(200)]
        for subject in subjects:
            company.write(subject, size=chance.choice((0, 0, 1_000, 100_000)))
            match chance.randrange(12):
                case 0 | 1:
                    company.imap_line.cut()
                case 2:
                    company.imap_line.cut_at(b"Subject: Mail")
                case 3:
                    company.imap_line.cut_at(b"COPYUID")
                case 4:
                    company.imap_line.go_black()
                case 5 | 6:
                    company.imap_line.heal()
                case 7 if chance.random() < 0.5:
                    company.server.stop_dovecot()
                    company.server.start_dovecot()
                case 8 if chance.random() < 0.5:
                    company.banso.kill("intake")
                case 9:
                    (company.armed / "intake.before-move").touch()
                case _:
                    pass
        company.imap_line.heal()
        company.server.flush()

        until(lambda: company.server.queue == 0, "Postfix has handed over everything", 300)
        until(lambda: not company.server.subjects("issues"), "everything is moved", 300)
        company.expect_one(*subjects)
        assert set(company.server.subjects("issues", "Processed")) == set(subjects)
        assert not company.server.subjects("issues", "Quarantine")
