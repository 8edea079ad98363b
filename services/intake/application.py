"""The web application: pages, API and their documentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router

from services.intake.api.v1 import api
from services.intake.door import Door
from services.intake.web.act import show_action, take_action
from services.intake.web.form import show_form, take_form
from services.intake.web.inbox import show_inbox
from services.intake.web.pages import STATIC, say_trouble
from services.intake.web.status import say_bad_link, show_status
from shared.links import LinkExpired, LinkInvalid


def web(door: Door, token_hashes: Sequence[str], largest_request: int) -> Litestar:
    """An ASGI application."""
    handlers: list[Any] = [
        show_form,
        take_form,
        show_status,
        show_action,
        take_action,
        show_inbox,
        api(token_hashes),
        create_static_files_router("/static", [STATIC], include_in_schema=False),
    ]
    return Litestar(
        handlers,
        dependencies={"door": Provide(lambda: door, sync_to_thread=False)},
        request_max_body_size=largest_request,
        exception_handlers={
            LinkInvalid: say_bad_link,
            LinkExpired: say_bad_link,
            Exception: say_trouble,
        },
        openapi_config=OpenAPIConfig(
            title="Banso",
            version="1",
            description="Bring in issues and see what becomes of them.",
            path="/api/v1",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            components=Components(
                security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
            ),
        ),
        logging_config=None,
    )
