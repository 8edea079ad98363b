"""What people say by mail about an issue: it is done where it may be, and never lost."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from uuid import UUID

import httpx
import lxml.html
import pytest

from deploy.local.up import SAMPLE
from tests.installation import Installation, page_text, running, until
from tests.postbox import Letter

SERVER = "mx.example.com"
GENUINE = f"{SERVER}; dmarc=pass header.from=example.com"
FORGED = f"{SERVER}; dmarc=fail header.from=example.com"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One whose mail server says whether senders are genuine."""
    directory = tmp_path_factory.mktemp("mail")
    file = organisation_of(directory)
    with running(directory, organisation=file) as installation:
        yield installation


def organisation_of(directory: Path) -> Path:
    file = directory / "organisation.yaml"
    text = SAMPLE.read_text()
    assert "\n  sender: banso@example.com\n" in text
    trusting = f"\n  sender: banso@example.com\n  trusted_servers: [{SERVER}]\n"
    text = text.replace("\n  sender: banso@example.com\n", trusting)
    patient = "skills: {not-working: 1.2}"
    assert patient in text
    text = text.replace(patient, f"{patient}, hours_per_day: 12")
    everything = "  - {name: all, when: {category: not-working}, person: nguyen}\n"
    file.write_text(text.replace("\nrules:", f"\nrules:\n{everything}#", 1))
    return file


def reply(
    banso: Installation,
    letter: Letter,
    text: str,
    *,
    sender: str | None = None,
    to: str | None = None,
    authentication: str | None = GENUINE,
    thread: bool = True,
) -> str:
    """Answers a letter as a mail program does, quoting it; what the server said."""
    message = EmailMessage()
    message["From"] = sender or letter.to
    message["To"] = to or letter.reply_to
    message["Subject"] = f"Re: {letter.subject}"
    message["Message-ID"] = make_msgid(domain="example.com")
    if thread:
        message["In-Reply-To"] = message["References"] = letter.message_id
    if authentication:
        message["Authentication-Results"] = authentication
    quoted = "\n".join(f"> {line}" for line in letter.text.splitlines())
    message.set_content(f"{text}\n\nOn Mon, 3 Feb 2031 at 10:00, Banso wrote:\n{quoted}\n")
    return banso.send(sender or letter.to, message.as_bytes(), to or letter.reply_to)


def raised(banso: Installation, **said: str) -> tuple[str, Letter, Letter]:
    """An issue of Emily Brown's with Linh Nguyen: its reference, and what each of them was told."""
    reference = banso.raise_issue(**said)
    received = banso.expect("brown", "We have received it")
    return reference, received, banso.expect("nguyen", "This is yours now")


def history(banso: Installation, reference: str) -> list[str]:
    return [line["event"] for line in banso.issue(reference)["history"]]


def test_an_owners_reply_is_the_answer_and_the_carriers_reply_a_comment(
    company: Installation,
) -> None:
    reference, received, asked = raised(company)

    assert reply(company, asked, "Please press the red button.") == (
        f"250 2.0.0 Added to {reference}"
    )
    answer = company.expect("brown", "has answered")
    assert "Please press the red button." in answer.text
    assert "On Mon, 3 Feb" not in answer.text

    reply(company, received, "That helped, but the lamp is still red.")
    comment = company.expect("nguyen", "has written more")
    assert "That helped, but the lamp is still red." in comment.text
    assert history(company, reference) == ["received", "assigned", "responded", "commented"]


@pytest.mark.parametrize("line", ["ack", "了解です。"])
def test_a_first_line_takes_an_issue(company: Installation, line: str) -> None:
    reference, _received, asked = raised(company)

    reply(company, asked, line)

    company.expect("brown", "It is being worked on")
    assert company.issue(reference)["state"] == "acknowledged"


