"""Somebody can't be reached, by a real mail server's word, and somebody who can is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.up import SAMPLE
from tests.installation import Installation, until
from tests.mailserver import GONE, MailServer, mail_server
from tests.postbox import Letter, Postbox, read_letter
from tests.proxy import Proxy

PEOPLE = ("hayashi", "kimura", "sato", "brown", "ito", "kato", "garcia")
NOBODY = "mistyped@example.com"
"""Postfix knows no such mailbox, and says so at once."""


@dataclass
class Company:
    """Banso that sends by Postfix, and gets what comes back."""

    banso: Installation
    server: MailServer
    organisation: Path

    def letters(self, user: str) -> list[Letter]:
        with self.server.look(user) as box:
            mails = list(box.fetch(mark_seen=False))
        return [read_letter(f"{user}@example.com", mail.obj.as_bytes()) for mail in mails]

    def expect(self, user: str, heading: str) -> Letter:
        """A mail in somebody's mailbox."""

        def found() -> Letter | None:
            self.banso.let_go()
            return next((one for one in self.letters(user) if heading in one.subject), None)

        letter: Letter = until(found, f"{user} reads {heading}; {self.server.log[-3000:]}")
        return letter

    def fates(self, person: str) -> set[str]:
        """What became of the mails to somebody."""
        asked = "select fate from delivery where person_id = ?"
        return {row[0] for row in self.banso.ask("notifier", asked, person)}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    directory = tmp_path_factory.mktemp("reach")
    with ExitStack() as stack:
        back = stack.enter_context(Proxy())
        ours = f"smtp:[127.0.0.1]:{back.port}"
        relayed = {"banso@example.com": ours, "issues@example.com": ours}
        server = stack.enter_context(mail_server(*PEOPLE, relayed=relayed))
        environment = {"BANSO_SMTP_OUT_PORT": str(server.smtp)}
        postbox = stack.enter_context(Postbox())
        file = _organisation(directory)
        banso = Installation(directory, postbox, organisation=file, environment=environment)
        stack.callback(banso.close)
        banso.start()
        back.target = int(banso.endpoints["smtp"].partition(":")[2])
        yield Company(banso, server, file)


def _organisation(directory: Path) -> Path:
    """The sample, where Linh Nguyen's address is one that Postfix takes and Dovecot does not."""
    file = directory / "organisation.yaml"
    theirs = "emails: [nguyen@example.com]"
    text = SAMPLE.read_text()
    assert theirs in text
    file.write_text(text.replace(theirs, f"emails: [{GONE}]"))
    return file


def test_whose_mail_comes_back_their_lead_is_told(company: Company) -> None:
    company.banso.raise_issue()

    told = company.expect("ito", "グエン・リンさんに連絡がつきません")

    assert "担当になったことが伝わっていません" in told.text
    assert "5.1.1" in told.text
    assert GONE not in told.text
    assert company.fates("nguyen") == {"failed"}
    company.banso.expect_metric(
        "notifier", "banso_people_not_reachable", at_least=1, channel="any", kind="inside"
    )
    where = ("--data", str(company.banso.data), "--language", "en")
    checked = company.banso.run("check", str(company.organisation), "--reach", *where, code=1)
    assert checked.stdout.splitlines()[0].startswith("nguyen (Linh Nguyen) can't be reached: Mail:")
    assert checked.stdout.splitlines()[-1] == "14 of 15 people can be reached."


def test_of_a_customer_with_a_mistyped_address_the_carrier_is_told(company: Company) -> None:
    customer = {"name": "A customer", "email": NOBODY}
    company.banso.raise_issue(reporter=customer, category="no-effect")

    told = company.expect("sato", "お客様にメールが届きません")

    assert "お電話などでお伝えください" in told.text
    assert NOBODY not in told.text


def test_an_answer_of_a_machine_is_nobodys_word_though_it_comes_to_the_right_address(
    company: Company,
) -> None:
    reference = company.banso.raise_issue(category="no-effect")
    received = company.expect("brown", "We have received it")
    company.server.answer_as_away("brown", "I am away until Monday.")

    company.server.send(received.reply_to, "brown@example.com", "How are you?")

    def is_kept() -> bool:
        asked = "select count(*) from letter where subject = 'Auto: How are you?'"
        return bool(company.banso.ask("intake", asked)[0][0])

    until(is_kept, f"the machine's answer has come; {company.server.log[-2000:]}")
    company.banso.quieten()
    history = [line["event"] for line in company.banso.issue(reference)["history"]]
    assert history == ["received", "assigned"]
