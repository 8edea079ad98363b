"""The web application: pages, API and their documentation."""

from __future__ import annotations

from typing import Any, cast

from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.enums import HttpMethod, ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from services.intake.api.document import methods_at
from services.intake.api.issues import API
from services.intake.api.problems import say_http_problem
from services.intake.api.tokens import KnownTokens
from services.intake.api.v1 import api
from services.intake.chat.slack import Slack, slack_routes
from services.intake.door import Door
from services.intake.web.absence import show_absences, take_absence
from services.intake.web.act import show_action, take_action
from services.intake.web.attached import show_attachment, show_look, show_mail, show_text
from services.intake.web.companion import show_companion, take_companion
from services.intake.web.embed import show_code, show_code_of_form, show_received, show_ways
from services.intake.web.figure import show_figure
from services.intake.web.files import show_file
from services.intake.web.form import show_form, take_form
from services.intake.web.guard import Guard
from services.intake.web.inbox import show_inbox
from services.intake.web.mute import show_mute, take_mute
from services.intake.web.pages import say_trouble
from services.intake.web.pause import show_pause, take_pause
from services.intake.web.posted import most_bytes
from services.intake.web.preferences import show_preferences, take_preferences
from services.intake.web.speak import show_wish, take_message, take_wish
from services.intake.web.status import NotForYou, say_bad_link, say_not_for_you, show_status
from services.intake.web.undo import show_undo, take_undo
from shared.links import LinkExpired, LinkInvalid


def web(
    door: Door,
    guard: Guard,
    tokens: KnownTokens,
    largest_request: int,
    most_per_minute: int,
    slack: Slack | None = None,
) -> ASGIApp:
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
        show_text,
        show_look,
        show_action,
        take_action,
        show_inbox,
        show_absences,
        take_absence,
        show_pause,
        take_pause,
        show_undo,
        take_undo,
        show_preferences,
        take_preferences,
        show_mute,
        take_mute,
        show_companion,
        take_companion,
        show_figure,
        *api(tokens, door, largest_request, most_per_minute),
        show_file,
        *([slack_routes(slack)] if slack else []),
    ]
    return _answering_head(
        Litestar(
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
            openapi_config=None,
            logging_config=None,
        )
    )


def _answering_head(application: ASGIApp) -> ASGIApp:
    """HEAD is answered as GET is; the server leaves out the body (RFC 9110, section 9.3.2)."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == HttpMethod.HEAD:
            scope = cast("HTTPScope", {**scope, "method": HttpMethod.GET})
        await application(scope, receive, send)

    return answer


def _refuse(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What has no route: for programs as a problem, for people as a page."""
    path = request.url.path
    if path.startswith(f"{API}/"):
        return say_http_problem(request, error, methods_at(path))
    return say_trouble(request, error)
