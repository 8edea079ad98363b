"""An issue as somebody may see it, in their language. Pure: rows in, words out.

People of the organisation see who has it and had it, and why. Somebody outside (a customer, or
whoever sent the public form, since anybody can write any address there) sees state, next step,
answers and a contact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

from services.intake.history import Entry, Eyes, Reader, entries, files_of, is_for
from services.intake.names import Names, Owner, state_text
from services.intake.reasons import Why, explain
from services.intake.stations import Station, stations, under_way
from services.intake.store import Happening, View
from services.intake.undone import Undoable, standing, undoable
from shared.contracts.issue import (
    AssignedBecause,
    Attachment,
    Reasons,
    Refusal,
    Snapshot,
    State,
    Step,
    WaitingFor,
)
from shared.contracts.organisation import Organisation
from shared.contracts.router import IssueEscalated, IssueReminded, IssueWaiting
from shared.language import Words


@dataclass(frozen=True, slots=True)
class Relative:
    """Another issue that this one belongs together with, for whoever may see it."""

    issue_id: str
    reference: str
    summary: str
    state: State
    state_text: str
    owner: str


@dataclass(frozen=True, slots=True)
class Brought:
    """What was said beside summary and description when it was brought in."""

    answers: tuple[tuple[str, str], ...] = ()
    """Question and answer of the form's own fields, in the reader's language."""
    customer: str | None = None
    needed_by: datetime | None = None
    files: tuple[Attachment, ...] = ()
    text_sha256: str | None = None
    """All of the description, where it is more than is shown."""
    html_sha256: str | None = None
    """The mail as it looked, made safe; for eyes inside only."""
    raw_sha256: str | None = None
    """The whole mail that it came by; for eyes inside only."""
    followers: tuple[str, ...] = ()
    """Names of the people on copy; for eyes inside only."""


@dataclass(frozen=True, slots=True)
class Family:
    """The issues that one belongs together with; empty for eyes outside."""

    main: Relative | None = None
    """What it is the same as."""
    problem: Relative | None = None
    """What it is part of."""
    same: tuple[Relative, ...] = ()
    """What was found to be the same as this one."""
    parts: tuple[Relative, ...] = ()
    """What is part of this problem."""

    @property
    def all(self) -> tuple[Relative, ...]:
        above = tuple(one for one in (self.main, self.problem) if one is not None)
        return (*above, *self.same, *self.parts)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a page or an answer of the API shows."""

    issue_id: str
    reference: str
    state: State
    state_text: str
    summary: str
    description: str
    raised_at: datetime
    owner: Owner | None
    next_step: Step | None
    next_step_text: str
    next_step_at: datetime | None
    reminders: int
    is_yours: bool
    """Whether they carry it."""
    history: tuple[Entry, ...]
    why: Why
    """Why this owner; empty for eyes outside."""
    snapshot: Snapshot | None
    family: Family = Family()
    asked: str = ""
    """What carrier or customer are asked, while the issue waits for that."""
    helpers: tuple[str, ...] = ()
    """Names of the colleagues who help; for eyes inside only."""
    stations: tuple[Station, ...] = ()
    """For eyes inside only."""
    under_way: timedelta = timedelta()
    """Working time since the carrier's first word, until it was solved."""
    brought: Brought = Brought()
    confidential: bool = False
    undoable: Undoable | None = None
    """What the reader has just done and can take back."""

    @property
    def files(self) -> dict[str, Attachment]:
        """Every file that may be fetched here, by its SHA-256."""
        said = [self.brought.files, *(line.files for line in self.history)]
        return {file.sha256: file for files in said for file in files}

    @property
    def chased(self) -> tuple[Entry, ...]:
        """Each time that Banso asked or told somebody."""
        return tuple(line for line in self.history if line.event in _CHASING)

    @property
    def raw_mails(self) -> frozenset[str]:
        """Every whole mail that may be fetched here, by its SHA-256."""
        return frozenset(one.raw_sha256 for one in self._said if one.raw_sha256)

    @property
    def texts(self) -> frozenset[str]:
        """Every whole text that may be fetched here, by its SHA-256."""
        return frozenset(one.text_sha256 for one in self._said if one.text_sha256)

    @property
    def looks(self) -> frozenset[str]:
        """Every mail that may be seen here as it looked, by its SHA-256."""
        return frozenset(one.html_sha256 for one in self._said if one.html_sha256)

    @property
    def _said(self) -> tuple[Brought | Entry, ...]:
        return (self.brought, *self.history)


