"""An old helpdesk's history, brought over in parts. Nobody is told of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime

from litestar import Response
from litestar.di import NamedDependency

from services.intake.api.body import read
from services.intake.api.models import (
    AuthorIn,
    ImportedIssueIn,
    ImportedOut,
    ImportIn,
    ImportOut,
)
from services.intake.api.problems import AnyRequest, language_of_request
from services.intake.door import Door
from services.intake.imported import Author, Bygone, Said, bring_over, whole_of
from services.intake.submission import day_begins, in_company_time, new_reference
from shared import clock, logs
from shared.contracts.intake import IssueImported
from shared.contracts.organisation import Organisation
from shared.journal import Settled
from shared.language import Words, known_language, language_of

log = logs.get(__name__)


async def bring_in(request: AnyRequest, door: NamedDependency[Door]) -> Response[ImportOut]:
    """Tells of each issue what became of it. Sending the same part again is harmless."""
    _ = language_of_request(request)
    said, _files = await read(request, ImportIn)
    organisation = door.organisation
    now = clock.now()
    outcomes: dict[int, ImportedOut] = {}
    wanted: dict[int, Bygone] = {}
    for nth, one in enumerate(said.issues):
        bygone = _bygone(said.system, one, organisation)
        problem = _problem(bygone, now, _)
        if problem:
            outcomes[nth] = ImportedOut(id=one.id, outcome="refused", problem=problem)
        else:
            wanted[nth] = bygone
    for nth, settled in zip(wanted, await _settle(list(wanted.values()), door), strict=True):
        imported = next(
            IssueImported.from_message(one.payload)
            for one in settled.said
            if one.subject == IssueImported.subject
        )
        outcomes[nth] = ImportedOut(
            id=said.issues[nth].id,
            outcome="known" if settled.repeated else "imported",
            reference=imported.reference,
        )
    log.info(
        "import.taken", system=said.system, issues=len(wanted), refused=len(outcomes) - len(wanted)
    )
    return Response(ImportOut(issues=[outcomes[nth] for nth in sorted(outcomes)]))


async def _settle(issues: list[Bygone], door: Door) -> list[Settled]:
    """Raises NotStored where not all of it could be stored; whatever was is known next time."""
    kept = await asyncio.to_thread(
        lambda: [replace(one, whole_sha256=whole_of(one, door.blobs)) for one in issues]
    )
    settled: list[Settled] = []
    for outcome in await asyncio.gather(
        *(door.settle(bring_over(one)) for one in kept), return_exceptions=True
    ):
        if isinstance(outcome, BaseException):
            raise outcome
        settled.append(outcome)
    return settled


def _bygone(system: str, said: ImportedIssueIn, organisation: Organisation) -> Bygone:
    guessed = language_of(f"{said.summary}\n{said.description}") or organisation.language
    return Bygone(
        system=system,
        old_id=said.id,
        source=said.source,
        summary=said.summary,
        description=said.description,
        reporter=_author(said.reporter),
        language=known_language(said.language, guessed),
        raised_at=day_begins(said.raised_at, organisation),
        closed_at=_instant(said.closed_at, organisation),
        reference=new_reference(),
        owner=said.owner,
        customer=said.customer,
        product=said.product,
        category=said.category,
        cause=said.cause,
        urgency=said.urgency,
        remarks=tuple(
            Said(
                _instant(one.at, organisation),
                _author(one.author) if one.author else None,
                one.text,
            )
            for one in said.remarks
        ),
    )


def _author(said: AuthorIn) -> Author:
    return Author(said.name or "", said.email)


def _instant(day: date | datetime, organisation: Organisation) -> datetime:
    found = in_company_time(day, organisation)
    assert found is not None
    return found


def _problem(bygone: Bygone, now: datetime, _: Words) -> str | None:
    """Why it can't be taken."""
    if bygone.closed_at < bygone.raised_at:
        return _("It was closed before it was brought in.")
    if bygone.closed_at > now:
        return _("It closes in the future: bring it in as a new issue.")
    return None
