"""Its time: it waits for somebody, is put off, goes on, or is promised for a day."""

from __future__ import annotations

from typing import assert_never

from services.notifier.wording.base import Offer, Place, Said, Say
from shared.contracts.issue import WaitingFor
from shared.contracts.notifier import Relation
from shared.contracts.router import (
    IssuePromised,
    IssueReopened,
    IssueResumed,
    IssueSnoozed,
    IssueWaiting,
    ResumedBecause,
)


def asked(say: Say) -> Said:
    """The owner's question, for whoever can answer it."""
    _ = say._
    issue, owner = say.issue, say.owner()
    customer = issue is not None and issue.waiting_for is WaitingFor.CUSTOMER
    if customer and not say.is_outside:
        heading = _("A question for your customer")
        lines = [_ask_them(say)]
    else:
        heading = _("%(owner)s has a question for you", owner=owner)
        lines = [_("Simply answer this mail, or use the button.")]
    lines.append(
        _("It goes on as soon as there is an answer; by %(time)s, if you can.", time=say.by())
    )
    return Said(
        heading,
        lines,
        say.event.text if isinstance(say.event, IssueWaiting) else None,
        [Offer(Place.ISSUE, _("Answer the question"))],
        quote_first=True,
    )


def _ask_them(say: Say) -> str:
    """For the carrier, whether the customer has been asked by mail already or not."""
    _ = say._
    if say.issue is not None and say.issue.reporter_id not in say.organisation.person:
        return _("We have asked the customer by mail, too. If you know the answer, just write it.")
    return _("Please ask your customer, and answer this mail with what they say.")


def resumed(say: Say) -> Said:
    _ = say._
    if isinstance(say.event, IssueReopened):
        return Said(
            _("It goes on"),
            [
                _("It is not solved after all, and is being worked on again."),
                _("You need not do anything."),
            ],
        )
    if say.relation is Relation.OWNER:
        return _your_turn(say)
    event, owner = say.event, say.owner()
    because = event.because if isinstance(event, IssueResumed) else ResumedBecause.ASKED
    match because:
        case ResumedBecause.UNANSWERED:
            line = _("%(owner)s goes on without the answer. You can still write it.", owner=owner)
        case ResumedBecause.OVER:
            line = _("%(owner)s had put it off until now.", owner=owner)
        case ResumedBecause.ANSWERED:
            line = _("%(owner)s has the answer.", owner=owner)
        case ResumedBecause.ASKED:
            line = _("%(owner)s is on it again.", owner=owner)
        case _ as never:
            assert_never(never)
    return Said(_("It goes on"), [line, _("Next: %(step)s", step=say.next())])


def _your_turn(say: Say) -> Said:
    _ = say._
    event = say.event
    because = event.because if isinstance(event, IssueResumed) else ResumedBecause.ASKED
    match because:
        case ResumedBecause.UNANSWERED:
            line = _(
                "There was no answer, though Banso asked again. Please go on as well as you can."
            )
        case ResumedBecause.OVER:
            line = _("You had put it off until now.")
        case ResumedBecause.ANSWERED:
            line = _("There is an answer.")
        case ResumedBecause.ASKED:
            line = _("%(name)s lets it go on.", name=say.actor())
        case _ as never:
            assert_never(never)
    return Said(
        _("It is your turn again"),
        [line, _("Next: %(step)s", step=say.next())],
        event.text if isinstance(event, IssueResumed) else None,
        say.owner_actions(),
    )


def put_off(say: Say) -> Said:
    """Until when; and inside also why."""
    _ = say._
    until = say.time(say.issue.snoozed_until if say.issue else None)
    heading = _("We come back to it on %(time)s", time=until)
    if say.is_outside:
        return Said(heading, [_("You need not do anything. We come back to it by ourselves.")])
    return Said(
        heading,
        [
            _("%(owner)s has put it off until then, for the reason given here.", owner=say.owner()),
            _("You need not do anything: Banso brings it up again by itself."),
        ],
        say.event.text if isinstance(say.event, IssueSnoozed) else None,
        quote_first=True,
    )


def promised(say: Say) -> Said:
    """The date, and the one before where it has moved; a word about it stays inside."""
    _ = say._
    event = say.event
    when = say.time(say.issue.promised_at if say.issue else None)
    lines = [_("%(owner)s has promised it for then.", owner=say.owner())]
    if isinstance(event, IssuePromised) and event.previously_at is not None:
        lines.append(
            _("Until now it was promised for %(time)s.", time=say.time(event.previously_at))
        )
    lines.append(_("You need not ask: Banso sees to it."))
    shows = isinstance(event, IssuePromised) and not say.is_outside
    text = event.text if isinstance(event, IssuePromised) and shows else None
    return Said(_("It will be solved by %(time)s", time=when), lines, text)