@pytest.mark.parametrize("line", ["done", "解決しました。"])
def test_a_first_line_solves_an_issue_and_another_confirms_it(
    company: Installation, line: str
) -> None:
    reference, _received, asked = raised(company)

    reply(company, asked, f"{line}\nThe battery was empty.")
    solved = company.expect("brown", "Is it solved?")
    assert "The battery was empty." in solved.text

    reply(company, solved, f"{line}\nThank you!")
    confirmed = company.expect("nguyen", "Confirmed as solved")
    assert "Thank you!" in confirmed.text
    assert company.issue(reference)["state"] == "closed"


def test_a_first_line_declines_with_reason_and_proposal(company: Installation) -> None:
    reference, _received, asked = raised(company)

    reply(company, asked, "却下 担当外 → 出荷")

    company.expect("brown", "Somebody else looks after it now")
    company.settle()
    assert company.issue(reference)["owner"]["team"] == "shipping"
    company.expect(company.issue(reference)["owner"]["id"], "あなたの担当になりました")


def test_a_decline_that_is_not_understood_is_answered_kindly_with_a_link(
    company: Installation,
) -> None:
    reference, _received, asked = raised(company)

    reply(company, asked, "decline: because of the weather")

    answer = company.expect("nguyen", "One click does it")
    assert "decline: because of the weather" in answer.text
    assert company.issue(reference)["state"] == "assigned"
    company.press(answer, "Not mine", reason="not_my_area", proposed="shipping")
    company.expect("brown", "Somebody else looks after it now")
    company.settle()
    company.expect(company.issue(reference)["owner"]["id"], "あなたの担当になりました")


def test_a_forged_sender_closes_nothing(company: Installation) -> None:
    """Not with the right address and thread, nor with a guessed address, nor by the reference."""
    reference, _received, asked = raised(company)
    forger = {"sender": "nguyen@example.com"}

    reply(company, asked, "done", authentication=FORGED)
    looked = company.expect("nguyen", "A message to look at")
    assert "done" in looked.text
    reply(company, asked, "done", to="issues@example.com", **forger)
    company.expect("nguyen", "One click does it")
    reply(company, asked, "done", to="issues@example.com", thread=False, **forger)
    company.expect("nguyen", "One click does it")

    company.settle()
    assert company.issue(reference)["state"] == "assigned"
    assert "resolved" not in history(company, reference)


def test_a_forged_reply_address_is_refused(company: Installation) -> None:
    _reference, _received, asked = raised(company)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    before, _, domain = asked.reply_to.partition("@")
    other = letters[(letters.index(before[-8]) + 1) % len(letters)]
    forged = f"{before[:-8]}{other}{before[-7:]}@{domain}"

    host, port = company.endpoints["smtp"].split(":")
    with smtplib.SMTP(host, int(port), timeout=30) as server:
        server.ehlo()
        server.mail("nguyen@example.com")
        code, answer = server.rcpt(forged)

    assert (code, answer) == (
        550,
        b"5.1.1 This reply address is not valid; please write to issues@example.com",
    )


def test_without_authentication_a_mail_may_answer_and_the_rest_needs_one_click(
    company: Installation,
) -> None:
    reference, _received, asked = raised(company)

    reply(company, asked, "I look at it tomorrow.", authentication=None)
    company.expect("brown", "has answered")
    reply(company, asked, "done", authentication=None)
    answer = company.expect("nguyen", "One click does it")

    assert company.issue(reference)["state"] == "acknowledged"
    company.press(answer, "Solved", cause="fault")
    company.expect("brown", "Is it solved?")


def test_a_stranger_who_quotes_a_reference_gets_no_access(company: Installation) -> None:
    reference, _received, asked = raised(company)

    answer = reply(
        company,
        asked,
        "What is going on?",
        sender="stranger@else.example",
        to="issues@example.com",
        authentication=None,
    )

    assert answer.startswith("250")
    looked = company.expect("nguyen", "A message to look at")
    assert "What is going on?" in looked.text
    company.settle()
    told = [one for one in company.postbox.letters if one.to == "stranger@else.example"]
    assert not told
    assert history(company, reference)[-1] == "commented"


