"""Somebody is left alone, and somebody else runs alongside: kind words, and what to do.

What is said of the carrier is what the company did; what the figure is made of only they read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, assert_never

from services.notifier.wording.base import Offer, Place, Said, Say
from shared.contracts.intake import CompanionWord
from shared.contracts.issue import Step
from shared.contracts.notifier import Relation
from shared.contracts.router import (
    CompanionAsked,
    CompanionAssigned,
    CompanionBecause,
    CompanionChecked,
    CompanionEscalated,
    CompanionOffered,
    CompanionReleased,
    Concern,
    IssueEscalated,
    IssueReminded,
    ReleasedBecause,
)
from shared.evidence import summary

_Kind = TypeVar("_Kind")


def offered(say: Say) -> Said:
    """To the carrier alone: a question, and what it is made of."""
    _ = say._
    event = _expect(say.event, CompanionOffered)
    lines = [
        _(
            "Answers come more slowly to you than to others. That is for the company to mend: it"
            " says nothing about you, and asking was right."
        )
    ]
    why = summary(event.why, say.organisation, say.to.language)
    if why:
        lines.append(_("This is what we see: %(why)s.", why=why))
    lines.append(
        _(
            "If you like, a colleague runs alongside you for a while: they look at your open issues"
            " with you, ask for the answers together with you, and listen. Yes and no are both"
            " good answers."
        )
    )
    if event.again:
        lines.append(_("We ask just this once more. You need not explain anything."))
    if event.coordinator_id is not None:
        name = say.person(event.coordinator_id)
        lines.append(
            _(
                "Only you get this message. %(name)s, who looks after companions, knows that we"
                " ask you, and not what it is made of.",
                name=name,
            )
        )
    lines.append(
        _(
            "Was something answered by telephone or in person? Say so on the page of the issue, by"
            " one click, and the picture is right again."
        )
    )
    return Said(
        _("Would you like somebody to run alongside you?"),
        lines,
        actions=[
            _word(CompanionWord.YES, _("Yes, please")),
            _word(CompanionWord.NO, _("No, thank you")),
            Offer(Place.FIGURE, _("See what it is made of")),
        ],
    )


def wanted(say: Say) -> Said:
    """To whoever looks after companions: that somebody is asked, and what came of it."""
    match say.event:
        case CompanionAssigned():
            return _found(say, say.event)
        case CompanionReleased():
            return _not_needed(say, say.event)
        case _:
            return _perhaps_needed(say, _expect(say.event, CompanionOffered))


def _perhaps_needed(say: Say, event: CompanionOffered) -> Said:
    _ = say._
    name = say.person(event.carrier_id)
    return Said(
        _("Could %(name)s use somebody alongside?", name=name),
        [
            _(
                "Answers come more slowly to %(name)s than to others. We have just asked them, in"
                " private, whether they would like somebody to run alongside.",
                name=name,
            ),
            _(
                "It is a question and no verdict: perhaps answers were given by telephone. There"
                " is nothing that you have to do. If you happen to see %(name)s, a friendly word"
                " does no harm.",
                name=name,
            ),
        ],
    )


def _found(say: Say, event: CompanionAssigned) -> Said:
    _ = say._
    name, companion = say.person(event.carrier_id), say.person(event.companion_id)
    lines = [_("Both know, and what to do stands in their messages.")]
    if event.because is CompanionBecause.LEADER:
        lines.append(
            _(
                "Nobody else could within a working day. Perhaps you know somebody who would like"
                " to run alongside others, and can have them entered as a companion."
            )
        )
    heading = _("%(companion)s runs alongside %(name)s", companion=companion, name=name)
    return Said(heading, lines)


def _not_needed(say: Say, event: CompanionReleased) -> Said:
    _ = say._
    name = say.person(event.carrier_id)
    match event.because:
        case ReleasedBecause.DECLINED:
            line = _("They say so themselves. Please leave it at that for now.")
        case ReleasedBecause.SUPPORTED:
            line = _("They get their answers again.")
        case _other:
            line = _("If that changes, you hear of it.")
    return Said(_("%(name)s needs nobody alongside now", name=name), [line])


def asked(say: Say) -> Said:
    """To a colleague: what it means, and that no is a good answer."""
    _ = say._
    event = _expect(say.event, CompanionAsked)
    name = say.person(event.carrier_id)
    return Said(
        _("Would you run alongside %(name)s?", name=name),
        [
            _(
                "%(name)s brings problems into the company and waits longer for answers than"
                " others do. They would like somebody alongside for a while.",
                name=name,
            ),
            _(
                "It takes about half an hour a day: a few minutes of talk, a look at the open"
                " issues, and a friendly question where an answer is missing. You need not solve"
                " anything yourself."
            ),
            _(
                "Please say by %(time)s. No is a good answer, too: then we ask somebody else, and"
                " nobody keeps count.",
                time=say.time(event.answer_by),
            ),
        ],
        actions=[
            _word(CompanionWord.YES, _("Yes, I will")),
            _word(CompanionWord.NO, _("Not this time")),
        ],
    )


def begun(say: Say) -> Said:
    """To both: what happens from now on."""
    event = _expect(say.event, CompanionAssigned)
    if say.relation is Relation.CARRIER:
        return _begun_for_carrier(say, event)
    return _begun_for_companion(say, event)


def _begun_for_carrier(say: Say, event: CompanionAssigned) -> Said:
    _ = say._
    companion = say.person(event.companion_id)
    lines = [
        _(
            "%(companion)s gets in touch with you, today if possible. Talk about whatever is"
            " stuck, and about what it does to you.",
            companion=companion,
        ),
        _(
            "%(companion)s sees your open issues, but not the confidential ones, and hears when an"
            " answer for you is late. Your figure stays with you.",
            companion=companion,
        ),
        _("In a week we ask you both whether it helps. You can end it at any time, by one click."),
    ]
    if event.because is CompanionBecause.LEADER:
        lines.insert(
            0,
            _(
                "So that you need not wait, %(companion)s does it in person. If a colleague can"
                " later, they take over.",
                companion=companion,
            ),
        )
    heading = _("%(companion)s runs alongside you", companion=companion)
    return Said(heading, lines, actions=[Offer(Place.COMPANION, _("How it goes on"))])


def _begun_for_companion(say: Say, event: CompanionAssigned) -> Said:
    _ = say._
    name = say.person(event.carrier_id)
    lines = [
        _("Thank you. This is how it goes:"),
        _(
            "1. Get in touch with %(name)s today, best by telephone or in person. Ask what is"
            " stuck, and listen.",
            name=name,
        ),
        _(
            "2. Look at the open issues together, choose the one that weighs most, and ask its"
            " owner for a word, the two of you."
        ),
        _(
            "3. When an answer for %(name)s is late you get a copy of the reminder. Ask what is in"
            " the way; it is not about blame.",
            name=name,
        ),
        _("4. Talk for a few minutes each working day, even if there is nothing new."),
        _(
            "5. What you two can't move, tell us by one click (“It does not help”). Then those who"
            " lead hear of it."
        ),
        _("In a week we ask you both whether it helps."),
    ]
    if event.because is CompanionBecause.LEADER:
        lines[0] = _(
            "%(name)s is left alone with what they carry, and nobody else could within a working"
            " day. So it is with you. This is how it goes:",
            name=name,
        )
    return Said(
        _("You run alongside %(name)s from now on", name=name),
        lines,
        actions=[Offer(Place.COMPANION, _("See the open issues"))],
    )


def check(say: Say) -> Said:
    """To both, after a week: one click."""
    _ = say._
    event = _expect(say.event, CompanionChecked)
    if say.relation is Relation.CARRIER:
        companion = say.person(event.companion_id)
        line = _("%(companion)s has run alongside you for a while.", companion=companion)
    else:
        name = say.person(event.carrier_id)
        line = _("You have run alongside %(name)s for a while.", name=name)
    return Said(
        _("Does it help?"),
        [
            line,
            _(
                "One click is enough. If it does not help, that is nobody's fault: we ask somebody"
                " else, and %(leader)s hears that the answers are still missing.",
                leader=say.person(say.organisation.leader),
            ),
        ],
        actions=[
            _word(CompanionWord.HELPS, _("It helps")),
            _word(CompanionWord.HELPS_NOT, _("It does not help")),
            _word(CompanionWord.END, _("It is no longer needed")),
        ],
    )


def concern(say: Say) -> Said:
    """To those who lead: what is the matter, and what they can do."""
    event = _expect(say.event, CompanionEscalated)
    match event.because:
        case Concern.ALARM:
            return _alarm(say, event)
        case Concern.UNANSWERED:
            return _unanswered(say, event)
        case Concern.HELPS_NOT:
            return _helps_not(say, event)
        case Concern.IN_SPITE:
            return _in_spite(say, event)
        case _:
            assert_never(event.because)


def _alarm(say: Say, event: CompanionEscalated) -> Said:
    _ = say._
    name = say.person(event.carrier_id)
    lines = [
        _(
            "Most of what %(name)s asked has been left without an answer for a while.",
            name=name,
        ),
        *_silent(say, event.silent_team_ids),
        _(
            "Please see to it today that each open issue gets a word, even where nothing is solved"
            " yet. A word is enough."
        ),
        _("This is about how the company answers, and says nothing about %(name)s.", name=name),
    ]
    return Said(_("%(name)s hardly gets any answers", name=name), lines)


def _unanswered(say: Say, event: CompanionEscalated) -> Said:
    _ = say._
    name = say.person(event.carrier_id)
    return Said(
        _("Please talk to %(name)s", name=name),
        [
            _(
                "We have asked twice, in private, whether somebody shall run alongside, and got no"
                " word.",
            ),
            _(
                "Perhaps all is well, or perhaps it is too much just now. A short talk in person"
                " tells more than another message. We ask no more."
            ),
        ],
    )


def _helps_not(say: Say, event: CompanionEscalated) -> Said:
    _ = say._
    name, companion = say.person(event.carrier_id), say.person(event.companion_id)
    return Said(
        _("A companion was not enough for %(name)s", name=name),
        [
            _(
                "%(companion)s ran alongside %(name)s, and one of them says that it does not help."
                " That is nobody's fault. We ask somebody else.",
                companion=companion,
                name=name,
            ),
            *_silent(say, event.silent_team_ids),
            _("Please find out what is in the way of answering. They can't move it alone."),
        ],
    )


def _in_spite(say: Say, event: CompanionEscalated) -> Said:
    _ = say._
    name, companion = say.person(event.carrier_id), say.person(event.companion_id)
    return Said(
        _("%(name)s is still left without answers", name=name),
        [
            _(
                "%(companion)s has run alongside %(name)s for three weeks, and the answers are"
                " still missing. It is no longer in their hands.",
                companion=companion,
                name=name,
            ),
            *_silent(say, event.silent_team_ids),
            _("Please find out what is in the way of answering. They can't move it alone."),
        ],
    )


def over(say: Say) -> Said:
    """With thanks."""
    event = _expect(say.event, CompanionReleased)
    if not event.began:
        return _no_longer_asked(say)
    if say.relation is Relation.CARRIER:
        return _over_for_carrier(say, event)
    return _over_for_companion(say, event)


def _no_longer_asked(say: Say) -> Said:
    _ = say._
    return Said(
        _("You need not answer any more"),
        [_("It is taken care of. Thank you for thinking about it.")],
    )


def _over_for_carrier(say: Say, event: CompanionReleased) -> Said:
    _ = say._
    companion = say.person(event.companion_id)
    match event.because:
        case ReleasedBecause.SUPPORTED:
            return Said(
                _("You get your answers again"),
                [
                    _(
                        "That has lasted for two weeks, so %(companion)s need not run alongside any"
                        " more. A word of thanks is always welcome.",
                        companion=companion,
                    ),
                    _("Should it come back, we notice. You need not ask for it."),
                ],
            )
        case ReleasedBecause.REPLACED:
            return Said(
                _("Somebody else runs alongside you soon"),
                [
                    _(
                        "%(companion)s has let go. We are asking somebody else, or somebody has"
                        " agreed already.",
                        companion=companion,
                    )
                ],
            )
        case (
            ReleasedBecause.ENDED
            | ReleasedBecause.LEFT
            | ReleasedBecause.AWAY
            | ReleasedBecause.DECLINED
        ):
            return Said(
                _("%(companion)s can't run alongside you any more", companion=companion),
                [
                    _(
                        "It is not about you. As long as answers are still missing we ask somebody"
                        " else at once."
                    )
                ],
            )
        case _:
            assert_never(event.because)


def _over_for_companion(say: Say, event: CompanionReleased) -> Said:
    _ = say._
    name = say.person(event.carrier_id)
    heading = _("Thank you for running alongside %(name)s", name=name)
    match event.because:
        case ReleasedBecause.SUPPORTED:
            line = _(
                "%(name)s has had answers again for two weeks now. That is your doing, too.",
                name=name,
            )
        case ReleasedBecause.ENDED:
            line = _("%(name)s says that they can go on by themselves.", name=name)
        case ReleasedBecause.REPLACED:
            line = _(
                "Somebody else takes over, so that it begins afresh. That is nobody's fault, and"
                " what you did was not for nothing."
            )
        case ReleasedBecause.AWAY:
            line = _("You are away for a while, so we ask somebody else meanwhile.")
        case ReleasedBecause.LEFT | ReleasedBecause.DECLINED:
            line = _("It has ended.")
        case _:
            assert_never(event.because)
    return Said(heading, [line, _("There is nothing more that you have to do.")])


def copied(say: Say) -> Said:
    """To the companion: somebody has not answered their carrier."""
    _ = say._
    name, owner = say.carrier(), say.owner()
    step = say.event.step if isinstance(say.event, IssueReminded | IssueEscalated) else Step.ANSWER
    match step:
        case Step.ACKNOWLEDGE:
            line = _("%(owner)s has not said yet whether they take it.", owner=owner)
        case Step.RESOLVE:
            line = _("%(name)s is still without a solution.", name=name)
        case _other:
            line = _("%(name)s is still without an answer.", name=name)
    return Said(
        _("%(name)s is waiting, and an answer is late", name=name),
        [
            line,
            _(
                "You get this copy because you run alongside %(name)s. Perhaps you two ask"
                " %(owner)s what is in the way.",
                name=name,
                owner=owner,
            ),
        ],
        say.brought_in(),
        [Offer(Place.ISSUE, _("See how it stands"))],
    )


def _silent(say: Say, team_ids: Iterable[str]) -> list[str]:
    """The teams from which answers are missing."""
    _ = say._
    names = [name for one in team_ids if (name := say.team(one))]
    if not names:
        return []
    return [_("Answers are missing from: %(teams)s.", teams=_.listed(names))]


def _word(word: CompanionWord, words: str) -> Offer:
    return Offer(Place.COMPANION, words, to=word)


def _expect(event: object, kind: type[_Kind]) -> _Kind:
    """The event that alone leads to such a message."""
    if not isinstance(event, kind):
        raise TypeError(f"{type(event).__name__} is no {kind.__name__}")
    return event
