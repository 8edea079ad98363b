"""Say more about an issue, and have something done with it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from hashlib import sha256
from uuid import uuid4

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.intake.api.body import fingerprint, read, read_key
from services.intake.api.guard import Caller, caller_of, find_issue, speaker
from services.intake.api.issues import API, issue_out, keep
from services.intake.api.models import (
    ActionAccepted,
    ActionIn,
    CommentAccepted,
    CommentIn,
    CorrectionIn,
    IssueOut,
)
from services.intake.api.problems import AnyRequest, Problem, language_of_request
from services.intake.days import evening_of, morning_of, today
from services.intake.door import Door
from services.intake.store import Shelf, Submitted, View
from services.intake.submission import KeyReused, in_company_time, named
from services.intake.view import refusal_text
from shared import clock
from shared.contracts.event import Event
from shared.contracts.intake import ActionRequested, Correction, MessageReceived
from shared.contracts.issue import Action, Refusal, Source, Standing
from shared.contracts.organisation import Organisation
from shared.contracts.router import ActionRefused
from shared.journal import Cause
from shared.language import Words

WAIT_FOR_ANSWER_S = 3.0
"""The router has decided by then, unless it is down."""


async def comment(
    request: AnyRequest, reference: FromPath[str], door: NamedDependency[Door]
) -> Response[CommentAccepted]:
    """Answers once the words are stored for good."""
    _ = language_of_request(request)
    caller = caller_of(request)
    key = read_key(request)
    view, _eyes = await find_issue(reference, caller, door, _)
    said, files = await read(request, CommentIn, part="comment")
    person_id = await speaker(said.person, caller, door, _)
    message = MessageReceived(
        occurred_at=clock.now(),
        issue_id=view.issue_id,
        person_id=person_id,
        source=Source.API,
        standing=Standing.VOUCHED,
        text=said.text,
        attachments=await keep(files, door, _),
    )
    event_id = await _say_once(message, view, key, fingerprint(said, files), caller, door)
    return Response(
        CommentAccepted(reference=view.reference, event_id=event_id),
        headers={"Location": f"{API}/issues/{view.reference}"},
    )


async def act(
    request: AnyRequest, reference: FromPath[str], door: NamedDependency[Door]
) -> Response[IssueOut] | Response[ActionAccepted]:
    """Waits a moment for what comes of it."""
    _ = language_of_request(request)
    caller = caller_of(request)
    key = read_key(request)
    view, eyes = await find_issue(reference, caller, door, _)
    said, _files = await read(request, ActionIn)
    person_id = await speaker(said.person, caller, door, _)
    until = _until(said, person_id, door.organisation)
    if until is not None and (until <= clock.now() or _is_over(said, person_id, door)):
        raise _refused(Refusal.BAD_DATE, _)
    wish = ActionRequested(
        occurred_at=clock.now(),
        issue_id=view.issue_id,
        person_id=person_id,
        action=said.action,
        text=said.text,
        reason=said.reason,
        proposed=said.proposed,
        cause=said.cause,
        source=Source.API,
        standing=Standing.VOUCHED,
        correction=_correction(said.correction, door) if said.correction else None,
        until=until,
        waiting_for=said.waiting_for,
        into=await _other(said.into, caller, door, _),
    )
    event_id = await _say_once(wish, view, key, fingerprint(said, ()), caller, door)
    happened = await door.wait_for_answer(event_id, WAIT_FOR_ANSWER_S)
    if not happened:
        waiting = ActionAccepted(reference=view.reference, event_id=event_id)
        return Response(waiting, status_code=202)
    now = await door.look(view.issue_id) or view
    refused = next((one for one in happened if one.subject == ActionRefused.subject), None)
    if refused is not None:
        seen = await door.see(now, eyes, _, caller.person_id or "")
        refusal = Refusal(refused.said["refusal"])
        detail = refusal_text(refusal, seen.owner, _)
        raise Problem(409, _("It was not done"), detail, refusal=refusal)
    return Response(await issue_out(now, eyes, caller, door, _))


def _refused(refusal: Refusal, _: Words) -> Problem:
    return Problem(409, _("It was not done"), refusal_text(refusal, None, _), refusal=refusal)


def _until(said: ActionIn, person_id: str, organisation: Organisation) -> datetime | None:
    """A day is a morning or an evening of that person's own work, as the action needs it."""
    day = said.until
    if day is None or isinstance(day, datetime):
        return in_company_time(day, organisation)
    calendar = organisation.calendar_of(person_id)
    return (morning_of if said.action is Action.SNOOZE else evening_of)(day, calendar)


def _is_over(said: ActionIn, person_id: str, door: Door) -> bool:
    """Whether a day is past where they work; its morning may still come, as on a Monday."""
    if said.until is None or isinstance(said.until, datetime):
        return False
    return said.until < today(clock.now(), door.organisation.calendar_of(person_id))


async def _other(said: str | None, caller: Caller, door: Door, _: Words) -> str | None:
    """The id of the other issue; what this caller may not see isn't there."""
    if said is None:
        return None
    try:
        view, _eyes = await find_issue(said, caller, door, _)
    except Problem as error:
        raise _refused(Refusal.NO_SUCH_ISSUE, _) from error
    return view.issue_id


async def _say_once(
    event: MessageReceived | ActionRequested,
    view: View,
    key: str | None,
    content: str,
    caller: Caller,
    door: Door,
) -> str:
    """Says it, and tells the id of the event. Sent again under the same key it is said once."""
    kind = event.subject.split(".")[0]
    request_id = f"{caller.key}/{key}" if key is not None else uuid4().hex
    name = sha256(f"{view.issue_id}/{request_id}".encode()).hexdigest()[:32]
    content = f"{content}/{event.person_id}"
    submitted = Submitted(f"{kind}/{name}", content, view.issue_id, event.occurred_at)
    cause: Cause[Shelf] = Cause(
        f"{kind}/{name}/{content}", partial(_decide, event, submitted), hold=True
    )
    settled = await door.settle(cause)
    return settled.said[0].event_id


def _decide(event: Event, submitted: Submitted, shelf: Shelf) -> list[Event]:
    """Raises KeyReused where the key stood for something else."""
    before = shelf.submissions.get(submitted.key)
    if before is not None and before.fingerprint != submitted.fingerprint:
        raise KeyReused
    shelf.submissions.put(submitted)
    return [event]


def _correction(said: CorrectionIn, door: Door) -> Correction:
    organisation = door.organisation
    return Correction(
        summary=said.summary,
        product=named(said.product, organisation, "products"),
        category=named(said.category, organisation, "categories"),
        urgency=said.urgency,
        customer=said.customer,
        needed_by=in_company_time(said.needed_by, organisation),
    )
