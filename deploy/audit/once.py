"""One audit, for somebody who waits for it."""

from __future__ import annotations

from functools import partial

from deploy.audit.auditor import Audit, Auditor
from deploy.audit.databases import Databases
from deploy.audit.settings import AuditSettings
from shared.streams import look


async def audit_once(settings: AuditSettings, *, full: bool, repair: bool) -> Audit:
    """Goes on from where the last one stopped, unless all is asked for. Raises NoServer, and
    SQLAlchemy's errors."""
    databases = Databases(settings.audit_databases)
    auditor = Auditor(
        databases,
        partial(look, settings.nats_url, settings.nats_seed),
        memory=settings.audit_memory,
        full_every=settings.audit_full_every,
        second_look=settings.audit_second_look,
    )
    try:
        return await auditor.audit(full=full, repair=repair)
    finally:
        databases.close()
