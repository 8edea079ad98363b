"""What somebody brings in, from whichever door, and how it becomes one issue, once.

A submission has an id before anything is stored: the API's `Idempotency-Key`, a hidden field of
the form, the hash of a mail. The same submission coming again is the same issue; the same id with
other content is a new one, except at the API, where it is a mistake that is said.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from services.intake.store import Letter, Reference, Shelf, Stranger, Submitted, View
from shared import logs
from shared.contracts.event import MAX_TEXT, Event
from shared.contracts.intake import STRANGER, IssueRaised, PersonKnown
from shared.contracts.issue import Attachment, Source, State, Urgency
from shared.contracts.organisation import Organisation
from shared.journal import Cause, Journal, TryAgain, Unsaid

log = logs.get(__name__)

ISSUES = UUID("0d5b6a57-6f4f-5b0e-9d5f-5f7c1f2b7a10")
REFERENCE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Its letters, without what is easily taken for something else (0 O, 1 I L, U V)."""

LONGEST_SUMMARY = 200
LONGEST_DESCRIPTION = 200_000
MOST_FOLLOWERS = 20
MOST_CONFIRMATIONS = 10
"""Automatic answers to new issues by mail that one sender gets within `FLOOD_WITHIN`."""
FLOOD_WITHIN = timedelta(hours=1)

_BROUGHT = {
    "source",
    "customer",
    "needed_by",
    "urgency",
    "product",
    "category",
    "fields",
    "attachments",
    "follower_ids",
    "on_behalf_of_id",
    "description_sha256",
    "html_sha256",
    "raw_sha256",
}


class NotStored(Exception):
    """It could not be stored now. Nothing is lost: the same submission may come again."""


