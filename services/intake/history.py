"""What has happened to an issue, line by line, for whoever reads it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, assert_never

from services.intake.names import Names, decline_reason_text, waiting_text
from services.intake.store import Happening
from services.intake.undone import taken_back
from shared.contracts.intake import IssueImported
from shared.contracts.issue import (
    AssignedBecause,
    Attachment,
    DeclineReason,
    Standing,
    Step,
    UndoneBecause,
    WaitingFor,
)
from shared.contracts.organisation import Organisation
from shared.contracts.router import (
    ActionRefused,
    EscalatedBecause,
    IssueAcknowledged,
    IssueAssigned,
    IssueClosed,
    IssueCommented,
    IssueCorrected,
    IssueDeclined,
    IssueEscalated,
    IssueHelped,
    IssueLapsed,
    IssueLinked,
    IssueMerged,
    IssuePostponed,
    IssuePromised,
    IssueRecorded,
    IssueReminded,
    IssueReopened,
    IssueResolved,
    IssueResponded,
    IssueResumed,
    IssueSeparated,
    IssueSnoozed,
    IssueUndone,
    IssueWaiting,
    ResumedBecause,
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
class Reader:
    """Who reads: how much they may see, in which language and zone."""

    eyes: Eyes
    words: Words
    organisation: Organisation
    person_id: str
    now: datetime
    reporter_id: str = ""
    """Who brought it in: whoever reads outside reads it in their place."""

    @property
    def inside(self) -> bool:
        return self.eyes is Eyes.INSIDE

    @property
    def names(self) -> Names:
        return Names(self.organisation, self.words)

    def time(self, instant: datetime | str) -> str:
        """A day and time where they are."""
        at = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        zone = self.organisation.calendar_of(self.person_id).zone
        return self.words.time(at, zone, self.now)


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
    reference: str | None = None
    """Of the other issue that it speaks of; for eyes inside only."""


def files_of(said: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The files that came with what was said."""
    return tuple(Attachment.model_validate(one) for one in said.get("attachments") or ())


def entries(history: Sequence[Happening], reader: Reader) -> list[Entry]:
    """The lines that these eyes may read, in order."""
    void = taken_back(history)
    lines = ((_entry(one, reader), one.cause_id in void) for one in history)
    return [_marked(line, reader, undone=undone) for line, undone in lines if line is not None]


def _marked(line: Entry, reader: Reader, *, undone: bool) -> Entry:
    """What was taken back stays in the history, and says so."""
    _ = reader.words
    return replace(line, text=line.text + _.aside(_("taken back"))) if undone else line


Told = Callable[[Happening, Reader, Words], str | None]


def _entry(happening: Happening, reader: Reader) -> Entry | None:
    tell = _TOLD.get(happening.subject)
    text = tell(happening, reader, reader.words) if tell else None
    if text is None:
        return None
    said, inside = happening.said, reader.inside
    may_see_raw = reader.person_id in (happening.actor_id, reader.organisation.leader)
    may_read = is_for(happening, reader)
    return Entry(
        happening.occurred_at,
        happening.subject.split(".")[1],
        text,
        (said.get("text") or None) if may_read else None,
        files_of(said) if may_read else (),
        said.get("text_sha256") if inside else None,
        said.get("html_sha256") if inside else None,
        said.get("raw_sha256") if inside and may_see_raw else None,
        happening.actor_id if inside else None,
        _reference(said) if inside else None,
    )


def is_for(happening: Happening, reader: Reader) -> bool:
    """Whether its words are for these eyes: outside for whoever wrote them, was answered by them or
    is asked by them. What was written to another customer, or among colleagues, stays inside."""
    said = happening.said
    if reader.inside:
        return True
    match happening.subject:
        case IssueResponded.subject if said.get("elsewhere"):
            return bool(said.get("said_by_id") == reader.reporter_id)
        case IssueResponded.subject | IssueResolved.subject:
            return not said.get("shared_from")
        case IssueWaiting.subject:
            asks_customer = said.get("waiting_for") == WaitingFor.CUSTOMER
            return asks_customer or said.get("carrier_id") == reader.reporter_id
        case _:
            return happening.actor_id == reader.reporter_id


def _reference(said: Mapping[str, Any]) -> str | None:
    found = (said.get(f"{name}_reference") for name in ("into", "parent", "from"))
    return next((one for one in found if one), None)


