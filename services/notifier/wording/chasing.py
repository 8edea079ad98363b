"""What Banso does in its own name: reminders and escalation, without blame."""

from __future__ import annotations

from typing import assert_never

from services.notifier.wording.base import Offer, Place, Said, Say
from shared.contracts.issue import Step, WaitingFor
from shared.contracts.router import EscalatedBecause, IssueEscalated, IssueReminded


def reminder(say: Say) -> Said:
    """Who waits for what, for whoever has the next step."""
    event = say.event
    step = event.step if isinstance(event, IssueReminded) else Step.ANSWER
    match step:
        case Step.CONFIRM:
            return _is_it_solved(say)
        case Step.WAIT:
            return _still_waiting(say)
        case _other:
            return _owner_reminded(say, step)


def _owner_reminded(say: Say, step: Step) -> Said:
    _ = say._
    name = say.carrier()
    match step:
        case Step.ACKNOWLEDGE:
            line = _("%(name)s is waiting to hear whether you take it.", name=name)
        case Step.ANSWER:
            line = _("%(name)s is waiting for your answer.", name=name)
        case _other:
            line = _("%(name)s is waiting for the solution.", name=name)
    if isinstance(say.event, IssueReminded) and say.event.before:
        return Said(
            _("It is due soon"),
            [line, _("Nothing is late: there is time until %(time)s.", time=say.by())],
            say.brought_in(),
            say.owner_actions(),
        )
    return Said(
        _("A reminder from Banso"),
        [line, _("A word is enough, even if it is not solved yet.")],
        say.brought_in(),
        say.owner_actions(),
    )


def _is_it_solved(say: Say) -> Said:
    _ = say._
    return Said(
        _("Is it solved?"),
        [
            _("%(owner)s says that it is solved.", owner=say.owner()),
            _("Without a word from you it closes on %(time)s.", time=say.by()),
        ],
        actions=say.carrier_actions(),
    )


def _still_waiting(say: Say) -> Said:
    """The ball is with the carrier, and nobody blames them for it."""
    _ = say._
    owner = say.owner()
    asks_customer = say.issue is not None and say.issue.waiting_for is WaitingFor.CUSTOMER
    if asks_customer and not say.is_outside:
        line = _("%(owner)s still needs to know something from your customer.", owner=owner)
    else:
        line = _("%(owner)s still needs to know something from you.", owner=owner)
    return Said(
        _("We are still waiting for you"),
        [
            line,
            _("The question stands on the page. If you don't know yet, just say so."),
        ],
        say.brought_in(),
        [Offer(Place.ISSUE, _("See the question and answer"))],
    )


def escalation(say: Say) -> Said:
    event = say.event
    because = event.because if isinstance(event, IssueEscalated) else EscalatedBecause.LATE
    step = event.step if isinstance(event, IssueEscalated) else Step.ANSWER
    match because:
        case EscalatedBecause.REOPENED:
            return _solved_in_vain(say)
        case EscalatedBecause.PROMISE:
            return _promised_again(say)
        case EscalatedBecause.LATE:
            return _late(say, step)
        case _:
            assert_never(because)


def _late(say: Say, step: Step) -> Said:
    _ = say._
    owner = say.owner()
    match step:
        case Step.ACKNOWLEDGE:
            line = _("%(owner)s has not said yet whether they take it.", owner=owner)
        case Step.ANSWER:
            line = _("%(name)s is still without an answer.", name=say.carrier())
        case Step.WAIT:
            line = _(
                "%(name)s has been asked something, and it can't go on without.", name=say.carrier()
            )
        case _other:
            line = _("%(name)s is still without a solution.", name=say.carrier())
    return Said(
        _("It is late and needs you"),
        [line, _("Please see what %(owner)s needs to get on with it.", owner=owner)],
        say.brought_in(),
    )


def _solved_in_vain(say: Say) -> Said:
    _ = say._
    times = say.issue.reopenings if say.issue else 1
    return Said(
        _("It came back and needs you"),
        [
            _.many(
                "It was thought to be solved, and was not.",
                "It was thought to be solved %(count)s times, and was not.",
                max(times, 1),
            ),
            _("Please see with %(owner)s what it takes to solve it for good.", owner=say.owner()),
        ],
        say.brought_in(),
    )


def _promised_again(say: Say) -> Said:
    _ = say._
    when = say.time(say.issue.promised_at if say.issue else None)
    return Said(
        _("A promised day was moved, and it needs you"),
        [
            _(
                "What %(name)s was promised is now to be solved by %(time)s.",
                name=say.carrier(),
                time=when,
            ),
            _("Please see what %(owner)s needs to get on with it.", owner=say.owner()),
        ],
        say.brought_in(),
    )


def lapsed(say: Say) -> Said:
    """It was taken, and then nothing was heard of it."""
    _ = say._
    return Said(
        _("Do you still have it?"),
        [
            _("You took it, and it has been quiet since. %(name)s is waiting.", name=say.carrier()),
            _(
                "One click says that you are on it. A word to %(name)s is even better.",
                name=say.carrier(),
            ),
        ],
        say.brought_in(),
        say.owner_actions(),
    )
