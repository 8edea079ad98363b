"""Issues that belong together: the same as another, part of a problem, or separate again."""

from __future__ import annotations

from services.notifier.wording.base import Said, Say
from shared.contracts.issue import Action
from shared.contracts.notifier import Relation
from shared.contracts.router import IssueLinked, IssueMerged, IssueResolved, IssueSeparated


def merged(say: Say) -> Said:
    """It goes on as another, of which a customer need not know."""
    _ = say._
    event = say.event
    other = event.into_reference if isinstance(event, IssueMerged) else ""
    text = event.text if isinstance(event, IssueMerged) else None
    if say.is_outside:
        return Said(
            _("We are working on it already"),
            [
                _("What you wrote is the same as something that we are working on."),
                _("You need not do anything. You hear from us when it is solved."),
            ],
        )
    heading = _("It is the same as %(reference)s", reference=other)
    if say.relation is Relation.OWNER:
        return Said(
            heading,
            [
                _("%(name)s has put both together. It goes on over there.", name=say.actor()),
                _("You need not do anything about it any more."),
            ],
            text,
        )
    return Said(
        heading,
        [
            _("It goes on there. You hear of every answer and of the solution, as before."),
            _("If it is not the same after all, one click separates them."),
        ],
        text,
        say.offers(Action.SEPARATE),
    )


def linked(say: Say) -> Said:
    """What it is part of; and to its owner, that it is solved along with it."""
    _ = say._
    event = say.event
    if isinstance(event, IssueResolved):
        return Said(
            _("It is solved with the bigger problem"),
            [
                _(
                    "%(name)s says that the problem is solved which this is part of.",
                    name=say.actor(),
                ),
                _("Next: %(step)s", step=say.next()),
                _("You need not do anything about it unless it is opened again."),
            ],
            event.text,
            quote_first=True,
        )
    other = event.parent_reference if isinstance(event, IssueLinked) else ""
    text = event.text if isinstance(event, IssueLinked) else None
    heading = _("It is part of a bigger problem")
    part = _("It is part of %(reference)s, which is solved once for all.", reference=other)
    if say.relation is Relation.OWNER:
        return Said(heading, [part, _("When that is solved, this is, too. It stays yours.")], text)
    return Said(
        heading,
        [
            part,
            _("You hear of it as soon as there is something new, and when it is solved."),
            _("Next: %(step)s", step=say.next()),
        ],
        text,
    )


def separated(say: Say) -> Said:
    _ = say._
    event = say.event
    other = event.from_reference if isinstance(event, IssueSeparated) else ""
    text = event.text if isinstance(event, IssueSeparated) else None
    owns = say.relation is Relation.OWNER
    return Said(
        _("It stands for itself again"),
        [
            _("%(name)s has separated it from %(reference)s.", name=say.actor(), reference=other),
            _("Next: %(step)s", step=say.next()),
        ],
        text,
        say.owner_actions() if owns and say.is_open else (),
    )
