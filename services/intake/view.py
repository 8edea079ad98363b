"""An issue as somebody may see it, in their language. Pure: rows in, words out.

People of the organisation see who has it and had it, and why. Somebody outside (a customer, or
whoever sent the public form, since anybody can write any address there) sees state, next step,
answers and a contact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, assert_never

from services.intake.store import Happening, View
from shared.contracts.intake import IssueImported
from shared.contracts.issue import (
    AssignedBecause,
    Attachment,
    DeclineReason,
    NotChosen,
    Reasons,
    Refusal,
    Snapshot,
    Standing,
    State,
    Step,
)
from shared.contracts.organisation import FormField, Language, Organisation
from shared.contracts.router import (
    ActionRefused,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueDeclined,
    IssueEscalated,
    IssueRecorded,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    Voice,
)
from shared.language import Words


class Eyes(Enum):
    """Whose eyes a page is for."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    NOBODY = "nobody"
    """Somebody whom a confidential issue does not concern."""


@dataclass(frozen=True, slots=True)
class Owner:
    id: str
    name: str
    team: str | None
    """The team's id."""
    team_name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history."""

    at: datetime
    event: str
    text: str
    words: str | None = None
    """What a person wrote."""
    files: tuple[Attachment, ...] = ()
    text_sha256: str | None = None
    """All of the text, quotes and all, where it is more than `words`; for eyes inside only."""
    html_sha256: str | None = None
    """The mail as it looked, made safe; for eyes inside only."""
    raw_sha256: str | None = None
    """The whole mail that it came by; for its writer and the leader only, because it quotes the
    links that its writer was sent."""
    person_id: str | None = None
    """Who did it; for eyes inside only."""


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
    why: str
    """Why this owner, in a sentence; empty for eyes outside."""
    why_not: tuple[str, ...]
    snapshot: Snapshot | None
    brought: Brought = Brought()
    confidential: bool = False

    @property
    def files(self) -> dict[str, Attachment]:
        """Every file that may be fetched here, by its SHA-256."""
        said = [self.brought.files, *(line.files for line in self.history)]
        return {file.sha256: file for files in said for file in files}

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
    person_id: str = "",
) -> Seen:
    """The issue for these eyes. `decide_by`: when an undecided one has an owner at the latest.

    `person_id`: whose eyes; whoever carries the issue, and whoever we can't name, is "you".
    """
    snapshot = Snapshot.model_validate_json(view.snapshot) if view.snapshot else None
    names = Names(organisation, _)
    owner = names.owner(snapshot) if snapshot else None
    step = snapshot.next_step if snapshot else Step.ASSIGN
    inside = eyes is Eyes.INSIDE
    carriers = {"", view.reporter_id, snapshot.carrier_id if snapshot else ""}
    is_yours = person_id in carriers
    reasons = Reasons.model_validate_json(view.reasons) if view.reasons and inside else None
    received = Entry(view.raised_at, "received", _("Received."))
    lines = (
        _entry(one, names, eyes, _, may_see_raw=person_id in (one.actor_id, organisation.leader))
        for one in history
    )
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
        next_step_text=next_step_text(step, owner, _, is_yours=is_yours),
        next_step_at=snapshot.next_step_at if snapshot else decide_by,
        reminders=snapshot.reminders if snapshot else 0,
        is_yours=is_yours,
        history=(received, *(line for line in lines if line is not None)),
        why=why(view.because, reasons, owner, _) if reasons and owner else "",
        why_not=why_not(reasons, names, _) if reasons else (),
        snapshot=snapshot,
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
    return person_id == "" or person_id in concerned


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
        files=_files(said),
        text_sha256=said.get("description_sha256"),
        html_sha256=said.get("html_sha256") if inside else None,
        raw_sha256=said.get("raw_sha256") if inside else None,
        followers=tuple(names.name(one) for one in followers) if inside else (),
    )


def _files(said: Mapping[str, Any]) -> tuple[Attachment, ...]:
    return tuple(Attachment.model_validate(one) for one in said.get("attachments") or ())


class Names:
    """Ids in words."""

    def __init__(self, organisation: Organisation, words: Words) -> None:
        self._organisation = organisation
        self._words = words

    @property
    def language(self) -> Language:
        return self._words.language

    def answer(self, field: FormField, answer: str) -> str:
        """An answer in the form's own field, as people read it."""
        chosen = (one.name.in_(self.language) for one in field.choices if one.id == answer)
        return next(chosen, answer)

    def name(self, person_id: str | None) -> str:
        """A person's name by itself."""
        person = self._organisation.person.get(person_id or "")
        if person is not None:
            return person.name.in_(self._words.language)
        _ = self._words
        return _("Somebody outside") if person_id else "Banso"

    def person(self, person_id: str | None) -> str:
        """A person's name as it stands in a sentence."""
        known = person_id in self._organisation.person
        return self._words.polite(self.name(person_id)) if known else self.name(person_id)

    def team(self, team_id: str | None) -> str:
        team = self._organisation.team.get(team_id or "")
        return team.name.in_(self._words.language) if team else ""

    def cause(self, cause_id: str | None) -> str:
        cause = self._organisation.cause.get(cause_id or "")
        return cause.name.in_(self._words.language) if cause else (cause_id or "")

    def anybody(self, some_id: str) -> str:
        """A person or a team."""
        return self.team(some_id) or self.person(some_id)

    def owner(self, snapshot: Snapshot) -> Owner:
        person = self._organisation.person.get(snapshot.owner_id)
        team_id = snapshot.team_id or (person.team if person else None)
        name = self.name(snapshot.owner_id)
        return Owner(snapshot.owner_id, name, team_id, self.team(team_id))


