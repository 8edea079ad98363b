"""Who has it, and why: received, yours, somebody else's, and who helps."""

from __future__ import annotations

from typing import assert_never

from services.notifier.wording.base import Offer, Said, Say
from shared.contracts.issue import Action, AssignedBecause, Reasons
from shared.contracts.notifier import Relation
from shared.contracts.router import IssueAssigned, IssueHelped


def received_undecided(say: Say) -> Said:
    _ = say._
    return Said(
        _("We have received it"),
        [
            _("It is stored and will not be lost."),
            _("You will hear from us as soon as somebody looks after it."),
        ],
    )


def received(say: Say) -> Said:
    """It is here, and who has it; inside also that it waits, where it does."""
    _ = say._
    owner, issue = say.owner(), say.issue
    carries = say.relation is Relation.CARRIER and not say.wrote_it
    lines = [_("%(owner)s looks after it.", owner=owner)]
    if issue is not None and issue.queued and not say.is_outside:
        lines = [
            _("Everybody who could solve it has their hands full, so it waits in line."),
            _("%(owner)s has it until somebody is free; you can see it wait.", owner=owner),
        ]
    elif issue is not None and issue.triage and not say.is_outside:
        lines = [_("%(owner)s finds out where it belongs.", owner=owner)]
    return Said(
        _("A customer's message, which you carry") if carries else _("We have received it"),
        [
            *lines,
            _("Next: %(step)s", step=say.next()),
            _("Banso follows it up in its own name; you need not chase anybody."),
        ],
    )


def yours(say: Say) -> Said:
    _ = say._
    because = _because(say)
    if because is AssignedBecause.TRIAGE:
        return _to_be_sorted(say)
    lines = [_why_you(say)]
    if say.issue is not None and say.issue.queued:
        lines.append(_("You need not look for somebody: Banso passes it on as soon as it can."))
    lines.append(_("Please say by %(time)s whether you take it.", time=say.by()))
    again = because is AssignedBecause.RETURNED
    heading = _("It is yours again") if again else _("This is yours now")
    return Said(heading, lines, say.brought_in(), say.owner_actions())


def _to_be_sorted(say: Say) -> Said:
    """Nobody could tell where it belongs. What history suggests takes one click."""
    _ = say._
    reasons = say.event.reasons if isinstance(say.event, IssueAssigned) else Reasons()
    guesses = [
        Offer(
            Action.HAND_OVER,
            _(
                "→ %(team)s%(share)s",
                team=say.team(guess.team_id),
                share=_.aside(f"{guess.probability:.0%}"),
            ),
            to=guess.team_id,
        )
        for guess in reasons.guesses
        if guess.team_id in say.organisation.team
    ]
    lines = [_("Banso could not tell which team it belongs to, so you sort it.")]
    if guesses:
        lines.append(
            _(
                "These fit best, as far as Banso can tell. One click passes it on;"
                " Banso learns of it."
            )
        )
    lines.append(_("Please do so by %(time)s.", time=say.by()))
    rest = say.offers(Action.HAND_OVER, Action.ANSWER)
    return Said(_("Please say where it belongs"), lines, say.brought_in(), [*guesses, *rest])


def new_owner(say: Say) -> Said:
    """Who has it now; where it waited with whoever works on it, that its turn has come."""
    _ = say._
    kept = isinstance(say.event, IssueAssigned) and say.event.previous_owner_id is None
    turn = kept and _because(say) is AssignedBecause.DRAINED
    return Said(
        _("Its turn has come") if turn else _("Somebody else looks after it now"),
        [_why_moved(say), _("You need not do anything. Next: %(step)s", step=say.next())],
    )


def no_longer_yours(say: Say) -> Said:
    _ = say._
    owner = say.owner()
    match _because(say):
        case AssignedBecause.ABSENCE if _away(say) == say.to.person_id:
            lines = [
                _("%(owner)s looks after it while you are away.", owner=owner),
                _("If it is still open when you are back, you have it again."),
            ]
        case AssignedBecause.RETURNED:
            lines = [
                _("%(owner)s is back and looks after it again.", owner=owner),
                _("Thank you for standing in."),
            ]
        case _other:
            lines = [_why_moved(say), _("You need not do anything about it any more.")]
    return Said(_("It is no longer yours"), lines)


