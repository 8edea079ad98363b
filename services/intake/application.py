"""The web application: pages, API and their documentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from services.intake.api.problems import say_http_problem
from services.intake.api.v1 import API, api
from services.intake.door import Door
from services.intake.web.act import show_action, take_action
from services.intake.web.attached import show_attachment, show_mail
from services.intake.web.embed import show_code, show_code_of_form, show_received, show_ways
from services.intake.web.files import show_file
from services.intake.web.form import show_form, take_form
from services.intake.web.guard import Guard
from services.intake.web.inbox import show_inbox
from services.intake.web.pages import say_trouble
from services.intake.web.posted import most_bytes
from services.intake.web.speak import show_wish, take_message, take_wish
from services.intake.web.status import NotForYou, say_bad_link, say_not_for_you, show_status
from shared.links import LinkExpired, LinkInvalid


def web(door: Door, guard: Guard, token_hashes: Sequence[str], largest_request: int) -> Litestar:
    """An ASGI application."""
    with_files = Router(
        "/",
        route_handlers=[show_form, take_form, show_status, take_message],
        request_max_body_size=most_bytes(door.limits),
    )
    handlers: list[Any] = [
        with_files,
        show_received,
        show_ways,
        show_code,
        show_code_of_form,
        show_wish,
        take_wish,
        show_attachment,
        show_mail,
        show_action,
        take_action,
        show_inbox,
        api(token_hashes),
        show_file,
    ]
    return Litestar(
        handlers,
        dependencies={
            "door": Provide(lambda: door, sync_to_thread=False),
            "guard": Provide(lambda: guard, sync_to_thread=False),
        },
        request_max_body_size=largest_request,
        exception_handlers={
            LinkInvalid: say_bad_link,
            LinkExpired: say_bad_link,
            NotForYou: say_not_for_you,
            HTTPException: _refuse,
            Exception: say_trouble,
        },
        openapi_config=OpenAPIConfig(
            title="Banso",
            version="1",
            description="Bring in issues and see what becomes of them.",
            path=f"{API}/openapi.json",
            render_plugins=[JsonRenderPlugin(path="/")],
            components=Components(
                security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
            ),
        ),
        logging_config=None,
    )


def _refuse(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What has no route: for programs as a problem, for people as a page."""
    is_for_programs = request.url.path.startswith(f"{API}/")
    return say_http_problem(request, error) if is_for_programs else say_trouble(request, error)
