"""What an old helpdesk knew, brought over: issues that are over and done with, each of them once.

An issue is named by the old system and its id there, so the same one coming again, in whichever
import, is known and changes nothing. Nobody is told of it (`issue.imported.v1`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import uuid5

from services.intake.blobs import Blobs
from services.intake.store import Happening, Reference, Shelf, View
from services.intake.submission import ISSUES, free_reference, named, person_of
from shared.contracts.event import Event
from shared.contracts.intake import STRANGER, IssueImported, Remark
from shared.contracts.issue import Source, State, Urgency
from shared.contracts.organisation import Organisation
from shared.journal import Cause

LONGEST_ID = 200
MOST_REMARKS_SENT = 500
MOST_REMARKS = 30
LONGEST_REMARK = 5_000
LONGEST_TOGETHER = 45_000
"""Characters of description and remarks in the event; at four bytes each it still fits."""
LONGEST_BEFORE_REMARKS = 20_000
"""Characters of the description where there are remarks too."""


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody in the old system, by address or by name alone."""

    name: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """One message in an issue's history."""

    at: datetime
    author: Author | None
    text: str


@dataclass(frozen=True, slots=True)
class Bygone:
    """An issue as the old system had it, checked and cleaned."""

    system: str
    old_id: str
    source: Source
    summary: str
    description: str
    reporter: Author
    language: str
    raised_at: datetime
    closed_at: datetime
    reference: str
    """A proposal; another is drawn where it is taken."""
    owner: str | None = None
    """Address, id or name."""
    customer: str | None = None
    product: str | None = None
    category: str | None = None
    cause: str | None = None
    urgency: Urgency | None = None
    remarks: tuple[Said, ...] = ()
    whole_sha256: str | None = None
    """The blob with all of it, where the event has only a part."""

    @property
    def imported_as(self) -> str:
        return f"{self.system}/{self.old_id}"

    @property
    def key(self) -> str:
        return f"import/{self.imported_as}"

    @property
    def issue_id(self) -> str:
        return str(uuid5(ISSUES, self.key))

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of everybody who wrote."""
        authors = (self.reporter, *(said.author for said in self.remarks))
        return tuple(one.address for one in authors if one and one.address)


def bring_over(bygone: Bygone) -> Cause[Shelf]:
    """What the journal decides on; settling it again answers with the same events."""
    return Cause(bygone.key, partial(decide, bygone), bygone, may_be_known=True, hold=True)


def whole_of(bygone: Bygone, blobs: Blobs) -> str | None:
    """The blob with the whole text, where the event can't hold it all."""
    description, remarks = fitting(bygone.description, bygone.remarks)
    if description == bygone.description and remarks == bygone.remarks:
        return None
    parts = [bygone.description]
    for said in bygone.remarks:
        who = said.author.name or said.author.address if said.author else ""
        parts.append(f"{said.at.isoformat(' ', 'minutes')} {who}\n{said.text}")
    return blobs.put("\n\n-- \n".join(parts).encode())


def fitting(description: str, remarks: Sequence[Said]) -> tuple[str, tuple[Said, ...]]:
    """As much of it as an event holds: the beginning, and the last words."""
    if remarks:
        description = _cut(description, LONGEST_BEFORE_REMARKS)
    description = _cut(description, LONGEST_TOGETHER)
    left = LONGEST_TOGETHER - len(description)
    kept: list[Said] = []
    for said in reversed(remarks[-MOST_REMARKS:]):
        text = _cut(said.text, min(LONGEST_REMARK, left))
        if not text:
            break
        left -= len(text)
        kept.append(said if text == said.text else Said(said.at, said.author, text))
    return description, tuple(reversed(kept))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…" if longest > 1 else ""


def decide(bygone: Bygone, shelf: Shelf) -> Sequence[Event]:
    """Gives it a reference, and makes its people known where they have an address. An issue that
    the router has told of since this database was lost keeps its own, and where it stands."""
    issue_id = bygone.issue_id
    told = shelf.views.get(issue_id)
    reference = told.reference if told else free_reference(bygone.reference, shelf)
    known: list[Event] = []
    reporter_id = _person(bygone.reporter, bygone, shelf, known)
    description, said = fitting(bygone.description, bygone.remarks)
    remarks = tuple(
        Remark(
            at=one.at,
            person_id=_person(one.author, bygone, shelf, known) if one.author else reporter_id,
            text=one.text,
        )
        for one in said
    )
    organisation = shelf.organisation
    has_no_address = bygone.reporter.address is None and reporter_id.startswith(STRANGER)
    imported = IssueImported(
        occurred_at=shelf.now,
        issue_id=issue_id,
        reference=reference,
        source=bygone.source,
        imported_as=bygone.imported_as,
        summary=bygone.summary,
        description=description,
        description_sha256=bygone.whole_sha256,
        reporter_id=reporter_id,
        owner_id=find_member(bygone.owner, organisation),
        customer=bygone.customer or (bygone.reporter.name if has_no_address else None),
        product=named(bygone.product, organisation, "products"),
        category=named(bygone.category, organisation, "categories"),
        cause=named(bygone.cause, organisation, "causes"),
        urgency=bygone.urgency,
        language=bygone.language,
        raised_at=bygone.raised_at,
        closed_at=bygone.closed_at,
        remarks=remarks,
    )
    shelf.references.put(Reference(reference, issue_id))
    shelf.views.put(_view(imported, told, shelf))
    for nth, remark in enumerate(remarks):
        shelf.history.add(
            Happening(
                str(uuid5(ISSUES, f"{bygone.key}/{nth}")),
                issue_id,
                nth - len(remarks),  # before the first version that the router tells of
                IssueImported.subject,
                remark.at,
                bygone.key,
                remark.person_id,
                {"text": remark.text},
            )
        )
    return [*known, imported]


def _view(imported: IssueImported, told: View | None, shelf: Shelf) -> View:
    """Closed from the first moment: nobody waits for an owner."""
    kept = {"customer", "product", "category", "urgency", "source", "description_sha256"}
    brought = imported.model_dump(mode="json", include=kept, exclude_defaults=True)
    if told is not None:
        return replace(told, description=imported.description, brought=brought)
    return View(
        imported.issue_id,
        imported.reference,
        0,
        State.CLOSED,
        imported.summary,
        imported.description,
        imported.reporter_id,
        imported.language,
        imported.raised_at,
        brought=brought,
        changed_at=shelf.now,
        source=imported.source,
        urgency=imported.urgency,
        product=imported.product,
        category=imported.category,
        owner_id=imported.owner_id,
    )


def _person(author: Author, bygone: Bygone, shelf: Shelf, known: list[Event]) -> str:
    """The id of whoever wrote. Somebody known by name alone stays somebody outside."""
    if author.address is None:
        member = find_member(author.name, shelf.organisation)
        return member or f"{STRANGER}{uuid5(ISSUES, f'{bygone.system}/{author.name}').hex}"
    name = author.name or author.address.partition("@")[0]
    person_id, new = person_of(author.address, name, bygone.language, shelf)
    known.extend(new)
    return person_id


def find_member(said: str | None, organisation: Organisation) -> str | None:
    """The person of the organisation whom an address, an id or a name means, if just one."""
    if not said:
        return None
    person = organisation.by_address.get(said.strip().lower()) or organisation.person.get(said)
    if person is not None:
        return person.id
    wanted = _folded(said)
    found = [
        one.id
        for one in organisation.people
        if wanted in (_folded(one.name.ja), _folded(one.name.en))
    ]
    return found[0] if len(found) == 1 else None


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()