def state_text(state: State, _: Words) -> str:
    """The state in a word."""
    match state:
        case State.RECEIVED:
            return _("Received")
        case State.ASSIGNED:
            return _("Has an owner")
        case State.ACKNOWLEDGED:
            return _("Being worked on")
        case State.RESOLVED:
            return _("Solved, to be confirmed")
        case State.CLOSED:
            return _("Closed")
        case _ as never:
            assert_never(never)


def next_step_text(
    step: Step | None, owner: Owner | None, _: Words, *, is_yours: bool = True
) -> str:
    """What happens next, as a sentence that a date follows, for whoever carries it or not."""
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
        case _ as never:
            assert_never(never)


def why(because: str | None, reasons: Reasons, owner: Owner, _: Words) -> str:
    """Why this owner, in one sentence."""
    name = _.polite(owner.name)
    match AssignedBecause(because) if because else AssignedBecause.NEW:
        case AssignedBecause.UNROUTABLE:
            return _("Banso could not decide, so %(name)s has it as the leader.", name=name)
        case AssignedBecause.LEADER:
            return _("It had to move up, so %(name)s decides as the leader.", name=name)
        case AssignedBecause.HANDED_OVER:
            return _("It was handed over to %(name)s.", name=name)
        case AssignedBecause.DECLINED:
            return _("The owner before said that it belongs to %(name)s.", name=name)
        case AssignedBecause.REOPENED:
            return _("%(name)s had it before it was reopened.", name=name)
        case AssignedBecause.NEW | AssignedBecause.ABSENCE | AssignedBecause.LEFT:
            pass
    if reasons.over_capacity:
        return _(
            "Nobody in %(team)s can take more now, so %(name)s has it until somebody is free.",
            team=owner.team_name,
            name=name,
        )
    if reasons.expected_hours is None:
        return _("%(name)s looks after this.", name=name)
    if reasons.answered_before:
        return _("%(name)s has answered you before and has time for it.", name=name)
    return _(
        "Of those in %(team)s who can do it, %(name)s would be through with it first"
        " (about %(hours)s working hours).",
        team=owner.team_name,
        name=name,
        hours=round(reasons.expected_hours),
    )


