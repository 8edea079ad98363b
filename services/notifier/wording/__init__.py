"""The words for each reason to tell somebody something, one file for each kind of news."""

from __future__ import annotations

from typing import assert_never

from services.notifier.wording import (
    answers,
    chasing,
    companions,
    digest,
    ending,
    many,
    ownership,
    reach,
    refusal,
    resting,
    together,
    undone,
)
from services.notifier.wording.base import Said, Say
from shared.contracts.notifier import Reason


def what(say: Say, reason: Reason) -> Said:
    """Why we tell, in words, and what the recipient can do."""
    match reason:
        case Reason.RECEIVED:
            return ownership.received(say)
        case Reason.RECEIVED_UNDECIDED:
            return ownership.received_undecided(say)
        case Reason.YOURS:
            return ownership.yours(say)
        case Reason.NEW_OWNER:
            return ownership.new_owner(say)
        case Reason.NO_LONGER_YOURS:
            return ownership.no_longer_yours(say)
        case Reason.COPIED:
            return ownership.copied(say)
        case Reason.HELP:
            return ownership.help_asked(say)
        case Reason.HELPED:
            return ownership.helped(say)
        case Reason.TAKEN:
            return answers.taken(say)
        case Reason.ANSWER:
            return answers.answer(say)
        case Reason.COMMENT:
            return answers.comment(say)
        case Reason.LOOK:
            return answers.look(say)
        case Reason.CORRECTED:
            return answers.corrected(say)
        case Reason.ANSWERED_ELSEWHERE:
            return answers.answered_elsewhere(say)
        case Reason.STILL_CLOSED:
            return answers.still_closed(say)
        case Reason.REMINDER:
            return chasing.reminder(say)
        case Reason.ESCALATION:
            return chasing.escalation(say)
        case Reason.LAPSED:
            return chasing.lapsed(say)
        case Reason.ASKED:
            return resting.asked(say)
        case Reason.RESUMED:
            return resting.resumed(say)
        case Reason.PUT_OFF:
            return resting.put_off(say)
        case Reason.PROMISED:
            return resting.promised(say)
        case Reason.SOLVED:
            return ending.solved(say)
        case Reason.CLOSED:
            return ending.closed(say)
        case Reason.CONFIRMED:
            return ending.confirmed(say)
        case Reason.REOPENED:
            return ending.reopened(say)
        case Reason.WITHDRAWN:
            return ending.withdrawn(say)
        case Reason.MERGED:
            return together.merged(say)
        case Reason.LINKED:
            return together.linked(say)
        case Reason.SEPARATED:
            return together.separated(say)
        case Reason.AWAY:
            return many.away(say)
        case Reason.BACK:
            return many.back(say)
        case Reason.PAUSED:
            return many.paused(say)
        case Reason.UNPAUSED:
            return many.unpaused(say)
        case Reason.UNREACHABLE:
            return reach.unreachable(say)
        case Reason.TEST:
            return reach.trial(say._, say.organisation.name.in_(say.to.language))
        case Reason.REFUSED:
            return refusal.refused(say)
        case Reason.UNDONE:
            return undone.undone(say)
        case Reason.VOIDED:
            return undone.voided(say)
        case Reason.RECEIPT:
            return undone.receipt(say)
        case Reason.COMPANION_OFFERED:
            return companions.offered(say)
        case Reason.COMPANION_WANTED:
            return companions.wanted(say)
        case Reason.COMPANION_ASKED:
            return companions.asked(say)
        case Reason.COMPANION_BEGUN:
            return companions.begun(say)
        case Reason.COMPANION_CHECK:
            return companions.check(say)
        case Reason.COMPANION_CONCERN:
            return companions.concern(say)
        case Reason.COMPANION_OVER:
            return companions.over(say)
        case Reason.COMPANION_COPY:
            return companions.copied(say)
        case Reason.DIGEST:
            return digest.summary(say)
        case Reason.SUBSCRIBED:
            raise ValueError("another system reads the event itself")
        case _ as never:
            assert_never(never)
