"""The form elsewhere: in another site's frame, and on paper as a QR code."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import segno
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException

from services.intake.door import Door
from services.intake.history import Eyes
from services.intake.web.form import FRAMED
from services.intake.web.pages import page, page_language
from services.intake.web.status import NotForYou
from shared import clock
from shared.language import Words
from shared.links import LinkInvalid, Purpose

WAIT_FOR_OWNER_S = 0.8
_KINDS = {"svg": "image/svg+xml", "png": "image/png"}
_QUIET_ZONE = 4
"""Modules of white around a code, as ISO/IEC 18004 wants them."""
_PIXELS = 12
"""Of a module: at 300 dots per inch a code is about 4 cm wide."""


@get(f"{FRAMED}/{{token:str}}", include_in_schema=False)
async def show_received(request: Request[Any, Any, Any], token: str, door: Door) -> Response[str]:
    """What stands in the frame after the form. It shows little and acts on nothing, so that no
    site can make people press what they don't see."""
    link = door.links.read(Purpose.STATUS, token, clock.now())
    view = await door.look(link.issue_id)
    if view is None:
        raise LinkInvalid
    if door.eyes(link.person_id, view) is Eyes.NOBODY:
        raise NotForYou
    _ = page_language(request, door.organisation.language)
    view = await door.wait_until_owned(view, WAIT_FOR_OWNER_S)
    return page(
        request,
        "received.html",
        _,
        framed_by=door.organisation.web.embed_on,
        framed=True,
        reference=view.reference,
        summary=view.summary,
        status_url=f"/{Purpose.STATUS}/{token}?lang={_.language}",
        form_url=f"{FRAMED}?lang={_.language}",
    )


@get("/share", include_in_schema=False)
async def show_ways(request: Request[Any, Any, Any], door: Door) -> Response[str]:
    """How to bring the form to people: a snippet for a site, and codes to print."""
    organisation = door.organisation
    _ = page_language(request, organisation.language)
    return page(
        request,
        "share.html",
        _,
        organisation=organisation,
        snippet=snippet(door, _),
        form_url=partial(form_url, door),
        code_url=code_url,
    )


@get(["/qr.svg", "/qr.png"], include_in_schema=False)
async def show_code_of_form(request: Request[Any, Any, Any], door: Door) -> Response[bytes]:
    """The code of the form itself."""
    return _code(request, door, "", request.url.path.rpartition(".")[2])


@get("/qr/{name:str}", include_in_schema=False)
async def show_code(request: Request[Any, Any, Any], name: str, door: Door) -> Response[bytes]:
    """The code of the form for a product: `/qr/aquanote.svg`, with `?category=` if wanted."""
    product, _, kind = name.rpartition(".")
    if product not in door.organisation.product:
        raise NotFoundException
    return _code(request, door, product, kind)


def form_url(door: Door, product: str = "", category: str = "") -> str:
    """The form with product and category chosen; it opens in the reader's language."""
    said = {"product": product, "category": category}
    query = urlencode({name: value for name, value in said.items() if value})
    return f"{door.links.base_url}/{f'?{query}' if query else ''}"


def snippet(door: Door, _: Words) -> str:
    """The lines that put the form on another site."""
    home = door.links.base_url
    product = next((one.id for one in door.organisation.products), "")
    return (
        f'<script src="{home}/static/embed.js" data-product="{product}"'
        f' data-lang="{_.language}" async></script>\n'
        f'<noscript><a href="{home}/">{_("Bring in a problem")}</a></noscript>'
    )


def code_url(kind: str, product: str = "", category: str = "") -> str:
    query = f"?{urlencode({'category': category})}" if category else ""
    return f"/qr/{product}.{kind}{query}" if product else f"/qr.{kind}{query}"


def _code(request: Request[Any, Any, Any], door: Door, product: str, kind: str) -> Response[bytes]:
    category = request.query_params.get("category", "")
    if kind not in _KINDS or (category and category not in door.organisation.category):
        raise NotFoundException
    drawn = BytesIO()
    code = segno.make_qr(form_url(door, product, category), error="m")
    code.save(drawn, kind=kind, border=_QUIET_ZONE, scale=_PIXELS, light="#ffffff")
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(drawn.getvalue(), media_type=_KINDS[kind], headers=headers)