def test_a_second_mail_of_a_thread_belongs_to_its_issue(company: Installation) -> None:
    first = make_msgid(domain="example.com")
    message = EmailMessage()
    message["From"], message["To"] = "brown@example.com", "issues@example.com"
    message["Subject"], message["Message-ID"] = "Lamp", first
    message.set_content("It is red.")
    company.send("brown@example.com", message.as_bytes())
    received = company.expect("brown", "We have received it")
    owner = company.issue(received.reference)["owner"]["id"]
    company.postbox.expect(f"{owner}@example.com", "")

    answer = company.write_mail("brown@example.com", "Re: Lamp", "Now green.", References=first)

    assert answer == f"250 2.0.0 Added to {received.reference}"
    company.postbox.expect(f"{owner}@example.com", "")


def test_a_mail_that_comes_again_after_its_issue_is_over_starts_no_other(
    company: Installation,
) -> None:
    """Its server has not heard our answer, as after a cut line."""
    reference, _, _ = raised(company)
    message = EmailMessage()
    message["From"], message["To"] = "passer-by@customer.example", "issues@example.com"
    message["Subject"], message["Message-ID"] = f"[{reference}]", make_msgid(domain="a.example")
    message.set_content("I saw it, too.")
    added = company.send("passer-by@customer.example", message.as_bytes())
    company.expect("nguyen", "A message to look at")
    withdrawn = {"action": "withdraw", "person": "brown"}
    answer = company.api.post(f"/issues/{reference}/actions", json=withdrawn)
    assert answer.json()["state"] == "closed"
    company.expect("nguyen", "It is needed no more")

    again = company.send("passer-by@customer.example", message.as_bytes())

    assert again == added == f"250 2.0.0 Added to {reference}"
    assert history(company, reference).count("commented") == 1


def test_the_same_mail_to_two_of_our_addresses_is_one_issue(company: Installation) -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "brown@example.com", "Both should know"
    message["To"] = "issues@example.com, shipping@example.com"
    message["Message-ID"] = make_msgid(domain="example.com")
    message.set_content("The parcel is wet.")
    raw = message.as_bytes()

    one = company.send("brown@example.com", b"Received: from a\r\n" + raw)
    other = company.send("brown@example.com", b"Received: from b\r\n" + raw, "shipping@example.com")

    assert one == other
    received = company.expect("brown", "We have received it")
    company.settle()
    owner = company.issue(received.reference)["owner"]["id"]
    company.postbox.expect(f"{owner}@example.com", "")
    copied = {one.to for one in company.postbox.unexpected if one.reference == received.reference}
    assert len(copied) == 1, "the lead of the other team"
    for to in copied:
        company.postbox.expect(to, "")


def test_a_machines_mail_starts_nothing_and_is_kept(company: Installation) -> None:
    _reference, received, _asked = raised(company)

    answers = [
        reply_of_a_machine(company, received, "Auto-Submitted", "auto-replied"),
        reply_of_a_machine(company, received, "X-Autoreply", "yes"),
        reply_of_a_machine(company, received, "X-Banso", "1"),
    ]

    assert [one.partition("(")[2] for one in answers] == ["auto-reply)", "auto-reply)", "self)"]
    kept = company.ask("intake", "select kind, raw_sha256 from letter where issue_id is null")
    assert {"auto-reply", "self"} <= {kind for kind, _ in kept}
    assert all((company.data / "blobs" / name[:2] / name).exists() for _, name in kept)


def reply_of_a_machine(banso: Installation, letter: Letter, name: str, value: str) -> str:
    message = EmailMessage()
    message["From"], message["To"] = letter.to, letter.reply_to
    message["Subject"] = "Thank you for your mail"
    message["Message-ID"] = make_msgid(domain="example.com")
    message["In-Reply-To"] = letter.message_id
    message[name] = value
    message.set_content("I am on holiday.")
    return banso.send(letter.to, message.as_bytes(), letter.reply_to)


