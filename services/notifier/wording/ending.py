"""How it ends: solved, confirmed, closed, withdrawn, and opened again."""

from __future__ import annotations

from services.notifier.wording.base import Said, Say
from shared.contracts.issue import Action, State
from shared.contracts.notifier import Relation
from shared.contracts.router import IssueClosed, IssueReopened, IssueResolved


def solved(say: Say) -> Said:
    """What was done, and whether it is so. What was written about another issue stays inside."""
    _ = say._
    event = say.event
    says = _("%(owner)s says that it is solved.", owner=say.owner())
    shared = isinstance(event, IssueResolved) and event.shared_from is not None
    if say.issue is not None and say.issue.merged_into is not None:
        says = _("The issue that it is the same as is solved.")
        says = says if not say.is_outside else _("What you wrote about is solved.")
    elif shared:
        says = _("It was part of a bigger problem, and that is solved.")
    text = event.text if isinstance(event, IssueResolved) else None
    quote = None if shared and say.is_outside else text
    if say.relation is Relation.FOLLOWER:
        return Said(_("It is said to be solved"), [says], quote, quote_first=True)
    if say.issue is not None and say.issue.state == State.CLOSED:
        again = _("It is closed. If it is not solved, one click opens it again.")
        return Said(
            _("It is solved"), [says, again], quote, say.carrier_actions(), quote_first=True
        )
    return Said(
        _("Is it solved?"),
        [
            says,
            _("Please tell us whether that is so."),
            _("Without a word from you it closes on %(time)s.", time=say.by()),
        ],
        quote,
        say.carrier_actions(),
        quote_first=True,
    )


def closed(say: Say) -> Said:
    _ = say._
    if say.relation is Relation.FOLLOWER:
        return Said(_("It is closed"), [_("You need not do anything.")])
    return Said(
        _("It is closed"),
        [_("If it is not solved after all, one click opens it again.")],
        actions=say.offers(Action.REOPEN),
    )


def confirmed(say: Say) -> Said:
    _ = say._
    return Said(
        _("Confirmed as solved, thank you"),
        [_("%(name)s says that it is solved. It is closed.", name=say.actor())],
        say.event.text if isinstance(say.event, IssueClosed) else None,
    )


def reopened(say: Say) -> Said:
    _ = say._
    return Said(
        _("It is not solved yet"),
        [
            _("%(name)s has opened it again.", name=say.actor()),
            _("Please say by %(time)s whether you take it.", time=say.by()),
        ],
        say.event.text if isinstance(say.event, IssueReopened) else None,
        say.owner_actions(),
    )


def withdrawn(say: Say) -> Said:
    _ = say._
    return Said(
        _("It is needed no more"),
        [
            _("%(name)s has withdrawn it.", name=say.actor()),
            _("You need not do anything about it any more."),
        ],
        say.event.text if isinstance(say.event, IssueClosed) else None,
    )
