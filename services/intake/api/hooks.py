"""Other systems' messages, which become issues as the organisation file says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import sha256

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.intake.api.body import read_document, read_key
from services.intake.api.guard import Caller, caller_of
from services.intake.api.issues import API, keep, long_text, status_link
from services.intake.api.mapping import (
    Draft,
    NobodyReports,
    PathMissing,
    concerns,
    is_over,
    read_draft,
)
from services.intake.api.models import HookOut
from services.intake.api.problems import AnyRequest, Problem, faulty, language_of_request
from services.intake.attachments import File
from services.intake.door import Door
from services.intake.store import Shelf
from services.intake.submission import Submission, accept, new_reference, person_of
from shared import logs
from shared.contracts.event import MAX_TEXT, Event
from shared.contracts.intake import IssueRaised, MessageReceived
from shared.contracts.issue import Source, Standing, State
from shared.contracts.organisation import Hook
from shared.journal import Cause
from shared.language import Words, known_language, language_of

log = logs.get(__name__)

_PAYLOAD = "payload.json"


async def take_message(
    request: AnyRequest, hook_id: FromPath[str], door: NamedDependency[Door]
) -> Response[HookOut]:
    """One issue for each thing that the other system speaks of, however often it does."""
    _ = language_of_request(request)
    caller = caller_of(request)
    hook = door.organisation.hook.get(hook_id)
    if hook is None:
        remedy = _("Check the address; the organisation file names them under `hooks:`.")
        raise Problem(404, _("There is no such hook"), remedy)
    key = read_key(request)
    document, raw = await read_document(request)
    if not concerns(hook, document):
        return _ignored()
    draft = _draft(hook, document, caller, door, _)
    submission = await _submission(hook, draft, raw, key, door, _)
    over = is_over(hook, document)
    decide = partial(deliver, submission, over=over, quiet=not (over or hook.tells))
    settled = await door.settle(Cause(submission.cause_id, decide, submission, hold=True))
    said = next(
        (
            kind.from_message(one.payload)
            for one in settled.said
            for kind in (IssueRaised, MessageReceived)
            if one.subject == kind.subject
        ),
        None,
    )
    if said is None:
        return _ignored()
    view = await door.look(said.issue_id)
    assert view is not None
    is_new = isinstance(said, IssueRaised) and not settled.repeated
    log.info("hook.taken", hook=hook.id, issue=view.issue_id, new=is_new)
    status_url = status_link(view.issue_id, view.raised_at, caller, door)
    answer = HookOut(
        status="raised" if is_new else "known", reference=view.reference, status_url=status_url
    )
    return Response(
        answer,
        status_code=201 if is_new else 200,
        headers={"Location": f"{API}/issues/{view.reference}"},
    )


def _ignored() -> Response[HookOut]:
    return Response(HookOut(status="ignored"), status_code=202)


def deliver(
    submission: Submission, shelf: Shelf, *, over: bool = False, quiet: bool = True
) -> Sequence[Event]:
    """An issue for what is new. While that is open, another message about it is one more line of
    its history, which nobody is told of where it is `quiet`; once it is closed, it is a new issue,
    unless the message only says that it is `over`."""
    before = shelf.submissions.get(submission.key)
    view = shelf.views.get(before.issue_id) if before else None
    if view is None or view.state is State.CLOSED:
        return [] if over else accept(submission, shelf)
    person_id, known = person_of(
        submission.reporter_address, submission.reporter_name, submission.language, shelf
    )
    again = MessageReceived(
        occurred_at=shelf.now,
        issue_id=view.issue_id,
        person_id=person_id,
        source=Source.API,
        standing=Standing.VOUCHED,
        text=_words(submission, over)[:MAX_TEXT],
        text_sha256=submission.description_sha256,
        attachments=submission.attachments,
        quiet=quiet,
    )
    return [*known, again]


def _words(submission: Submission, over: bool) -> str:
    if not over:
        return submission.description
    _ = Words(known_language(submission.language, "ja"))
    return _("This is over:") + "\n" + submission.description


def _draft(hook: Hook, document: object, caller: Caller, door: Door, _: Words) -> Draft:
    try:
        return read_draft(hook, document, door.organisation, caller.person_id)
    except PathMissing as error:
        problem = _("nothing is there that could be used")
        raise faulty([{"field": error.path, "problem": problem}], _) from error
    except NobodyReports as error:
        raise Problem(
            422,
            _("It is not said who speaks"),
            _("Name a `reporter:` for this hook in the organisation file."),
        ) from error


async def _submission(
    hook: Hook, draft: Draft, raw: bytes, key: str | None, door: Door, _: Words
) -> Submission:
    """Two messages of the same key are about the same thing; without one, equal bytes are."""
    content = sha256(raw).hexdigest()
    same = draft.key or key or content
    name = sha256(same.encode("utf-8", "replace")).hexdigest()[:32]
    guessed = language_of(f"{draft.summary}\n{draft.description}") or door.organisation.language
    return Submission(
        source=Source.API,
        submission_id=f"hook/{hook.id}/{name}",
        fingerprint=content[:32],
        summary=draft.summary,
        description=draft.description,
        description_sha256=await long_text(draft.description, MAX_TEXT, door),
        reporter_name=draft.reporter_name,
        reporter_address=draft.reporter_address,
        language=known_language(hook.language, guessed),
        reference=new_reference(),
        product=draft.product,
        category=draft.category,
        urgency=draft.urgency,
        customer=draft.customer,
        attachments=await keep([File(_PAYLOAD, "application/json", raw)], door, _),
    )
