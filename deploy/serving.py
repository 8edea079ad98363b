"""One service, or the auditor, in this process; its environment (BANSO_...) tells it everything."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, assert_never

from shared.contracts.event import Speaker
from shared.contracts.traffic import AUDITOR


class Served(StrEnum):
    """What can be run."""

    INTAKE = Speaker.INTAKE
    ROUTER = Speaker.ROUTER
    NOTIFIER = Speaker.NOTIFIER
    METRICS = Speaker.METRICS
    AUDIT = AUDITOR


CODE: Final = (*(f"services.{speaker}.app" for speaker in Speaker), "deploy.audit.app", "uvloop")
"""What `serve` imports."""


def serve(service: Served) -> None:
    """Returns once it has been told to stop."""
    import uvloop

    match service:
        case Served.INTAKE:
            from services.intake import app as intake
            from services.intake.settings import IntakeSettings

            uvloop.run(intake.serve(IntakeSettings()))
        case Served.ROUTER:
            from services.router import app as router
            from services.router.settings import RouterSettings

            uvloop.run(router.serve(RouterSettings()))
        case Served.NOTIFIER:
            from services.notifier import app as notifier
            from services.notifier.settings import NotifierSettings

            uvloop.run(notifier.serve(NotifierSettings()))
        case Served.METRICS:
            from services.metrics import app as metrics
            from services.metrics.settings import MetricsSettings

            uvloop.run(metrics.serve(MetricsSettings()))
        case Served.AUDIT:
            from deploy.audit import app as auditor
            from deploy.audit.settings import AuditSettings

            uvloop.run(auditor.serve(AuditSettings()))
        case _:
            assert_never(service)
