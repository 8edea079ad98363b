"""One line per decision: an event name and fields, as JSON for machines or text for people."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, Literal

import structlog

from shared import clock

Log = structlog.stdlib.BoundLogger

Format = Literal["json", "text"]


def _stamp(_: Any, __: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
    fields["at"] = clock.now().isoformat(timespec="milliseconds")
    return fields


def _dumps(fields: Any, **kwargs: Any) -> str:
    return json.dumps(fields, ensure_ascii=False, default=kwargs.get("default"))


def configure(service: str, *, level: str = "info", style: Format = "text") -> None:
    """Sends this process's log to standard error, the standard library's included."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if style == "json"
        else structlog.processors.LogfmtRenderer(key_order=["at", "level", "service", "event"])
    )

    def name_service(_: Any, __: str, fields: structlog.typing.EventDict) -> Any:
        fields["service"] = service
        return fields

    before: list[structlog.typing.Processor] = [
        name_service,
        structlog.stdlib.add_log_level,
        _stamp,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=before,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in (
        "nats",
        "uvicorn",
        "uvicorn.access",
        "mail.log",
        "alembic",
        "faststream",
        "httpx",  # its lines have whole addresses, which may be secret
        "httpcore",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def get(name: str) -> Log:
    """A logger; call it as `log.info("issue.assigned", issue=..., owner=...)`."""
    logger: Log = structlog.get_logger(name)
    return logger
