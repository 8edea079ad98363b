"""What a person's mail about an issue says: words, a request, or both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import create_engine

from services.intake import store
from services.intake.mail.origin import Origin, Whose
from services.intake.mail.parse import read_mail
from services.intake.mail.receive import MOST_MESSAGES, Found, Incoming, involved, say
from services.intake.mail.thread import Through
from services.intake.mail.trust import Trust
from services.intake.store import Letter, Shelf, View
from shared.contracts.event import Event
from shared.contracts.intake import ActionRequested, MessageReceived, PersonKnown
from shared.contracts.issue import Action, Attachment, DeclineReason, Source, Standing, State
from shared.contracts.router import OrganisationPublished
from shared.organisation import KnownOrganisation
from tests.unit import build
from tests.unit.build import ISSUE_ID, MONDAY

ORGANISATION = build.organisation()
PHOTO = Attachment(filename="a.png", content_type="image/png", size=1, sha256="0" * 64)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    engine = create_engine("sqlite://")
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


def request(events: list[Event]) -> ActionRequested:
    (event,) = events
    assert isinstance(event, ActionRequested)
    return event


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
        ("ack", Action.ACKNOWLEDGE),
        ("却下 担当外 → shipping", Action.DECLINE),
        ("解決", Action.RESOLVE),
        ("done", Action.RESOLVE),
    ],
)
def test_an_owners_first_line_asks_for_what_the_link_does(
    line: str, action: Action, shelf: Shelf
) -> None:
    asked = request(said_by("ren", line, shelf))

    assert (asked.action, asked.person_id) == (action, "ren")
    assert (asked.source, asked.standing) == (Source.EMAIL, Standing.VOUCHED)


def test_a_decline_carries_reason_proposal_and_words(shelf: Shelf) -> None:
    asked = request(said_by("ren", "decline: not my area, shipping\nIt was the parcel.", shelf))

    assert (asked.reason, asked.proposed) == (DeclineReason.NOT_MY_AREA, "shipping")
    assert asked.text == "It was the parcel."


def test_words_below_an_acknowledgement_are_the_answer(shelf: Shelf) -> None:
    """Whoever answers has taken it, so nothing else is asked for."""
    assert message(said_by("ren", "ack\nI look at it now.", shelf)).text == "I look at it now."


@pytest.mark.parametrize(
    ("sender", "line"), [("ren", "ack: but who pays?"), ("emi", "solved: but the lamp is red")]
)
def test_a_word_with_a_but_is_only_words(sender: str, line: str, shelf: Shelf) -> None:
    said = message(said_by(sender, line, shelf, about=view(State.RESOLVED)))

    assert said.text == line


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_a_carriers_solved_confirms_what_is_said_to_be_solved(state: State, shelf: Shelf) -> None:
    asked = request(said_by("emi", "解決しました", shelf, about=view(state)))

    assert asked.action is Action.CONFIRM


def test_a_carriers_not_solved_opens_it_again(shelf: Shelf) -> None:
    asked = request(said_by("emi", "not solved\nStill red.", shelf, about=view(State.RESOLVED)))

    assert (asked.action, asked.text) == (Action.REOPEN, "Still red.")


@pytest.mark.parametrize(
    ("sender", "line"), [("emi", "ack"), ("emi", "done"), ("emi", "decline"), ("sho", "done")]
)
def test_from_anybody_else_the_same_line_is_only_words(
    sender: str, line: str, shelf: Shelf
) -> None:
    assert message(said_by(sender, line, shelf)).text == line


def test_nothing_is_asked_for_in_a_name_that_the_server_doubts(shelf: Shelf) -> None:
    said = message(said_by("ren", "done", shelf, standing=Standing.DOUBTED))

    assert said.standing is Standing.DOUBTED


def test_a_leader_who_owns_it_hands_over(shelf: Shelf) -> None:
    leads = view().snapshot
    assert leads is not None
    owned = replace(view(), snapshot=leads.replace('"owner_id":"ren"', '"owner_id":"kai"'))

    assert request(said_by("kai", "却下 → shipping", shelf, about=owned)).action is Action.HAND_OVER


def test_files_beside_a_request_are_not_lost(shelf: Shelf) -> None:
    words, asked = said_by("ren", "done", shelf, attachments=(PHOTO,))

    assert isinstance(words, MessageReceived)
    assert words.attachments == (PHOTO,)
    assert isinstance(asked, ActionRequested)


def test_what_is_not_understood_keeps_its_words(shelf: Shelf) -> None:
    asked = request(said_by("ren", "decline: the weather", shelf))

    assert (asked.reason, asked.text) == (None, "decline: the weather")


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
