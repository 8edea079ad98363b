"""What a person's mail about an issue says: words, a request, or both."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from services.intake import store
from services.intake.mail.origin import Origin, Whose
from services.intake.mail.parse import read_mail
from services.intake.mail.receive import MOST_MESSAGES, Found, Incoming, involved, say
from services.intake.mail.thread import Through
from services.intake.mail.trust import Trust
from services.intake.store import Letter, Shelf, View
from shared.contracts.event import Event
from shared.contracts.intake import MessageReceived, PersonKnown
from shared.contracts.issue import Action, Attachment, DeclineReason, Source, Standing, State
from shared.contracts.router import OrganisationPublished
from shared.database import open_engine
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import ISSUE_ID, MONDAY

ORGANISATION = build.organisation()
PHOTO = Attachment(filename="a.png", content_type="image/png", size=1, sha256="0" * 64)


@pytest.fixture
def shelf(database_url: str) -> Iterator[Shelf]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        store.metadata.create_all(connection)
        known = KnownOrganisation(connection, store.metadata)
        shelf = Shelf(connection, MONDAY, known)
        published = OrganisationPublished(occurred_at=MONDAY, organisation=ORGANISATION)
        shelf.keep_organisation(published)
        yield shelf
    engine.dispose()


def view(state: State = State.ASSIGNED, **said: object) -> View:
    """`ren` owns it, `emi` carries it."""
    snapshot = build.snapshot(
        state=state, owner_id="ren", carrier_id="emi", reporter_id="emi", **said
    )
    return View(
        ISSUE_ID,
        "7K3M-9QWX",
        1,
        state,
        "It does not start",
        "",
        "emi",
        "en",
        MONDAY,
        snapshot=snapshot.model_dump_json(),
    )


def said_by(
    sender: str,
    text: str,
    shelf: Shelf,
    *,
    standing: Standing = Standing.VOUCHED,
    about: View | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> list[Event]:
    mail = EmailMessage()
    mail["From"], mail["Message-ID"] = f"{sender}@example.com", "<1@example.com>"
    mail.set_content(text)
    incoming = Incoming(
        mail=read_mail(mail.as_bytes()),
        whose=Whose(Origin.PERSON, (), is_wanted=True, may_be_answered=True),
        trust=Trust.PASSED,
        sender=f"{sender}@example.com",
        recipients=(),
        key="key",
        raw_sha256="1" * 64,
        envelope=(),
        received_at=MONDAY,
    )
    message = MessageReceived(
        occurred_at=MONDAY,
        issue_id=ISSUE_ID,
        person_id="",
        source=Source.EMAIL,
        standing=standing,
        text=text,
        attachments=attachments,
    )
    found = Found(about or view(), Through.ADDRESS, is_theirs=True)
    return say(incoming, found, message, ORGANISATION, shelf)


def message(events: list[Event]) -> MessageReceived:
    (event,) = events
    assert isinstance(event, MessageReceived)
    return event


def test_ordinary_words_are_words(shelf: Shelf) -> None:
    said = message(said_by("ren", "Please press the button.", shelf))

    assert (said.person_id, said.text, said.quiet) == ("ren", "Please press the button.", False)


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("了解", Action.ACKNOWLEDGE),
        ("却下 担当外 → shipping", Action.DECLINE),
        ("done", Action.RESOLVE),
    ],
)
def test_a_first_line_goes_with_the_words(line: str, action: Action, shelf: Shelf) -> None:
    said = message(said_by("ren", f"{line}\nMore.", shelf))

    assert said.first_line is not None
    assert (said.first_line.action, said.first_line.understood) == (action, True)
    assert said.text == f"{line}\nMore."


def test_a_decline_carries_reason_and_proposal(shelf: Shelf) -> None:
    first = message(said_by("ren", "decline: not my area, shipping", shelf)).first_line

    assert first is not None
    assert (first.reason, first.proposed) == (DeclineReason.NOT_MY_AREA, "shipping")


def test_a_cause_that_is_not_known_is_said_as_it_was_written(shelf: Shelf) -> None:
    first = message(said_by("ren", "done: gremlins", shelf)).first_line

    assert first is not None
    assert (first.cause, first.understood) == ("done: gremlins", False)


def test_a_strangers_first_words_make_them_known(shelf: Shelf) -> None:
    known, said = said_by("stranger", "Hello", shelf)

    assert isinstance(known, PersonKnown)
    assert isinstance(said, MessageReceived)
    assert said.person_id == known.person_id


def test_more_than_a_person_writes_is_shown_and_told_to_nobody(shelf: Shelf) -> None:
    for n in range(MOST_MESSAGES):
        shelf.letters.put(
            Letter(
                f"k{n}", f"<{n}>", "ren@example.com", "person", ISSUE_ID, False,
                "2" * 64, "", "passed", MONDAY,
            )
        )  # fmt: skip
    shelf.write()

    assert message(said_by("ren", "Once more.", shelf)).quiet


def test_whom_an_issue_concerns(shelf: Shelf) -> None:
    assert involved(view(follower_ids=("yui",))) == {"ren", "emi", "yui"}