def why_not(reasons: Reasons, names: Names, _: Words) -> tuple[str, ...]:
    """Why not each of the others."""
    said: list[str] = []
    for other in reasons.others:
        name = names.person(other.person_id)
        match other.reason:
            case NotChosen.LATER:
                hours = round(other.expected_hours or 0)
                said.append(_("%(name)s: about %(hours)s working hours", name=name, hours=hours))
            case NotChosen.CARRIER:
                said.append(_("%(name)s: brought it in", name=name))
            case NotChosen.DECLINED:
                said.append(_("%(name)s: said that it is not theirs", name=name))
            case NotChosen.AWAY:
                said.append(_("%(name)s: not here within a working day", name=name))
            case NotChosen.OVERLOADED:
                said.append(_("%(name)s: has too much in hand already", name=name))
            case NotChosen.UNSKILLED:
                said.append(_("%(name)s: does not know this field", name=name))
            case _ as never:
                assert_never(never)
    return tuple(said)


def decline_reason_text(reason: DeclineReason, _: Words) -> str:
    match reason:
        case DeclineReason.NOT_MY_AREA:
            return _("not my area")
        case DeclineReason.NO_TIME:
            return _("no time for it")
        case DeclineReason.LACKS_SKILL:
            return _("I lack the knowledge")
        case DeclineReason.AWAY:
            return _("I am away")
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
        case Refusal.INCOMPLETE:
            return _("Something is missing. Fill in all the fields and send it again.")
        case Refusal.ONE_CLICK:
            return _("A mail is not enough for this. One click on the button does it.")
        case Refusal.FAILED:
            return _(
                "Banso could not do this. Those who run it have been told; please try again later."
            )
        case _ as never:
            assert_never(never)


Told = Callable[[Happening, Names, bool, Words], str | None]


def _entry(
    happening: Happening, names: Names, eyes: Eyes, _: Words, *, may_see_raw: bool
) -> Entry | None:
    inside = eyes is Eyes.INSIDE
    tell = _TOLD.get(happening.subject)
    text = tell(happening, names, inside, _) if tell else None
    if text is None:
        return None
    said = happening.said
    return Entry(
        happening.occurred_at,
        happening.subject.split(".")[1],
        text,
        said.get("text") or None,
        _files(said),
        said.get("text_sha256") if inside else None,
        said.get("html_sha256") if inside else None,
        said.get("raw_sha256") if inside and may_see_raw else None,
        happening.actor_id if inside else None,
    )


def _assigned(happening: Happening, names: Names, inside: bool, _: Words) -> str | None:
    because = AssignedBecause(happening.said["because"])
    if not inside:
        new = because in (AssignedBecause.NEW, AssignedBecause.UNROUTABLE)
        return _("It has been given to the right place.") if new else None
    name = names.name(happening.said["owner_id"])
    who = _.member(name, names.team(happening.said.get("team_id")))
    match because:
        case AssignedBecause.NEW:
            return _("Given to %(who)s.", who=who)
        case AssignedBecause.HANDED_OVER | AssignedBecause.DECLINED:
            return _("Passed on to %(who)s.", who=who)
        case AssignedBecause.ABSENCE | AssignedBecause.LEFT:
            return _("Given to %(who)s, since the owner before is not there.", who=who)
        case AssignedBecause.LEADER:
            return _("%(who)s decides now.", who=who)
        case AssignedBecause.REOPENED:
            return _("Back with %(who)s.", who=who)
        case AssignedBecause.UNROUTABLE:
            return _("Banso could not decide, so %(who)s has it.", who=who)
        case _ as never:
            assert_never(never)


def _acknowledged(happening: Happening, names: Names, inside: bool, _: Words) -> str:
    if not inside:
        return _("It is being worked on.")
    return _("%(name)s has taken it.", name=names.person(happening.actor_id))


