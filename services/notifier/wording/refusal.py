"""What could not be done, why, and what to do instead."""

from __future__ import annotations

from typing import assert_never

from services.notifier.wording.base import LONGEST_QUOTE, Said, Say, cut
from shared.contracts.issue import Refusal, Source
from shared.contracts.router import ActionRefused

_CAN_BE_MENDED = frozenset(
    {
        Refusal.INCOMPLETE,
        Refusal.ONE_CLICK,
        Refusal.NO_SUCH_OWNER,
        Refusal.BACK_TO_CARRIER,
        Refusal.ALREADY_DECLINED,
        Refusal.BAD_DATE,
        Refusal.NO_SUCH_ISSUE,
    }
)
"""What the action's own button puts right."""


def refused(say: Say) -> Said:
    """Why it was not done. Whoever wrote a mail gets their words back, and a button."""
    _ = say._
    event = say.event
    if not isinstance(event, ActionRefused):
        raise ValueError(f"{event.subject} refuses nothing")
    lines, by_mail = [_refusal(say, event.refusal)], event.source is Source.EMAIL
    if by_mail and event.text:
        lines.append(_("This is what you wrote; it has not been passed on:"))
    mends = event.refusal in _CAN_BE_MENDED
    return Said(
        _("One click does it") if by_mail and mends else _("This could not be done"),
        lines,
        cut(event.text, LONGEST_QUOTE) if by_mail and event.text else None,
        say.offers(event.action) if mends else (),
    )


def _refusal(say: Say, refusal: Refusal) -> str:
    _ = say._
    owner = say.owner()
    match refusal:
        case Refusal.FAILED:
            return _(
                "Banso could not do what you asked. Those who run it have been told;"
                " please try again later."
            )
        case Refusal.OVERTAKEN:
            return _("The issue has moved on: it is with %(owner)s now.", owner=owner)
        case Refusal.NOT_YOURS:
            return _("Only somebody else may do this. The issue is with %(name)s.", name=owner)
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
            return _("We could not quite read what to do. One click on the button does it.")
        case Refusal.ONE_CLICK:
            return _(
                "So that nobody else can do this in your name, a mail is not enough for it."
                " One click on the button does it."
            )
        case Refusal.BAD_DATE:
            return _(
                "The date is past, or further away than anything may be put off."
                " Choose another one."
            )
        case Refusal.NO_SUCH_ISSUE:
            return _("There is no such other issue. Look at its reference, such as 7K3M-9QWX.")
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