def _assigned(happening: Happening, reader: Reader, _: Words) -> str | None:
    because = AssignedBecause(happening.said["because"])
    if not reader.inside:
        new = because in _FIRST
        return _("It has been given to the right place.") if new else None
    name = reader.names.name(happening.said["owner_id"])
    who = _.member(name, reader.names.team(happening.said.get("team_id")))
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
        case AssignedBecause.TAKEN:
            return _("Taken over by %(who)s.", who=who)
        case AssignedBecause.RETURNED:
            return _("Back with %(who)s, who is here again.", who=who)
        case AssignedBecause.DRAINED:
            return _("Given to %(who)s, who has time for it now.", who=who)
        case AssignedBecause.TRIAGE:
            return _("Given to %(who)s to sort: nobody could tell where it belongs.", who=who)
        case _ as never:
            assert_never(never)


_FIRST = (AssignedBecause.NEW, AssignedBecause.UNROUTABLE, AssignedBecause.TRIAGE)


def _acknowledged(happening: Happening, reader: Reader, _: Words) -> str:
    if not reader.inside:
        return _("It is being worked on.")
    return _("%(name)s has taken it.", name=reader.names.person(happening.actor_id))


def _declined(happening: Happening, reader: Reader, _: Words) -> str | None:
    if not reader.inside:
        return None
    return _(
        "%(name)s: not mine (%(reason)s); proposes %(proposed)s.",
        name=reader.names.person(happening.actor_id),
        reason=decline_reason_text(DeclineReason(happening.said["reason"]), _),
        proposed=reader.names.anybody(happening.said["proposed"]),
    )


def _responded(happening: Happening, reader: Reader, _: Words) -> str | None:
    if happening.said.get("shared_from") and not reader.inside:
        return None
    if happening.said.get("elsewhere"):
        name = reader.names.person(happening.actor_id)
        return _("%(name)s answered by telephone or in person.", name=name)
    return _("%(name)s answered:", name=reader.names.person(happening.actor_id))


def _commented(happening: Happening, reader: Reader, _: Words) -> str | None:
    if not is_for(happening, reader):
        return None
    if happening.said["voice"] == Voice.CARRIER:
        return _("%(name)s said more:", name=reader.names.person(happening.actor_id))
    if not reader.inside:
        return None
    if happening.said["standing"] in (Standing.THREADED, Standing.DOUBTED):
        return _(
            "A mail in the name of %(name)s; nothing proves who wrote it:",
            name=reader.names.person(happening.actor_id),
        )
    return _("%(name)s wrote:", name=reader.names.person(happening.actor_id))


def _corrected(happening: Happening, reader: Reader, _: Words) -> str:
    return _("%(name)s corrected what was said.", name=reader.names.person(happening.actor_id))


def _imported(happening: Happening, reader: Reader, _: Words) -> str | None:
    """Which of an old system's words were meant for colleagues alone is not known any more."""
    if not reader.inside:
        return None
    return _("%(name)s wrote:", name=reader.names.person(happening.actor_id))


def _recorded(happening: Happening, reader: Reader, _: Words) -> str:
    return _("Brought over from the system used before.")


def _reminded(happening: Happening, reader: Reader, _: Words) -> str | None:
    if happening.said["step"] == Step.CONFIRM:
        return _("Banso asked whether it is solved.")
    if not reader.inside:
        return _("Banso asked again for you.")
    name = reader.names.person(happening.said["person_id"])
    if happening.said.get("before"):
        return _("Banso reminded %(name)s beforehand.", name=name)
    return _("Banso asked %(name)s again.", name=name)


def _escalated(happening: Happening, reader: Reader, _: Words) -> str:
    if not reader.inside:
        return _("Banso asked further up for you.")
    name = reader.names.person(happening.said["person_id"])
    if happening.said.get("because") == EscalatedBecause.REOPENED:
        return _("Banso told %(name)s that it was reopened again.", name=name)
    return _("Banso told %(name)s that it is late.", name=name)


def _resolved(happening: Happening, reader: Reader, _: Words) -> str:
    if not reader.inside:
        return _("It is said to be solved.")
    return _(
        "%(name)s says that it is solved (%(cause)s).",
        name=reader.names.person(happening.actor_id),
        cause=reader.names.cause(happening.said.get("cause")),
    )


def _closed(happening: Happening, reader: Reader, _: Words) -> str:
    if happening.said.get("withdrawn"):
        return _("Withdrawn: it is needed no more.")
    if happening.said["confirmed"]:
        return _("Confirmed as solved, and closed.")
    return _("Closed, since nobody objected. It can be reopened.")


def _reopened(happening: Happening, reader: Reader, _: Words) -> str:
    return _("Reopened: it is not solved.")


def _helped(happening: Happening, reader: Reader, _: Words) -> str | None:
    if not reader.inside:
        return None
    return _(
        "%(name)s asked %(helper)s for help.",
        name=reader.names.person(happening.actor_id),
        helper=reader.names.person(happening.said["helper_id"]),
    )