def see(
    view: View,
    history: Sequence[Happening],
    organisation: Organisation,
    eyes: Eyes,
    _: Words,
    decide_by: datetime,
    *,
    now: datetime,
    person_id: str = "",
    relatives: Sequence[View] = (),
) -> Seen:
    """The issue for these eyes. `decide_by`: when an undecided one has an owner at the latest.

    `person_id`: whose eyes; whoever carries the issue, and whoever we can't name, is "you".
    `relatives`: the issues that it belongs together with.
    """
    snapshot = Snapshot.model_validate_json(view.snapshot) if view.snapshot else None
    stands = standing(history)
    names = Names(organisation, _)
    owner = names.owner(snapshot) if snapshot else None
    step = snapshot.next_step if snapshot else Step.ASSIGN
    inside = eyes is Eyes.INSIDE
    carriers = {"", view.reporter_id, snapshot.carrier_id if snapshot else ""}
    is_yours = person_id in carriers
    reader = Reader(eyes, _, organisation, person_id, now, view.reporter_id)
    received = Entry(view.raised_at, "received", _("Received."))
    return Seen(
        issue_id=view.issue_id,
        reference=view.reference,
        state=view.state,
        state_text=state_text(view.state, _),
        summary=view.summary,
        description=view.description,
        raised_at=view.raised_at,
        owner=owner,
        next_step=step,
        next_step_text=next_step_text(
            step,
            owner,
            _,
            is_yours=is_yours,
            waiting_for=snapshot.waiting_for if snapshot else None,
            is_customer=is_yours and view.reporter_id not in organisation.person,
        ),
        next_step_at=snapshot.next_step_at if snapshot else decide_by,
        reminders=snapshot.reminders if snapshot else 0,
        is_yours=is_yours,
        history=(received, *entries(history, reader)),
        why=_why(view, snapshot, reader) if inside else Why(),
        snapshot=snapshot,
        family=_family(view, relatives, reader) if inside else Family(),
        asked=_asked(snapshot, stands, reader),
        helpers=(
            tuple(names.name(one) for one in snapshot.helper_ids) if snapshot and inside else ()
        ),
        undoable=undoable(history, person_id, now) if person_id else None,
        stations=stations(stands, organisation, now) if inside else (),
        under_way=(
            under_way(
                snapshot.raised_at,
                snapshot.resolved_at or snapshot.closed_at,
                snapshot.owner_id,
                organisation,
                now,
            )
            if snapshot
            else timedelta()
        ),
        brought=_brought(view.brought, snapshot, organisation, names, inside=inside),
        confidential=view.confidential,
    )


def may_see(view: View, person_id: str, organisation: Organisation) -> bool:
    """Whether an issue concerns somebody: a confidential one only whom it was told to."""
    if not view.confidential:
        return True
    said = view.brought
    concerned = {view.reporter_id, said.get("on_behalf_of_id"), organisation.leader}
    concerned.update(said.get("follower_ids", ()))
    if view.snapshot:
        snapshot = Snapshot.model_validate_json(view.snapshot)
        concerned |= {snapshot.carrier_id, snapshot.owner_id, *snapshot.follower_ids}
        concerned.update(snapshot.helper_ids)
    return person_id == "" or person_id in concerned


def _why(view: View, snapshot: Snapshot | None, reader: Reader) -> Why:
    if snapshot is None or not view.reasons:
        return Why()
    return explain(
        AssignedBecause(view.because) if view.because else AssignedBecause.NEW,
        Reasons.model_validate_json(view.reasons),
        reader.names.owner(snapshot),
        reader.organisation,
        reader.words,
        category=snapshot.category,
        reader_id=reader.person_id,
    )


def _asked(snapshot: Snapshot | None, history: Sequence[Happening], reader: Reader) -> str:
    """The words of the wait that lasts, where they are for these eyes."""
    if snapshot is None or snapshot.waiting_for is None:
        return ""
    asked = [one for one in history if one.subject == IssueWaiting.subject]
    return (asked[-1].said.get("text") or "") if asked and is_for(asked[-1], reader) else ""


def _family(view: View, relatives: Sequence[View], reader: Reader) -> Family:
    visible = [one for one in relatives if may_see(one, reader.person_id, reader.organisation)]
    known = {one.issue_id: relative(one, reader.names, reader.words) for one in visible}

    def below(of: str) -> tuple[Relative, ...]:
        return tuple(known[one.issue_id] for one in visible if getattr(one, of) == view.issue_id)

    return Family(
        known.get(view.merged_into or ""),
        known.get(view.parent_id or ""),
        below("merged_into"),
        below("parent_id"),
    )


def relative(view: View, names: Names, _: Words) -> Relative:
    """Another issue, in a line."""
    owner = names.name(view.owner_id) if view.owner_id else ""
    state = state_text(view.state, _)
    return Relative(view.issue_id, view.reference, view.summary, view.state, state, owner)