def copied(say: Say) -> Said:
    _ = say._
    return Said(
        _("You are on copy"),
        [
            _("%(owner)s looks after it.", owner=say.owner()),
            _("You need not do anything. You hear of the answers and of the solution."),
        ],
        say.brought_in(),
    )


def help_asked(say: Say) -> Said:
    _ = say._
    text = say.event.text if isinstance(say.event, IssueHelped) else None
    return Said(
        _("%(name)s asks you for help", name=say.actor()),
        [
            _(
                "It stays with %(owner)s. Help with what you know, however little.",
                owner=say.owner(),
            ),
            _("If it belongs to you, take it over with one click."),
        ],
        text or say.brought_in(),
        say.offers(Action.ANSWER, Action.TAKE),
        quote_first=bool(text),
    )


def helped(say: Say) -> Said:
    _ = say._
    helper = say.event.helper_id if isinstance(say.event, IssueHelped) else None
    name = say.person(helper)
    return Said(
        _("%(name)s helps as well", name=name),
        [
            _("%(owner)s still looks after it, and now has help.", owner=say.owner()),
            _("You need not do anything. Next: %(step)s", step=say.next()),
        ],
    )


def _because(say: Say) -> AssignedBecause | None:
    return say.event.because if isinstance(say.event, IssueAssigned) else None


def _away(say: Say) -> str | None:
    """Whose work it is while they are away."""
    event = say.event
    if not isinstance(event, IssueAssigned):
        return None
    found = event.reasons.substitute_for_id or event.issue.lent_by or event.previous_owner_id
    return found if found in say.organisation.person else None


def _why_you(say: Say) -> str:
    """Why the recipient is the owner, in a sentence."""
    _ = say._
    match _because(say):
        case AssignedBecause.HANDED_OVER:
            return _("%(name)s has handed it over to you.", name=say.actor())
        case AssignedBecause.DECLINED:
            return _("%(name)s says that it belongs to you.", name=say.actor())
        case AssignedBecause.LEADER:
            return _("It had to move up to you. Please decide who looks after it.")
        case AssignedBecause.ABSENCE if away := _away(say):
            return _("%(name)s is away; you look after it meanwhile.", name=say.person(away))
        case AssignedBecause.ABSENCE | AssignedBecause.LEFT:
            return _("Whoever had it is not there any more.")
        case AssignedBecause.RETURNED:
            return _("You are back, and it is still open.")
        case AssignedBecause.DRAINED:
            return _("It has waited until somebody has time for it, and now you do.")
        case AssignedBecause.UNROUTABLE:
            return _("Banso could not decide who should have it, so you have it as the leader.")
        case (
            AssignedBecause.REOPENED
            | AssignedBecause.NEW
            | AssignedBecause.TAKEN
            | AssignedBecause.TRIAGE
            | None
        ):
            pass
        case _ as never:
            assert_never(never)
    queued = say.issue is not None and say.issue.queued
    if queued or (isinstance(say.event, IssueAssigned) and say.event.reasons.over_capacity):
        return _("Nobody in the team can take more now, so you have it until somebody is free.")
    if say.issue is not None and say.issue.reporter_id not in say.organisation.person:
        return _(
            "A customer wrote; %(name)s carries it, and you are the best one for it.",
            name=say.carrier(),
        )
    return _("%(name)s has brought it in, and you are the best one for it.", name=say.carrier())


def _why_moved(say: Say) -> str:
    """Who has it now and why, for whoever waits for it or had it before."""
    _ = say._
    owner = say.owner()
    match _because(say):
        case AssignedBecause.LEADER:
            return _("%(owner)s decides now who looks after it.", owner=owner)
        case AssignedBecause.ABSENCE if away := _away(say):
            name = say.person(away)
            return _(
                "%(name)s is away; %(owner)s looks after it meanwhile.", name=name, owner=owner
            )
        case AssignedBecause.RETURNED:
            return _("%(owner)s is back and looks after it again.", owner=owner)
        case AssignedBecause.DRAINED:
            return _("%(owner)s has time for it now and looks after it.", owner=owner)
        case AssignedBecause.TAKEN:
            return _("%(owner)s has taken it over.", owner=owner)
        case AssignedBecause.TRIAGE:
            return _("%(owner)s finds out where it belongs.", owner=owner)
        case _other:
            return _("%(owner)s looks after it now.", owner=owner)
