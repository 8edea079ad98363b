"""The page of one issue, by signed link and without a login."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from services.intake.door import Door
from services.intake.web.pages import page, page_language, say_trouble
from shared import clock
from shared.links import LinkExpired, LinkInvalid, Purpose

WAIT_FOR_OWNER_S = 0.8
"""Most issues have their owner by then, and the page needs no second look."""


@get("/s/{token:str}", include_in_schema=False)
async def show_status(request: Request[Any, Any, Any], token: str, door: Door) -> Response[str]:
    """State, owner, next step and when, history, "chased for you"."""
    link = door.links.read(Purpose.STATUS, token, clock.now())
    _ = page_language(request, door.language(link.person_id))
    view = await door.look(link.issue_id)
    if view is None:
        return say_trouble(request, LinkInvalid())
    new = "new" in request.query_params
    if new:
        view = await door.wait_until_owned(view, WAIT_FOR_OWNER_S)
    seen = await door.see(view, door.eyes(link.person_id, view), _, link.person_id)
    return page(
        request,
        "status.html",
        _,
        seen=seen,
        new=new,
        url=f"/{Purpose.STATUS}/{token}?lang={_.language}",
        zone=door.organisation.calendar_of(link.person_id).zone,
    )


def say_bad_link(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    """A link that is not ours, was cut off, or is too old."""
    _ = page_language(request)
    if isinstance(error, LinkExpired):
        title = _("This link has expired")
        advice = _("Look for a newer message about the same issue and use its link.")
    else:
        title = _("This link is not complete")
        advice = _("Perhaps it was cut off. Copy all of it into the address line.")
    return page(request, "trouble.html", _, 404, title=title, advice=advice)