_CHASING = (IssueReminded.subject.split(".")[1], IssueEscalated.subject.split(".")[1])


def _brought(
    said: Mapping[str, Any],
    snapshot: Snapshot | None,
    organisation: Organisation,
    names: Names,
    *,
    inside: bool,
) -> Brought:
    needed_by = snapshot.needed_by if snapshot else None
    if needed_by is None and said.get("needed_by"):
        needed_by = datetime.fromisoformat(said["needed_by"])
    followers = snapshot.follower_ids if snapshot else said.get("follower_ids", ())
    return Brought(
        answers=tuple(
            (field.label.in_(names.language), names.answer(field, answer))
            for field_id, answer in said.get("fields", {}).items()
            if (field := organisation.field.get(field_id)) is not None
        ),
        customer=said.get("customer"),
        needed_by=needed_by,
        files=files_of(said),
        text_sha256=said.get("description_sha256"),
        html_sha256=said.get("html_sha256") if inside else None,
        raw_sha256=said.get("raw_sha256") if inside else None,
        followers=tuple(names.name(one) for one in followers) if inside else (),
    )


def next_step_text(
    step: Step | None,
    owner: Owner | None,
    _: Words,
    *,
    is_yours: bool = True,
    waiting_for: WaitingFor | None = None,
    is_customer: bool = False,
) -> str:
    """What happens next, as a sentence that a date follows, for whoever carries it or not.

    `is_customer`: for somebody outside who wrote, and whom somebody else carries it for.
    """
    name = _.polite(owner.name) if owner else ""
    match step:
        case None:
            return _("Nothing more is due.")
        case Step.ASSIGN:
            return _("Banso finds the right person")
        case Step.ACKNOWLEDGE:
            return _("%(name)s says whether they take it", name=name)
        case Step.ANSWER:
            return _("An answer from %(name)s", name=name)
        case Step.RESOLVE:
            return _("%(name)s solves it", name=name)
        case Step.CONFIRM if is_yours:
            return _("You say whether it is solved; without a word from you it closes")
        case Step.CONFIRM:
            return _("Whoever brought it in says whether it is solved; without a word it closes")
        case Step.WAIT if is_customer and waiting_for is WaitingFor.CARRIER:
            return _("A colleague answers a question about it; until then the clock stands still")
        case Step.WAIT if waiting_for is WaitingFor.CUSTOMER and not is_customer:
            return _("The customer answers what they were asked; until then the clock stands still")
        case Step.WAIT if is_yours:
            return _("You answer what you were asked; until then the clock stands still")
        case Step.WAIT:
            return _("Whoever brought it in answers; until then the clock stands still")
        case _ as never:
            assert_never(never)


def refusal_text(refusal: Refusal, owner: Owner | None, _: Words) -> str:
    """Why it was not done, and what to do instead."""
    name = _.polite(owner.name) if owner else ""
    match refusal:
        case Refusal.OVERTAKEN:
            return _(
                "This link belongs to an earlier state of the issue. It is with %(name)s now;"
                " nothing is left to do for you here.",
                name=name,
            )
        case Refusal.NOT_YOURS:
            return _("Only somebody else may do this. The issue is with %(name)s.", name=name)
        case Refusal.NOT_NOW:
            return _("The issue has moved on, so this is no longer possible. See how it stands.")
        case Refusal.NO_SUCH_OWNER:
            return _("There is no such person or team. Choose one from the list.")
        case Refusal.BACK_TO_CARRIER:
            return _(
                "It must not fall back on the person who brought it in."
                " Choose somebody else, or a team."
            )
        case Refusal.ALREADY_DECLINED:
            return _("This person has said no already, or is you. Choose somebody else, or a team.")
        case Refusal.BAD_DATE:
            return _("This date is past, or too far away. Choose another one.")
        case Refusal.NO_SUCH_ISSUE:
            return _("There is no such issue that it could belong to. Check the reference.")
        case Refusal.INCOMPLETE:
            return _("Something is missing. Fill in all the fields and send it again.")
        case Refusal.ONE_CLICK:
            return _("A mail is not enough for this. One click on the button does it.")
        case Refusal.FAILED:
            return _(
                "Banso could not do this. Those who run it have been told; please try again later."
            )
        case Refusal.TOO_LATE:
            return _(
                "Something has happened since, or too much time has passed, so it can't be taken"
                " back any more. See how it stands."
            )
        case Refusal.CONTRADICTED:
            return _(
                "Opposite things were asked for within seconds, as machines do. Nothing was done."
                " Please wait ten seconds and press the one button that you mean."
            )
        case _ as never:
            assert_never(never)