class KeyReused(Exception):
    """This idempotency key was used for another submission before."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A problem as somebody brings it in, checked and cleaned."""

    source: Source
    submission_id: str
    fingerprint: str
    """Hash of the content."""
    summary: str
    description: str
    reporter_name: str
    reporter_address: str
    language: str
    reference: str
    """A proposal; another is drawn where it is taken."""
    description_sha256: str | None = None
    raw_sha256: str | None = None
    product: str | None = None
    category: str | None = None
    urgency: Urgency | None = None
    customer: str | None = None
    needed_by: datetime | None = None
    on_behalf_of: str | None = None
    """A colleague's address or id, or the customer for whom a colleague writes."""
    addressed_to: tuple[str, ...] = ()
    html_sha256: str | None = None
    attachments: tuple[Attachment, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    """Answers in the form's own fields, by their ids."""
    followers: tuple[str, ...] = ()
    """Addresses or ids of people on copy; only those of the organisation count."""
    confidential: bool = False
    letter: Letter | None = None
    """The mail it came by."""
    quiet: bool = False
    """The reporter is to get no automatic answer."""
    one_key: bool = False
    """The sender vouches that the id stands for one content only."""

    @property
    def key(self) -> str:
        return f"{self.source}/{self.submission_id}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of everybody who wrote."""
        return (self.reporter_address,)

    @property
    def cause_id(self) -> str:
        return f"submission/{self.key}/{self.fingerprint}"

    @property
    def issue_id(self) -> str:
        return str(uuid5(ISSUES, self.cause_id))


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is stored, twice: in our journal and on the stream."""

    issue_id: str
    reference: str
    reporter_id: str
    received_at: datetime
    repeated: bool


def new_reference() -> str:
    """Eight letters that can be read out over the telephone, such as `7K3M-9QWX`."""
    letters = "".join(secrets.choice(REFERENCE) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def read_reference(text: str) -> str:
    """A reference as people write it: small letters, spaces, full width, without the hyphen."""
    plain = unicodedata.normalize("NFKC", text).upper()
    letters = "".join(char for char in plain if char.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def room_for_words(fields: Mapping[str, str]) -> int:
    """How many characters of a description fit into the event beside the form's answers; a longer
    one is a blob as well."""
    return MAX_TEXT - sum(len(question) + len(answer) for question, answer in fields.items())


def is_plausible(day: date) -> bool:
    """Whether somebody can mean this day; earlier and later ones are slips of the finger."""
    return 2000 <= day.year < 2200


def in_company_time(given: date | datetime | None, organisation: Organisation) -> datetime | None:
    """A day means its end; an instant without a zone is the company's."""
    if given is None:
        return None
    zone = ZoneInfo(organisation.calendar_of(None).zone)
    if not isinstance(given, datetime):
        given = datetime.combine(given, time(23, 59), zone)
    return (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(UTC)


def day_begins(given: date | datetime, organisation: Organisation) -> datetime:
    """A day means its beginning; an instant without a zone is the company's."""
    if isinstance(given, datetime):
        zone = ZoneInfo(organisation.calendar_of(None).zone)
        return (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(UTC)
    return day_begins(datetime.combine(given, time()), organisation)


async def submit(submission: Submission, journal: Journal[Shelf]) -> Accepted:
    """Stores it. Raises NotStored where that is not possible now, and KeyReused."""
    cause = Cause(submission.cause_id, partial(accept, submission), submission, hold=True)
    try:
        settled = await journal.settle(cause)
    except (Unsaid, TryAgain) as error:
        log.warning("submission.not_stored", source=submission.source, error=str(error))
        raise NotStored from error
    raised = next(
        IssueRaised.from_message(said.payload)
        for said in settled.said
        if said.subject == IssueRaised.subject
    )
    log.info(
        "submission.accepted",
        source=submission.source,
        issue=raised.issue_id,
        reference=raised.reference,
        repeated=settled.repeated,
    )
    return Accepted(
        raised.issue_id,
        raised.reference,
        raised.reporter_id,
        raised.occurred_at,
        settled.repeated,
    )


def accept(submission: Submission, shelf: Shelf) -> Sequence[Event]:
    """Decides what a submission is: who wrote it, under which reference it is known from now on.

    An issue that is known already, although its submission isn't, is what the router has told of
    it since this database was lost: then it keeps its reference and where it stands.
    """
    before = shelf.submissions.get(submission.key)
    if submission.one_key and before and before.fingerprint != submission.fingerprint:
        raise KeyReused
    issue_id = submission.issue_id
    told = shelf.views.get(issue_id)
    reference = told.reference if told else free_reference(submission.reference, shelf)
    name, address = submission.reporter_name, submission.reporter_address
    if told and told.reporter_id.startswith(STRANGER) and shelf.people.get(address) is None:
        shelf.people.put(Stranger(address, told.reporter_id, name, submission.language))
    reporter_id, known = person_of(address, name, submission.language, shelf)
    colleague_id, customer = _on_behalf_of(submission, shelf.organisation)
    involved = {reporter_id, colleague_id}
    followers = _inside(submission.followers, shelf.organisation, involved)
    raised = IssueRaised(
        occurred_at=shelf.now,
        issue_id=issue_id,
        reference=reference,
        source=submission.source,
        summary=submission.summary[:LONGEST_SUMMARY],
        description=submission.description[: room_for_words(submission.fields)],
        description_sha256=submission.description_sha256,
        raw_sha256=submission.raw_sha256,
        reporter_id=reporter_id,
        on_behalf_of_id=colleague_id,
        customer=customer,
        product=named(submission.product, shelf.organisation, "products"),
        category=named(submission.category, shelf.organisation, "categories"),
        urgency=submission.urgency,
        language=submission.language,
        needed_by=submission.needed_by,
        addressed_to=submission.addressed_to,
        html_sha256=submission.html_sha256,
        attachments=submission.attachments,
        fields=dict(submission.fields),
        follower_ids=followers,
        confidential=submission.confidential,
        quiet=submission.quiet or _is_flood(submission, shelf),
    )
    shelf.submissions.put(Submitted(submission.key, submission.fingerprint, issue_id, shelf.now))
    shelf.references.put(Reference(reference, issue_id))
    shelf.views.put(_view(raised, told, shelf.now))
    if submission.letter is not None:
        began = replace(submission.letter, issue_id=issue_id)
        shelf.letters.put(began)
    return [*known, raised]


def _view(raised: IssueRaised, told: View | None, now: datetime) -> View:
    """The issue as its pages show it from now on."""
    brought = raised.model_dump(mode="json", include=_BROUGHT, exclude_defaults=True)
    if told is not None:
        return replace(told, description=raised.description, brought=brought)
    return View(
        raised.issue_id,
        raised.reference,
        0,
        State.RECEIVED,
        raised.summary,
        raised.description,
        raised.reporter_id,
        raised.language,
        now,
        brought=brought,
        confidential=raised.confidential,
        changed_at=now,
        source=raised.source,
        urgency=raised.urgency,
        product=raised.product,
        category=raised.category,
    )


def free_reference(proposal: str, shelf: Shelf) -> str:
    """The proposal, or another where it is taken."""
    reference = proposal
    while shelf.references.get(reference) is not None:
        reference = new_reference()
    return reference


def person_of(address: str, name: str, language: str, shelf: Shelf) -> tuple[str, list[Event]]:
    """The id of whoever wrote, and for a stranger's first word the event that makes them known."""
    person = shelf.organisation.by_address.get(address.lower())
    if person is not None:
        return person.id, []
    stranger = shelf.people.get(address)
    if stranger is not None:
        return stranger.person_id, []
    person_id = f"{STRANGER}{uuid4().hex}"
    shelf.people.put(Stranger(address, person_id, name, language))
    known = PersonKnown(
        occurred_at=shelf.now, person_id=person_id, name=name, address=address, language=language
    )
    return person_id, [known]


def _inside(
    said: Sequence[str], organisation: Organisation, but: Collection[str | None]
) -> tuple[str, ...]:
    """The people of the organisation among those named, each once."""
    named = (
        organisation.by_address.get(one.lower()) or organisation.person.get(one) for one in said
    )
    found = dict.fromkeys(person.id for person in named if person is not None)
    return tuple(one for one in found if one not in but)[:MOST_FOLLOWERS]


def _is_flood(submission: Submission, shelf: Shelf) -> bool:
    """Whether this sender's mails come faster than a person writes: then no answer of ours may
    keep two machines talking (RFC 3834). Each mail is an issue all the same."""
    letter = submission.letter
    if letter is None:
        return False
    since = shelf.now - FLOOD_WITHIN
    return shelf.wrote(letter.address, since, MOST_CONFIRMATIONS) >= MOST_CONFIRMATIONS


def _on_behalf_of(
    submission: Submission, organisation: Organisation
) -> tuple[str | None, str | None]:
    """A colleague becomes the carrier; anybody else is the customer."""
    said = submission.on_behalf_of
    if said is None:
        return None, submission.customer
    colleague = organisation.by_address.get(said.lower()) or organisation.person.get(said)
    if colleague is not None:
        return colleague.id, submission.customer
    return None, submission.customer or said[:200]


def named(said: str | None, organisation: Organisation, kind: str) -> str | None:
    """The id of the product or category that somebody names, in whichever language."""
    if said is None:
        return None
    word = said.strip().casefold()
    for part in getattr(organisation, kind):
        if word in (part.id, part.name.ja.casefold(), part.name.en.casefold()):
            return str(part.id)
    return said[:200]
