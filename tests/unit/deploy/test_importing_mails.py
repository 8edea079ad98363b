"""Old mails as issues: which belong together, and what is left out."""

from __future__ import annotations

import mailbox
from contextlib import closing
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.importing.found import SourceUnusable
from deploy.importing.mails import Head, Mails, plain_subject, threads
from tests.unit.build import at

START = at("2025-06-02 09:00")
HELPDESK = "support@old.example"
YUKI = "yuki@customer.example"


def head(nth: int, **said: Any) -> Head:
    usual: dict[str, Any] = {
        "nth": nth,
        "message_id": f"<{nth}@x>",
        "references": (),
        "subject": f"subject {nth}",
        "is_answer": False,
        "people": frozenset({YUKI, HELPDESK}),
        "sent_at": START + timedelta(hours=nth),
    }
    return Head(**(usual | said))


def letter(
    subject: str, text: str, *, sender: str = YUKI, hours: float = 0, **headers: str
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = f"Yuki Mori <{sender}>", HELPDESK
    message["Subject"] = subject
    message["Date"] = format_datetime(START + timedelta(hours=hours))
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def mbox(directory: Path, *messages: EmailMessage) -> Path:
    path = directory / "old.mbox"
    with closing(mailbox.mbox(path)) as box:
        for message in messages:
            box.add(message)
    return path


def items(mails: Mails) -> list[dict[str, Any]]:
    return [dict(found.item) for found in mails if found.item is not None]


# --- which mails belong together


def test_mails_that_name_each_other_are_one_thread_in_the_order_of_time() -> None:
    mails = [
        head(0, references=("<2@x>",), sent_at=START + timedelta(hours=5)),
        head(1),
        head(2),
        head(3, references=("<2@x>", "<0@x>"), sent_at=START + timedelta(hours=9)),
    ]

    assert threads(mails) == [[1], [2, 0, 3]]


def test_answers_to_a_mail_that_is_not_there_belong_together() -> None:
    mails = [head(nth, references=("<lost@x>",), is_answer=True) for nth in range(2)]

    assert threads(mails) == [[0, 1]]


def test_an_answer_that_names_none_belongs_to_the_mail_of_its_subject_and_people() -> None:
    mails = [
        head(0, subject="meter"),
        head(1, subject="meter", is_answer=True, people=frozenset({HELPDESK, YUKI})),
        head(2, subject="meter", is_answer=True, people=frozenset({"other@customer.example"})),
        head(3, subject="meter", is_answer=False),
        head(4, subject="meter", is_answer=True, sent_at=START + timedelta(days=40)),
        head(5, subject="other", is_answer=True),
    ]

    assert threads(mails) == [[0, 1], [2], [3], [5], [4]]


def test_the_helpdesks_own_address_makes_no_thread_of_strangers() -> None:
    strangers = [
        head(nth, subject="question", is_answer=nth > 0, people=frozenset({HELPDESK, f"{nth}@c"}))
        for nth in range(30)
    ]

    assert len(threads(strangers)) == 30


def test_a_circle_of_references_is_one_thread() -> None:
    assert threads([head(0, references=("<1@x>",)), head(1, references=("<0@x>",))]) == [[0, 1]]


def test_two_copies_of_a_mail_are_one_thread() -> None:
    copies = [head(0), head(1, message_id="<0@x>", references=("<0@x>",))]

    assert threads(copies) == [[0, 1]]


@pytest.mark.parametrize(
    ("written", "plain", "is_answer"),
    [
        ("Re: Re[2]: AW: 　Meter  dead", "meter dead", True),
        ("ＲＥ：電源が入らない", "電源が入らない", True),
        ("返信: 電源", "電源", True),
        ("[Ticket#123] Meter", "meter", False),
        ("[Ticket#123] RE: Meter", "meter", True),
        ("Regarding: Meter", "regarding: meter", False),
        ("", "", False),
    ],
)
def test_a_subject_is_the_same_without_the_signs_of_an_answer(
    written: str, plain: str, is_answer: bool
) -> None:
    assert plain_subject(written) == (plain, is_answer)


# --- what becomes of them


def test_the_first_mail_is_the_issue_and_the_rest_its_history(tmp_path: Path) -> None:
    path = mbox(
        tmp_path,
        letter("電源が入らない", "朝から赤いランプです。", Message_ID="<1@c.example>"),
        letter(
            "Re: 電源が入らない",
            "再起動してください。\n\nOn Mon, 2 Jun 2025, Yuki wrote:\n> 朝から赤いランプです。",
            sender=HELPDESK,
            hours=2,
            In_Reply_To="<1@c.example>",
        ),
    )

    (item,) = items(Mails(path, "mbox"))

    assert item["id"] == "1@c.example"
    assert item["source"] == "email"
    assert item["summary"] == "電源が入らない"
    assert item["description"] == "朝から赤いランプです。"
    assert item["reporter"] == {"name": "Yuki Mori", "email": YUKI}
    assert datetime.fromisoformat(item["raised_at"]) == START
    assert datetime.fromisoformat(item["closed_at"]) == START + timedelta(hours=2)
    (remark,) = item["remarks"]
    assert remark["author"]["email"] == HELPDESK
    assert remark["text"] == "再起動してください。"


def test_what_machines_wrote_is_left_out_and_counted(tmp_path: Path) -> None:
    path = mbox(
        tmp_path,
        letter("Meter", "It is dead.", Message_ID="<1@c.example>"),
        letter(
            "Out of office",
            "I am away.",
            Auto_Submitted="auto-replied",
            In_Reply_To="<1@c.example>",
        ),
        letter("News", "Buy!", Auto_Submitted="auto-generated", hours=1),
    )
    mails = Mails(path, "mbox")

    found = items(mails)

    assert [item["summary"] for item in found] == ["Meter"]
    assert mails.notes.counts["skipped: auto-reply"] == 2
    assert mails.notes.counts["mails"] == 3


def test_a_mail_without_an_id_is_named_by_its_content_and_always_the_same(tmp_path: Path) -> None:
    path = mbox(tmp_path, letter("Meter", "It is dead."))

    first, again = items(Mails(path, "mbox")), items(Mails(path, "mbox"))

    assert len(first[0]["id"]) == 64
    assert first == again


def test_a_mail_whose_date_nobody_says_is_refused(tmp_path: Path) -> None:
    undated = letter("Meter", "It is dead.")
    del undated["Date"]
    received = letter("Meter", "It is dead.", Message_ID="<2@c.example>")
    del received["Date"]
    received["Received"] = f"from a by b; {format_datetime(START)}"
    path = mbox(tmp_path, undated, received)

    found = list(Mails(path, "mbox"))

    assert {one.problem for one in found} == {None, "nothing says when it was sent"}
    (item,) = [one.item for one in found if one.item]
    assert datetime.fromisoformat(item["raised_at"]) == START


def test_a_line_that_begins_with_from_ends_no_message(tmp_path: Path) -> None:
    text = "From the beginning it was dead.\n\nFrom here on, too."
    path = mbox(tmp_path, letter("One", text), letter("Two", "Words"))
    path.chmod(0o400)

    one, two = items(Mails(path, "mbox"))

    assert one["description"] == text
    assert two["summary"] == "Two"


def test_a_maildir_is_read_with_its_folders(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "Maildir")
    box.add(letter("One", "It is dead.", Message_ID="<1@c.example>"))
    box.add_folder("Archive").add(letter("Two", "It is dead.", Message_ID="<2@c.example>"))

    found = items(Mails(tmp_path / "Maildir", "maildir"))

    assert {item["summary"] for item in found} == {"One", "Two"}


def test_what_is_no_mailbox_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Hello")

    with pytest.raises(SourceUnusable, match="not an mbox"):
        Mails(tmp_path / "text", "mbox")
    with pytest.raises(SourceUnusable, match="not a file"):
        Mails(tmp_path, "mbox")
    with pytest.raises(SourceUnusable, match="not a Maildir"):
        Mails(tmp_path, "maildir")