def _snoozed(happening: Happening, reader: Reader, _: Words) -> str:
    until = happening.said.get("until")
    time = reader.time(until) if until else ""
    if not reader.inside:
        return _("It is put off until %(time)s.", time=time)
    name = reader.names.person(happening.actor_id)
    return _("%(name)s put it off until %(time)s:", name=name, time=time)


def _waiting(happening: Happening, reader: Reader, _: Words) -> str:
    waiting_for = WaitingFor(happening.said.get("waiting_for") or WaitingFor.CARRIER)
    if not is_for(happening, reader):
        return _("It waits for an answer from a colleague.")
    if not reader.inside:
        return _("It waits for an answer to this:")
    return _(
        "%(name)s asks, and the clock stands still until %(whom)s answers:",
        name=reader.names.person(happening.actor_id),
        whom=waiting_text(waiting_for, _),
    )


def _resumed(happening: Happening, reader: Reader, _: Words) -> str:
    match ResumedBecause(happening.said["because"]):
        case ResumedBecause.ANSWERED:
            return _("There is an answer, so it goes on.")
        case ResumedBecause.ASKED if reader.inside:
            return _("%(name)s lets it go on.", name=reader.names.person(happening.actor_id))
        case ResumedBecause.ASKED:
            return _("It goes on.")
        case ResumedBecause.UNANSWERED:
            return _("Nobody answered, so it goes on without an answer.")
        case ResumedBecause.OVER:
            return _("The time for which it was put off is over.")
        case _ as never:
            assert_never(never)


def _promised(happening: Happening, reader: Reader, _: Words) -> str:
    said = happening.said
    time = reader.time(said["promised_at"]) if said.get("promised_at") else ""
    name = reader.names.person(happening.actor_id)
    if said.get("previously_at"):
        before = reader.time(said["previously_at"])
        return _(
            "%(name)s says that it will be solved by %(time)s; before it was %(before)s.",
            name=name,
            time=time,
            before=before,
        )
    return _("%(name)s says that it will be solved by %(time)s.", name=name, time=time)


def _lapsed(happening: Happening, reader: Reader, _: Words) -> str | None:
    if not reader.inside:
        return None
    return _("Nothing has happened for a while, so it counts as not taken.")


def _postponed(happening: Happening, reader: Reader, _: Words) -> str | None:
    if not reader.inside:
        return None
    return _("The next step is due at another time: chasing rested, or working hours changed.")


def _merged(happening: Happening, reader: Reader, _: Words) -> str:
    if not reader.inside:
        return _("It is the same as another issue and goes on there. You hear what comes of it.")
    return _(
        "%(name)s says that it is the same as %(reference)s. It goes on there.",
        name=reader.names.person(happening.actor_id),
        reference=happening.said["into_reference"],
    )


def _linked(happening: Happening, reader: Reader, _: Words) -> str:
    if not reader.inside:
        return _("It is part of a problem that is solved for several at once.")
    return _(
        "%(name)s says that it is part of the problem %(reference)s, solved once for all.",
        name=reader.names.person(happening.actor_id),
        reference=happening.said["parent_reference"],
    )


def _separated(happening: Happening, reader: Reader, _: Words) -> str:
    if not reader.inside:
        return _("It stands for itself again.")
    return _(
        "%(name)s separated it from %(reference)s. It stands for itself again.",
        name=reader.names.person(happening.actor_id),
        reference=happening.said["from_reference"],
    )


def _undone(happening: Happening, reader: Reader, _: Words) -> str:
    because = UndoneBecause(happening.said["because"])
    if not reader.inside:
        return _("What was done before was a mistake, and is taken back.")
    name = reader.names.person(happening.said["of_id"])
    match because:
        case UndoneBecause.ASKED:
            return _("%(name)s took back what they had done.", name=name)
        case UndoneBecause.CONTRADICTED | UndoneBecause.DECOY:
            return _("A program had pressed the buttons of %(name)s. It is taken back.", name=name)
        case _ as never:
            assert_never(never)


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
    IssueHelped.subject: _helped,
    IssueSnoozed.subject: _snoozed,
    IssueWaiting.subject: _waiting,
    IssueResumed.subject: _resumed,
    IssuePromised.subject: _promised,
    IssueLapsed.subject: _lapsed,
    IssuePostponed.subject: _postponed,
    IssueMerged.subject: _merged,
    IssueLinked.subject: _linked,
    IssueSeparated.subject: _separated,
    IssueUndone.subject: _undone,
}
"""Every event that the history shows; a refused request is shown to whoever asked, only then."""

assert ActionRefused.subject not in _TOLD
