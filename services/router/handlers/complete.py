"""What is missing from a request, or can't be."""

from __future__ import annotations

from typing import assert_never

from services.router import lifecycle, rota
from services.router.handlers import waits
from services.router.lifecycle import Issue
from services.router.store import Desk
from shared.contracts.intake import (
    ActionRequested,
    Correction,
)
from shared.contracts.issue import (
    Action,
    Refusal,
    Source,
)
from shared.contracts.organisation import Organisation


def incomplete(
    issue: Issue, request: ActionRequested, desk: Desk, other: Issue | None
) -> Refusal | None:
    """What is missing from a request, or can't be."""
    organisation, who = desk.organisation, request.person_id
    match request.action:
        case Action.DECLINE | Action.HAND_OVER:
            if request.action == Action.DECLINE and request.reason is None:
                return Refusal.INCOMPLETE
            return _unfit(issue, who, request.proposed, desk)
        case Action.ANSWER:
            return None if (request.text or "").strip() else Refusal.INCOMPLETE
        case Action.RESOLVE:
            # "done" by mail names no cause, and whoever solved it is not sent back for one
            by_mail = request.source is Source.EMAIL and request.cause is None
            known = by_mail or request.cause in organisation.cause
            return None if known else Refusal.INCOMPLETE
        case Action.CORRECT:
            return _uncorrectable(request.correction, organisation)
        case Action.ANSWERED_ELSEWHERE:
            gave = request.proposed or issue.owner_id
            carriers = (issue.carrier_id, issue.reporter_id)
            may = gave in organisation.person and (gave not in carriers or gave == issue.owner_id)
            return None if may else Refusal.NO_SUCH_OWNER
        case Action.SNOOZE | Action.WAIT | Action.RESUME | Action.PROMISE:
            return waits.unfit(issue, request, desk)
        case Action.TAKE:
            carries = who in (issue.carrier_id, issue.reporter_id)
            return Refusal.BACK_TO_CARRIER if carries and who != issue.owner_id else None
        case Action.ASK:
            return _no_help(issue, who, request.proposed, organisation)
        case Action.MERGE | Action.LINK:
            if not request.into:
                return Refusal.INCOMPLETE
            return lifecycle.unjoinable(issue, other, who, organisation.leader)
        case (
            Action.ACKNOWLEDGE | Action.CONFIRM | Action.REOPEN | Action.WITHDRAW | Action.SEPARATE
        ):
            return None
        case Action.UNDO | Action.DECOY:
            return None  # checked against what was done
        case _:
            assert_never(request.action)


def _uncorrectable(correction: Correction | None, organisation: Organisation) -> Refusal | None:
    """A correction says something, and nothing that the organisation does not know."""
    if correction is None or correction == Correction():
        return Refusal.INCOMPLETE
    product, category, summary = correction.product, correction.category, correction.summary
    fits = (
        (product is None or product in organisation.product)
        and (category is None or category in organisation.category)
        and (summary is None or summary.strip())
    )
    return None if fits else Refusal.INCOMPLETE


def _unfit(issue: Issue, who: str, proposed: str | None, desk: Desk) -> Refusal | None:
    """Why the proposed next owner can't be it. It never falls back on the carrier."""
    organisation = desk.organisation
    if not proposed:
        return Refusal.INCOMPLETE
    if rota.named(proposed, organisation, desk.now) is None:
        return Refusal.NO_SUCH_OWNER
    if proposed not in organisation.person:
        return None
    if proposed in (issue.carrier_id, issue.reporter_id):
        return Refusal.BACK_TO_CARRIER
    if proposed == who or (proposed in issue.declined_by and who != organisation.leader):
        return Refusal.ALREADY_DECLINED
    return None


def _no_help(
    issue: Issue, who: str, proposed: str | None, organisation: Organisation
) -> Refusal | None:
    """Why this colleague can't be asked for help."""
    if not proposed:
        return Refusal.INCOMPLETE
    if proposed not in organisation.person:
        return Refusal.NO_SUCH_OWNER
    if proposed in (issue.carrier_id, issue.reporter_id):
        return Refusal.BACK_TO_CARRIER
    return Refusal.ALREADY_DECLINED if proposed in (who, issue.owner_id) else None
