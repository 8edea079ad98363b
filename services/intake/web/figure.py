"""What is said of how the company answers somebody: a page that only they get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from services.intake import store
from services.intake.door import Door
from services.intake.names import Names, state_text
from services.intake.store import Alongside, Companionship, Figure, View
from services.intake.web.offers import may_say_answered
from services.intake.web.own import own_pages
from services.intake.web.pages import page, page_language
from shared import clock
from shared.contracts.issue import Action, Snapshot
from shared.contracts.metrics import Evidence, Level
from shared.evidence import sentences
from shared.language import Words
from shared.links import LinkInvalid, Purpose

MOST_ISSUES = 100
USUAL, ACTS_FROM = 5, 30
"""In percent: where everybody begins, and from where on Banso does something."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open issue of theirs, and where they say that they have their answer."""

    reference: str
    summary: str
    state_text: str
    owner: str
    url: str
    answered_url: str


@get("/g/{token:str}", include_in_schema=False)
async def show_figure(request: Request[Any, Any, Any], token: str, door: Door) -> Response[Any]:
    """The figure in words, what it is made of, what Banso does about it, and how to correct it."""
    link = door.links.read(Purpose.FIGURE, token, clock.now())
    if link.person_id not in door.organisation.person:
        raise LinkInvalid
    _ = page_language(request, door.language(link.person_id))
    figure, known, views = await door.read(
        lambda connection: (
            store.figure_of(connection, link.person_id),
            store.companionship_of_carrier(connection, link.person_id),
            store.carried_by(connection, link.person_id, MOST_ISSUES, confidential=True),
        )
    )
    organisation, names = door.organisation, Names(door.organisation, _)
    evidence = [Evidence.model_validate(one) for one in figure.why] if figure is not None else []
    return page(
        request,
        "figure.html",
        _,
        heading=heading_of(figure, _),
        figure=figure if figure is not None and figure.level is not None else None,
        percent=round(100 * figure.score) if figure is not None else None,
        usual=USUAL,
        acts_from=ACTS_FROM,
        towards=sentences([one for one in evidence if one.weight > 0], organisation, _.language),
        away=sentences([one for one in evidence if one.weight <= 0], organisation, _.language),
        what_happens=what_happens(figure, known, names, _),
        companion_url=_companion_url(link.person_id, known, door, _),
        waiting=[_waiting(view, link.person_id, door, names, _) for view in views],
        zone=organisation.calendar_of(link.person_id).zone,
        **own_pages(link.person_id, door),
    )


def heading_of(figure: Figure | None, _: Words) -> str:
    """The figure in a sentence about the company."""
    if figure is None:
        return _("Nothing is known that would be unusual")
    match figure.level:
        case Level.WATCH:
            return _("Some answers take longer for you than for others")
        case Level.ASK:
            return _("Answers come clearly more slowly to you than to others")
        case Level.ALARM:
            return _("You hardly get any answers")
    return _("You are answered as others are")


def what_happens(
    figure: Figure | None, known: Companionship | None, names: Names, _: Words
) -> list[str]:
    """What Banso does about it now."""
    level = figure.level if figure is not None else None
    lines: list[str] = []
    if level is not None:
        lines.append(
            _("Where work waits in line, your issues come before others of the same urgency.")
        )
    if level == Level.ALARM:
        lines.append(_("Those who lead the teams that do not answer have been told."))
    if known is not None and known.stage != Alongside.OVER:
        lines.append(_alongside(known, names, _))
    return lines or [_("Nothing: there is no need to.")]


def _alongside(known: Companionship, names: Names, _: Words) -> str:
    match known.stage:
        case Alongside.OFFERED:
            return _("You are asked whether you would like somebody to run alongside.")
        case Alongside.SEARCHING:
            return _("We are asking a colleague whether they would run alongside you.")
    return _("%(companion)s runs alongside you.", companion=names.person(known.companion_id))


def _companion_url(person_id: str, known: Companionship | None, door: Door, _: Words) -> str:
    if known is None or known.stage == Alongside.OVER:
        return ""
    url = door.links.companion(known.companionship_id, person_id, clock.now())
    return f"{url}?lang={_.language}"


def _waiting(view: View, person_id: str, door: Door, names: Names, _: Words) -> Waiting:
    snapshot = Snapshot.model_validate_json(view.snapshot) if view.snapshot else None
    now = clock.now()
    answered_url = ""
    if snapshot is not None and may_say_answered(snapshot, person_id):
        what = Action.ANSWERED_ELSEWHERE
        url = door.links.action(view.issue_id, person_id, what, snapshot.assignment, now)
        answered_url = f"{url}?lang={_.language}"
    return Waiting(
        view.reference,
        view.summary,
        state_text(view.state, _),
        names.owner(snapshot).name if snapshot is not None else "",
        f"{door.links.status(view.issue_id, person_id, now)}?lang={_.language}",
        answered_url,
    )
