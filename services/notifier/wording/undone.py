"""What was done is taken back, or may be: a click by mistake, or by a machine."""

from __future__ import annotations

from collections.abc import Iterable

from services.notifier.wording.base import Offer, Place, Said, Say, button
from shared.contracts.issue import Action, State, UndoneBecause
from shared.contracts.notifier import Relation
from shared.contracts.router import IssueEvent, IssueUndone
from shared.language import Words


def undone(say: Say) -> Said:
    """To whoever was told of it. A customer need not know what went on inside."""
    _ = say._
    next_step = _("Next: %(step)s", step=say.next())
    if say.is_outside:
        return Said(
            _("Please set our last message aside"),
            [_("It was sent by mistake."), *([next_step] if _goes_on(say) else ())],
            actions=_buttons(say),
        )
    lines = [_who(say)]
    if say.relation is Relation.FORMER_OWNER:
        now_with = _("It is with %(owner)s again.", owner=say.owner())
        return Said(
            _("It was taken back"), [*lines, now_with, _("You need not do anything about it.")]
        )
    lines.append(_("It is as it was before."))
    if _goes_on(say):
        lines.append(next_step)
    return Said(_("It was taken back"), lines, actions=_buttons(say))


def voided(say: Say) -> Said:
    """To whoever's links something else has pressed."""
    _ = say._
    return Said(
        _("Something pressed your buttons, and nothing was done"),
        [
            _(
                "Buttons of a message to you were pressed within seconds, as programs do that"
                " check mails. It was taken back: %(what)s.",
                what=_what(say),
            ),
            _("If it was you, press the one button that you mean."),
        ],
        actions=_buttons(say),
    )


def receipt(say: Say) -> Said:
    """To whoever's link it was: it may have been pressed by a program that reads their mails."""
    _ = say._
    event = say.event
    until = event.undo_until if isinstance(event, IssueEvent) else None
    action = event.by_link if isinstance(event, IssueEvent) else None
    what = _named(() if action is None else (action,), _)
    did = _("By a link of yours, this was done in your name: %(what)s.", what=what)
    if until is None:
        look = _("Was it you? Then all is well. If not, see how it stands: it can't be taken back.")
        return Said(_("Done in your name"), [did, look], actions=[_see(say)])
    return Said(
        _("Done in your name"),
        [
            did,
            _(
                "Was it you? Then all is well. If not, take it back: that works until %(time)s, as"
                " long as nothing else has happened.",
                time=say.time(until),
            ),
        ],
        actions=[Offer(Place.UNDO, _("It wasn't me: take it back"))],
    )


def _see(say: Say) -> Offer:
    _ = say._
    return Offer(Place.ISSUE, _("See how it stands"))


def _who(say: Say) -> str:
    _ = say._
    event = say.event
    because = event.because if isinstance(event, IssueUndone) else UndoneBecause.ASKED
    if because is UndoneBecause.ASKED:
        return _("%(name)s has taken this back: %(what)s.", name=say.actor(), what=_what(say))
    of_id = event.of_id if isinstance(event, IssueUndone) else None
    return _(
        "A program, and not %(name)s, had pressed this: %(what)s.",
        name=say.person(of_id),
        what=_what(say),
    )


def _what(say: Say) -> str:
    """What was taken back, in the words of the buttons."""
    event = say.event
    return _named(event.undone if isinstance(event, IssueUndone) else (), say._)


def _named(actions: Iterable[Action], _: Words) -> str:
    return _.quoted(*(button(one, _) for one in actions))


def _goes_on(say: Say) -> bool:
    return say.issue is not None and say.issue.state is not State.CLOSED


def _buttons(say: Say) -> list[Offer]:
    """What they can do now that it is as it was."""
    issue = say.issue
    if issue is None:
        return []
    if say.is_owner and say.is_open:
        return say.owner_actions()
    carries = say.to.person_id in (issue.carrier_id, issue.reporter_id)
    return say.carrier_actions() if carries and not say.is_open else []