def test_a_flood_of_mails_gets_few_confirmations_and_loses_none(company: Installation) -> None:
    sender = "machine@else.example"

    answers = [company.write_mail(sender, f"Alarm {n}", "It is hot.") for n in range(14)]

    assert len({answer.rpartition(" ")[2] for answer in answers}) == 14
    company.settle()
    sent = [one for one in company.postbox.unexpected if one.to == sender]
    assert len(sent) == 10
    for one in company.postbox.unexpected:
        if "Alarm" in one.subject:
            company.postbox.expect(one.to, "")


def test_files_that_are_too_many_are_told_of_and_stay_in_the_mail(company: Installation) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "brown@example.com", "issues@example.com"
    message["Subject"], message["Message-ID"] = "Many", make_msgid(domain="example.com")
    message.set_content("See the photos.")
    for n in range(12):
        message.add_attachment(b"%d" % n, maintype="image", subtype="png", filename=f"{n}.png")

    company.send("brown@example.com", message.as_bytes())
    received = company.expect("brown", "We have received it")
    issue = company.issue(received.reference)
    owner = f"{issue['owner']['id']}@example.com"
    asked = until(
        lambda: next(
            (
                letter
                for letter in company.postbox
                if (letter.to, letter.reference) == (owner, received.reference)
            ),
            None,
        ),
        "the owner hears",
    )

    assert len(issue["attachments"]) == 10
    assert "2 files are too large or too many" in asked.text


def report(action: str, status: str, enclosed: str = "") -> bytes:
    """What a mail server says became of our mail."""
    return (
        "From: MAILER-DAEMON@else.example\r\nTo: banso@example.com\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n"
        f"Message-ID: {make_msgid(domain='else.example')}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is what became of it.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; else.example\r\n\r\n"
        f"Final-Recipient: rfc822; c@else.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <c@else.example> User unknown\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{enclosed}\r\n\r\n--b--\r\n"
    ).encode()


def received_by(customer: str, company: Installation) -> Letter:
    """What a customer hears who has written; others hear of it, too."""
    company.write_mail(customer, "The lamp is red", "Please help. It was green until yesterday.")
    received = company.postbox.expect(customer, "We have received it")
    all_told_of(received, company)
    return received


def all_told_of(received: Letter, company: Installation) -> list[Letter]:
    """Who else has been told something about the same issue by now."""
    company.settle()
    others = [one for one in company.postbox.unexpected if one.reference == received.reference]
    return [company.postbox.expect(one.to, one.heading) for one in others]


def fate_of(letter: Letter, company: Installation) -> tuple[str, str | None]:
    company.settle()
    delivery = UUID(letter.message_id.partition(".")[2][:32])
    rows = company.ask(
        "notifier", f"select fate, error from delivery where delivery_id = '{delivery}'"
    )
    [(fate, error)] = rows
    return fate, error


def test_a_bounce_of_our_mail_is_a_failed_delivery_of_that_person(company: Installation) -> None:
    received = received_by("gone@customer.example", company)
    bounced = report("failed", "5.1.1", f"Message-ID: {received.message_id}")

    assert "Kept (bounce)" in company.send("", bounced, "banso@example.com")

    fate, error = fate_of(received, company)
    assert fate == "failed"
    assert "@" not in (error or "@")
    assert all_told_of(received, company)


def test_a_bounce_that_names_no_mail_is_known_by_the_address_to_which_it_comes(
    company: Installation,
) -> None:
    received = received_by("lost@customer.example", company)
    assert received.came_from.startswith("banso+")

    assert "Kept (bounce)" in company.send("", report("failed", "5.1.1"), received.came_from)

    assert fate_of(received, company)[0] == "failed"
    assert all_told_of(received, company)