def _declined(happening: Happening, names: Names, inside: bool, _: Words) -> str | None:
    if not inside:
        return None
    return _(
        "%(name)s: not mine (%(reason)s); proposes %(proposed)s.",
        name=names.person(happening.actor_id),
        reason=decline_reason_text(DeclineReason(happening.said["reason"]), _),
        proposed=names.anybody(happening.said["proposed"]),
    )


def _responded(happening: Happening, names: Names, inside: bool, _: Words) -> str:
    if happening.said.get("elsewhere"):
        name = names.person(happening.actor_id)
        return _("%(name)s answered by telephone or in person.", name=name)
    return _("%(name)s answered:", name=names.person(happening.actor_id))


def _commented(happening: Happening, names: Names, inside: bool, _: Words) -> str | None:
    if happening.said["voice"] == Voice.CARRIER:
        return _("%(name)s said more:", name=names.person(happening.actor_id))
    if not inside:
        return None
    if happening.said["standing"] in (Standing.THREADED, Standing.DOUBTED):
        return _(
            "A mail in the name of %(name)s; nothing proves who wrote it:",
            name=names.person(happening.actor_id),
        )
    return _("%(name)s wrote:", name=names.person(happening.actor_id))


def _corrected(happening: Happening, names: Names, inside: bool, _: Words) -> str:
    return _("%(name)s corrected what was said.", name=names.person(happening.actor_id))


def _imported(happening: Happening, names: Names, inside: bool, _: Words) -> str | None:
    """Which of an old system's words were meant for colleagues alone is not known any more."""
    if not inside:
        return None
    return _("%(name)s wrote:", name=names.person(happening.actor_id))


def _recorded(happening: Happening, names: Names, inside: bool, _: Words) -> str:
    return _("Brought over from the system used before.")


def _reminded(happening: Happening, names: Names, inside: bool, _: Words) -> str | None:
    if happening.said["step"] == Step.CONFIRM:
        return _("Banso asked whether it is solved.")
    if not inside:
        return _("Banso asked again for you.")
    name = names.person(happening.said["person_id"])
    return _("Banso asked %(name)s again.", name=name)


def _escalated(happening: Happening, names: Names, inside: bool, _: Words) -> str:
    if not inside:
        return _("Banso asked further up for you.")
    name = names.person(happening.said["person_id"])
    return _("Banso told %(name)s that it is late.", name=name)


def _resolved(happening: Happening, names: Names, inside: bool, _: Words) -> str:
    if not inside:
        return _("It is said to be solved.")
    return _(
        "%(name)s says that it is solved (%(cause)s).",
        name=names.person(happening.actor_id),
        cause=names.cause(happening.said.get("cause")),
    )


def _closed(happening: Happening, names: Names, inside: bool, _: Words) -> str:
    if happening.said.get("withdrawn"):
        return _("Withdrawn: it is needed no more.")
    if happening.said["confirmed"]:
        return _("Confirmed as solved, and closed.")
    return _("Closed, since nobody objected. It can be reopened.")


def _reopened(happening: Happening, names: Names, inside: bool, _: Words) -> str:
    return _("Reopened: it is not solved.")


_TOLD: Mapping[str, Told] = {
    IssueAssigned.subject: _assigned,
    IssueAcknowledged.subject: _acknowledged,
    IssueDeclined.subject: _declined,
    IssueResponded.subject: _responded,
    IssueCommented.subject: _commented,
    IssueCorrected.subject: _corrected,
    IssueImported.subject: _imported,
    IssueRecorded.subject: _recorded,
    IssueReminded.subject: _reminded,
    IssueEscalated.subject: _escalated,
    IssueResolved.subject: _resolved,
    IssueClosed.subject: _closed,
    IssueReopened.subject: _reopened,
}
"""Every event that the history shows; a refused request is shown to whoever asked, only then."""

assert ActionRefused.subject not in _TOLD
