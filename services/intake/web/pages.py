"""What all pages share: their language, their frame, and what a browser may do with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from services.intake.door import Closed
from services.intake.submission import NotStored
from services.intake.web.posted import AnyRequest, NotReadable
from shared import clock, logs
from shared.contracts.organisation import Language
from shared.language import Words, choose_language, known_language, words

log = logs.get(__name__)

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
)
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
BY_SCRIPT = "x-banso-script"
"""The header by which our script says that it, and not the browser, shows what comes back."""


def page_language(request: AnyRequest, default: Language = "ja") -> Words:
    """What `?lang=` asks for, else what the browser prefers, else `default`."""
    asked = request.query_params.get("lang")
    if asked:
        return words(known_language(asked, default))
    return words(choose_language(request.headers.get("accept-language", ""), default))


def page(
    request: AnyRequest,
    name: str,
    _: Words,
    status: int = 200,
    *,
    framed_by: Sequence[str] = (),
    **values: Any,
) -> Response[str]:
    """The page of a template, which also finds `_`, `time` and the link to the other language.

    `framed_by`: the sites that may show it in a frame of theirs.
    """
    zone = values.pop("zone", "Asia/Tokyo")
    now = clock.now()
    other = "ja" if _.language == "en" else "en"
    query = {key: value for key, value in request.query_params.items() if key != "lang"}
    text = _templates.get_template(name).render(
        _=_,
        many=_.many,
        language=_.language,
        time=lambda instant: _.time(instant, zone, now),
        size=size,
        other_language=other,
        other_language_url=f"?{urlencode({**query, 'lang': other})}",
        **values,
    )
    return Response(
        text,
        status_code=status,
        media_type="text/html",
        headers={
            **_HEADERS,
            "Content-Security-Policy": _POLICY + (" ".join(framed_by) or "'none'"),
            "Content-Language": _.language,
        },
    )


def redirect(request: AnyRequest, url: str) -> Response[Any]:
    """To the page that shows what became of a form."""
    headers = {"Referrer-Policy": "no-referrer"}
    if BY_SCRIPT in request.headers:
        return Response(None, status_code=204, headers={**headers, "Location": url})
    return Redirect(url, status_code=303, headers=headers)


def size(of_bytes: int) -> str:
    """How large a file is, at a glance."""
    if of_bytes < 1024 * 1024:
        return f"{max(1, round(of_bytes / 1024))} KB"
    return f"{of_bytes / 1024 / 1024:.1f} MB"


def say_trouble(request: AnyRequest, error: Exception) -> Response[str]:
    """A page in plain words for whatever could not be done; what is ours goes to the log."""
    _ = page_language(request)
    status = error.status_code if isinstance(error, HTTPException) else 500
    match error:
        case Closed() | NotStored():
            status = 503
            title = _("Banso can't take this just now")
            advice = _("Nothing is lost. Please try again in a minute.")
        case NotReadable():
            status = 400
            title = _("This could not be read")
            advice = _("Please go back, and send the form again.")
        case HTTPException() if status == 413:
            title = _("This is too long")
            advice = _("Please go back, shorten the text or leave out files, and send it again.")
        case HTTPException() if status in (404, 405):
            title = _("There is nothing here")
            advice = _("Perhaps the link was cut off. Copy all of it into the address line.")
        case HTTPException() if status < 500:
            title = _("This could not be read")
            advice = _("Please go back, and send the form again.")
        case _other:
            status = 500
            log.error("page.failed", method=request.method, error=repr(error), exc_info=error)
            title = _("Something went wrong on our side")
            advice = _("Those who run Banso have been told. Please try again.")
    return page(request, "trouble.html", _, status, title=title, advice=advice)
