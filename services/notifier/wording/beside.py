"""What stands beside the words: facts about the issue, and what becomes of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.notifier.wording.base import OPEN, Say, cut
from shared.contracts.issue import Attachment, Source, State
from shared.contracts.notifier import Reason, Relation
from shared.contracts.router import (
    ActionRefused,
    IssueCommented,
    IssueEscalated,
    IssueResponded,
)

LONGEST_FACT = 300
MOST_FILES_NAMED = 5

_SOLVES = (Relation.OWNER, Relation.LEAD, Relation.LEADER, Relation.HELPER)
_ANSWERABLE = frozenset(
    {
        Reason.RECEIVED,
        Reason.RECEIVED_UNDECIDED,
        Reason.YOURS,
        Reason.NEW_OWNER,
        Reason.TAKEN,
        Reason.ANSWER,
        Reason.REMINDER,
        Reason.SOLVED,
        Reason.REOPENED,
        Reason.COMMENT,
        Reason.LOOK,
        Reason.CORRECTED,
        Reason.ANSWERED_ELSEWHERE,
        Reason.HELP,
        Reason.HELPED,
        Reason.ASKED,
        Reason.RESUMED,
        Reason.PUT_OFF,
        Reason.PROMISED,
        Reason.LAPSED,
        Reason.LINKED,
        Reason.SEPARATED,
    }
)
"""What is told to somebody whose words, sent back as a mail, reach the right person."""


def facts(say: Say, reference: str, summary: str) -> list[tuple[str, str]]:
    """What stands below every message about an issue."""
    _ = say._
    found = [(_("In short"), summary), (_("Reference"), reference)]
    issue = say.issue
    if issue is None:
        return found
    organisation, language = say.organisation, say.to.language
    product = organisation.product.get(issue.product or "")
    category = organisation.category.get(issue.category or "")
    if product:
        found.append((_("Product"), product.name.in_(language)))
    if category:
        found.append((_("About"), category.name.in_(language)))
    found.append((_("Looks after it"), say.owner()))
    if issue.promised_at is not None:
        found.append((_("Promised for"), say.time(issue.promised_at)))
    solves = say.relation in _SOLVES
    if solves:
        found.append((_("Brought in by"), say.person(issue.carrier_id)))
        found += _told(say)
    if files := _files(say, solves=solves):
        found.append((_("Files"), _named(say, files)))
    return [*found, *_how_it_is_treated(say)]


def _how_it_is_treated(say: Say) -> Iterator[tuple[str, str]]:
    _ = say._
    issue, event = say.issue, say.event
    if issue is None:
        return
    if issue.confidential:
        who = _("Only the owner, the leader, whoever brought it in and people on copy may see it.")
        yield _("Confidential"), who
    waits = say.relation in (Relation.CARRIER, Relation.REPORTER) and not say.is_outside
    if issue.reminders and waits:
        text = _.many("once", "%(count)s times", issue.reminders)
        yield _("Chased for you"), text
    speaks = say.to.language == say.organisation.language
    if isinstance(event, IssueEscalated) and event.rung and speaks:
        yield _("Step of the ladder"), event.rung


def _told(say: Say) -> Iterator[tuple[str, str]]:
    """What was said beside the description, for whoever has to solve it."""
    _ = say._
    raised, language = say.raised, say.to.language
    customer = say.customer or (raised.customer if raised else None)
    if customer:
        yield _("Customer"), customer
    if say.issue is not None and say.issue.needed_by is not None:
        yield _("Needed by"), say.time(say.issue.needed_by)
    for field_id, value in raised.fields.items() if raised else ():
        field = say.organisation.field.get(field_id)
        if field is None:
            yield field_id, cut(value, LONGEST_FACT)
            continue
        names = {choice.id: choice.name.in_(language) for choice in field.choices}
        yield field.label.in_(language), cut(names.get(value, value), LONGEST_FACT)


def _files(say: Say, *, solves: bool) -> Sequence[Attachment]:
    """The files that came with these words, or with the issue."""
    if isinstance(say.event, IssueResponded | IssueCommented):
        return say.event.attachments
    return say.raised.attachments if say.raised and solves else ()


def _named(say: Say, files: Sequence[Attachment]) -> str:
    _ = say._
    names = ", ".join(file.filename for file in files[:MOST_FILES_NAMED])
    more = " …" if len(files) > MOST_FILES_NAMED else ""
    count = _.many("1 file", "%(count)s files", len(files))
    return _("%(count)s on the page: %(names)s", count=count, names=names + more)


def reply_lines(say: Say, reason: Reason) -> list[str]:
    """What becomes of an answer to this mail; nothing where nobody should answer it."""
    _ = say._
    event = say.event
    by_mail = isinstance(event, ActionRefused) and event.source is Source.EMAIL
    if say.relation is Relation.FOLLOWER or not (reason in _ANSWERABLE or by_mail):
        return []
    if not (say.is_owner or say.relation is Relation.HELPER):
        lines = [_("You can simply answer this mail: it reaches whoever looks after it.")]
        if _may_confirm(say):
            lines.append(
                _("A first line that says only solved closes it; not solved opens it again.")
            )
        return lines
    lines = [
        _(
            "You can simply answer this mail: your words go to the person who brought it in,"
            " as you write them."
        )
    ]
    signed = say.organisation.mail.separator
    if signed and say.is_owner and say.issue is not None and say.issue.state in OPEN:
        lines.append(
            _(
                "A first line that says only ack takes it; decline says that it is not yours,"
                " and done that it is solved."
            )
        )
    return lines


def _may_confirm(say: Say) -> bool:
    """Whether a first line of theirs says that it is solved, or that it is not."""
    issue, signed = say.issue, bool(say.organisation.mail.separator)
    return (
        signed
        and issue is not None
        and issue.state == State.RESOLVED
        and say.to.person_id in (issue.carrier_id, issue.reporter_id)
    )
