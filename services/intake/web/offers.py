"""What somebody can do about an issue now, and what a page says about each of it. Pure; the
router's check is final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from shared.contracts.issue import Action, Snapshot, State
from shared.contracts.organisation import Organisation
from shared.language import Words

_OPEN = frozenset({State.ASSIGNED, State.ACKNOWLEDGED})
FOR_PEOPLE_INSIDE = frozenset({Action.MERGE, Action.LINK, Action.SEPARATE})
"""What belongs together, of which nobody outside is told."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The few that are mostly wanted, and the rest."""

    main: tuple[Action, ...] = ()
    more: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page says about an action: before it, on its button, and after it."""

    title: str
    explanation: str
    button: str
    done: str
    label: str = ""
    """Above the field for words; without one there is no such field."""
    hint: str = ""
    """Behind the label."""
    must_say: str = ""
    """What is said where the words are missing; "" where they may be."""


def offered(
    snapshot: Snapshot, person_id: str, organisation: Organisation, main: State | None = None
) -> Offered:
    """What this person can do about the issue as it is now; `main` is the state of the one that it
    is the same as."""
    leads = person_id == organisation.leader
    if person_id == snapshot.owner_id and snapshot.state in _OPEN:
        return _owner(snapshot, leads=leads)
    if person_id in (snapshot.carrier_id, snapshot.reporter_id):
        return _carrier(snapshot, main, inside=person_id in organisation.person)
    if person_id not in organisation.person:
        return Offered()
    if snapshot.state not in _OPEN:
        may = leads or person_id == snapshot.owner_id
        return Offered(more=(Action.SEPARATE,) if may and snapshot.merged_into else ())
    if leads:
        rests = (Action.RESUME,) if _rests(snapshot) else ()
        more = (Action.ANSWER, Action.ASK, Action.PROMISE, *rests, *_belonging(snapshot))
        return Offered((Action.TAKE, Action.HAND_OVER), more)
    if person_id in snapshot.helper_ids:
        return Offered((Action.ANSWER,), (Action.TAKE,))
    return Offered(more=(Action.TAKE,))


def may_say_answered(snapshot: Snapshot, person_id: str) -> bool:
    """Whether they wait for an answer, which may have come by telephone or in person."""
    waits = person_id in (snapshot.carrier_id, snapshot.reporter_id)
    is_theirs_to_give = person_id == snapshot.owner_id or snapshot.waiting_for is not None
    return waits and snapshot.state in _OPEN and not is_theirs_to_give


def _owner(snapshot: Snapshot, *, leads: bool) -> Offered:
    main: list[Action] = []
    if snapshot.state is State.ASSIGNED:
        main.append(Action.ACKNOWLEDGE)
    if _rests(snapshot):
        main.append(Action.RESUME)
    main += [Action.ANSWER, Action.RESOLVE, Action.HAND_OVER if leads else Action.DECLINE]
    more = [Action.ASK, Action.PROMISE, Action.WAIT, Action.SNOOZE]
    if not leads:
        more.append(Action.HAND_OVER)
    return Offered(tuple(main), (*more, *_belonging(snapshot)))


def _rests(snapshot: Snapshot) -> bool:
    return snapshot.waiting_for is not None or snapshot.snoozed_until is not None


def _belonging(snapshot: Snapshot) -> tuple[Action, ...]:
    if snapshot.parent_id is not None:
        return (Action.SEPARATE,)
    return (Action.MERGE, Action.LINK)


def _carrier(snapshot: Snapshot, main: State | None, *, inside: bool) -> Offered:
    """What belongs together is for people inside: nobody outside is told of it."""
    if snapshot.merged_into is not None:
        return _carrier_of_merged(main, inside=inside)
    if snapshot.state is State.RESOLVED:
        return Offered((Action.CONFIRM, Action.REOPEN))
    if snapshot.state is State.CLOSED:
        return Offered((Action.REOPEN,))
    joins = (Action.SEPARATE if snapshot.parent_id else Action.MERGE,)
    return Offered(more=joins if inside and snapshot.state in _OPEN else ())


def _carrier_of_merged(main: State | None, *, inside: bool) -> Offered:
    """Its solution is that of the other, and may be none for this one."""
    separates = (Action.SEPARATE,) if inside else ()
    if main in (State.RESOLVED, State.CLOSED):
        return Offered((Action.REOPEN,), separates)
    return Offered(more=separates or (Action.REOPEN,))


def button_text(action: Action, _: Words) -> str:
    """An action in the few words of a button."""
    match action:
        case Action.ACKNOWLEDGE:
            return _("I take it")
        case Action.DECLINE:
            return _("Not mine")
        case Action.HAND_OVER:
            return _("Hand over")
        case Action.ANSWER:
            return _("Answer")
        case Action.RESOLVE:
            return _("Solved")
        case Action.CONFIRM:
            return _("It is solved")
        case Action.REOPEN:
            return _("It is not solved")
        case Action.CORRECT:
            return _("Correct something")
        case Action.WITHDRAW:
            return _("Withdraw it")
        case Action.ANSWERED_ELSEWHERE:
            return _("I got my answer another way")
        case Action.TAKE:
            return _("I take it over")
        case Action.ASK:
            return _("Ask for help")
        case Action.SNOOZE:
            return _("Put it off")
        case Action.WAIT:
            return _("Wait for an answer")
        case Action.RESUME:
            return _("Go on")
        case Action.PROMISE:
            return _("Promise a date")
        case Action.MERGE:
            return _("Same as another")
        case Action.LINK:
            return _("Part of a problem")
        case Action.SEPARATE:
            return _("Separate it")
        case Action.UNDO:
            return _("Take it back")
        case Action.DECOY:
            return _("A button that only machines see")
        case _ as never:
            assert_never(never)


def offer(action: Action, _: Words) -> Offer | None:
    """What its own page says; None for what the status page asks for (`speak`)."""
    match action:
        case Action.ACKNOWLEDGE:
            return Offer(
                _("Take this issue"),
                _("You look after it from now on. Whoever brought it in is told so."),
                _("I take it"),
                _("You have taken it. Whoever brought it in has been told."),
            )
        case Action.DECLINE:
            return Offer(
                _("Not mine"),
                _(
                    "Say why, and who should have it. It goes there at once;"
                    " it never falls back on the person who brought it in."
                ),
                _("Pass it on"),
                _("It is with %(name)s now."),
            )
        case Action.HAND_OVER:
            return Offer(
                _("Hand over"),
                _("Choose who should have it. They are told at once."),
                _("Hand it over"),
                _("It is with %(name)s now."),
            )
        case Action.ANSWER:
            return Offer(
                _("Answer"),
                _("Your words go to the person who brought it in, as you write them."),
                _("Send the answer"),
                _("Your answer is on its way."),
                label=_("Your answer"),
                must_say=_("Please write your answer."),
            )
        case Action.RESOLVE:
            return Offer(
                _("Solved"),
                _("The person who brought it in hears what you did and is asked to confirm."),
                _("It is solved"),
                _("Thank you. The person who brought it in is asked to confirm."),
                label=_("What did you do?"),
                hint=_("goes to the person who brought it in"),
            )
        case Action.CONFIRM:
            return Offer(
                _("It is solved"),
                _("The issue is closed. You can reopen it later."),
                _("Yes, it is solved"),
                _("The issue is closed. We are glad that it is solved."),
            )
        case Action.REOPEN:
            return Offer(
                _("It is not solved"),
                _("The issue is opened again, and %(name)s hears so at once."),
                _("Open it again"),
                _("It is open again. %(name)s has been told."),
                label=_("What is still wrong?"),
                hint=_("if you like"),
            )
        case Action.TAKE:
            return Offer(
                _("Take it over"),
                _(
                    "It is yours from then on. %(name)s, who has it now, and the person who"
                    " brought it in are told so."
                ),
                _("I take it over"),
                _("It is yours now. Everybody concerned has been told."),
            )
        case Action.ASK:
            return Offer(
                _("Ask for help"),
                _("A colleague is asked to help and may answer as well. You remain the owner."),
                _("Ask for help"),
                _("%(whom)s has been asked. You remain the owner."),
                label=_("What do you need?"),
                hint=_("if you like"),
            )
        case _:
            return _offer_of_time(action, _)


def _offer_of_time(action: Action, _: Words) -> Offer | None:
    match action:
        case Action.SNOOZE:
            return Offer(
                _("Put it off"),
                _(
                    "Banso reminds you of it then, and not before. The person who brought it in"
                    " reads until when, and why."
                ),
                _("Put it off"),
                _("It is put off until %(time)s. Banso reminds you then."),
                label=_("Why?"),
                hint=_("goes to the person who brought it in"),
                must_say=_("Please say why: the person who brought it in reads it."),
            )
        case Action.WAIT:
            return Offer(
                _("Wait for an answer"),
                _(
                    "The clock stands still until there is an answer. Banso asks for it again,"
                    " so that you need not."
                ),
                _("Ask, and wait"),
                _("The question is on its way, and the clock stands still."),
                label=_("What do you need to know?"),
                hint=_("goes to the person who brought it in"),
                must_say=_("Please write what you need to know."),
            )
        case Action.RESUME:
            return Offer(
                _("Go on"),
                _("It goes on with the time that was left."),
                _("Go on"),
                _("It goes on."),
            )
        case Action.PROMISE:
            return Offer(
                _("Promise a date"),
                _(
                    "The person who brought it in reads by when it will be solved. Banso reminds"
                    " you of it. Another date can be said later."
                ),
                _("Promise it"),
                _("Promised for %(time)s. The person who brought it in has been told."),
                label=_("A word about it"),
                hint=_("if you like"),
            )
        case Action.MERGE:
            return Offer(
                _("Same as another issue"),
                _(
                    "This issue is closed and goes on as the other. The person who brought it in"
                    " is told so and hears what comes of it."
                ),
                _("It is the same"),
                _("It goes on as %(reference)s. The person who brought it in has been told."),
            )
        case Action.LINK:
            return Offer(
                _("Part of a problem"),
                _(
                    "Both stay open. When the problem is solved, this issue is, too, and the"
                    " person who brought it in is told."
                ),
                _("It is part of it"),
                _("It is part of %(reference)s now."),
            )
        case Action.SEPARATE:
            return Offer(
                _("Separate it"),
                _("The issue stands for itself again, and is looked after by itself."),
                _("Separate it"),
                _("It stands for itself again. %(name)s looks after it."),
                label=_("Why?"),
                hint=_("if you like"),
            )
        case _:
            return None