def test_a_report_that_our_mail_has_arrived_is_believed_and_a_forged_one_refused(
    company: Installation,
) -> None:
    received = received_by("there@customer.example", company)
    before, char, after = received.came_from[:20], received.came_from[20], received.came_from[21:]
    forged = f"{before}{'a' if char != 'a' else 'b'}{after}"

    with pytest.raises(smtplib.SMTPDataError):
        company.send("", report("failed", "5.1.1"), forged)
    assert fate_of(received, company) == ("sent", None)
    company.send("", report("delivered", "2.0.0"), received.came_from)

    assert fate_of(received, company) == ("delivered", None)


def test_what_came_with_a_mail_can_be_fetched_by_those_inside(company: Installation) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "brown@example.com", "issues@example.com"
    message["Subject"], message["Message-ID"] = "Photo", make_msgid(domain="example.com")
    message.set_content("See the photo.")
    message.add_attachment(b"\x89PNG....", maintype="image", subtype="png", filename="写真①.png")

    company.send("brown@example.com", message.as_bytes())
    received = company.expect("brown", "We have received it")
    owner = company.issue(received.reference)["owner"]["id"]
    company.postbox.expect(f"{owner}@example.com", "")

    (file,) = company.issue(received.reference)["attachments"]
    assert (file["filename"], file["size"]) == ("写真①.png", 8)
    page = company.browser.get(received.link("See how it stands"))
    assert "写真①.png" in page_text(page.text)


def test_an_answer_that_quotes_links_does_not_hand_them_on(company: Installation) -> None:
    """The carrier must not be able to act as the owner, however the owner's program quotes."""
    reference, received, asked = raised(company)
    message = EmailMessage()
    message["From"], message["To"] = asked.to, asked.reply_to
    message["Subject"], message["Message-ID"] = "Re: it", make_msgid(domain="example.com")
    message["Authentication-Results"] = GENUINE
    message.set_content(f"Press the button.\n\n{asked.text}")
    message.add_alternative(f"<p>Press the button.</p>{asked.html}", subtype="html")
    company.send(asked.to, message.as_bytes(), asked.reply_to)

    answer = company.expect("brown", "has answered")
    company.settle()
    page = company.browser.get(received.link("See how it stands"))
    own = asked.link("I take it").rpartition("/")[2]
    fetched = [company.browser.get(url).text for url in links_of(page, "text", "look")]

    assert fetched
    assert not any(own in text for text in (answer.text, answer.html, page.text, *fetched))
    assert not links_of(page, "mail")
    theirs = company.browser.get(asked.link("See how it stands"))
    (raw,) = links_of(theirs, "mail")
    assert "Press the button." in company.browser.get(raw).text
    assert reference in page.text


def links_of(page: httpx.Response, *kinds: str) -> list[str]:
    found = lxml.html.fromstring(page.text, base_url=str(page.url))
    found.make_links_absolute()
    urls = [str(one) for one in found.xpath("//a/@href")]
    return [url for url in urls if url.split("/")[-2] in kinds]


def test_what_is_only_kept_can_be_listed_by_whoever_runs_it(company: Installation) -> None:
    done = company.run("mail", "kept", "--json")

    kept = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"kind", "from", "subject", "received_at", "file"} <= set(kept[0])


def test_beyond_what_a_person_writes_a_strangers_mails_stand_with_their_latest_issue(
    company: Installation,
) -> None:
    """The last story: from here on everybody has more than enough to do."""
    sender = "robot@else.example"

    answers = [company.write_mail(sender, f"Warning {n}", "It is wet.") for n in range(53)]

    assert [one.split()[2] for one in answers] == ["Received"] * 50 + ["Added"] * 3
    assert {one.rpartition(" ")[2] for one in answers[50:]} == {answers[49].rpartition(" ")[2]}
    company.settle()
    for one in company.postbox.unexpected:
        if "Warning" in one.subject:
            company.postbox.expect(one.to, "")
