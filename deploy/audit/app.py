"""Wires the auditor that runs beside the services."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

from deploy.audit.auditor import Auditor
from deploy.audit.databases import Databases
from deploy.audit.deadman import DeadMan
from deploy.audit.figures import Figures
from deploy.audit.settings import AuditSettings
from shared import clock, logs, service
from shared.streams import look

log = logs.get(__name__)

PAUSE_RATIO = 4.0
"""An audit that takes long is followed by a longer pause: a fifth of the time at the most."""
LATE_AFTER = 5
"""So many times the usual pause without a complete audit, and it is not ready any more."""
LEAST_LATE = timedelta(minutes=5)


async def serve(settings: AuditSettings) -> None:
    """Audits until it is told to stop. What can't be finished is tried again, and not signalled."""
    registry = service.prepare("audit", settings)
    watch = _Watch(settings, Figures(registry))
    databases = Databases(settings.audit_databases)
    auditor = Auditor(
        databases,
        partial(look, settings.nats_url, settings.nats_seed),
        memory=settings.audit_memory,
        full_every=settings.audit_full_every,
        second_look=settings.audit_second_look,
    )

    async def close() -> None:
        databases.close()

    await service.keep_doing(
        settings,
        registry,
        checks={"audit": lambda: watch.is_fresh},
        ticks=[lambda: watch.keep_auditing(auditor)],
        close=close,
    )


class _Watch:
    def __init__(self, settings: AuditSettings, figures: Figures) -> None:
        url, fail_url = settings.deadman_url, settings.deadman_fail_url
        self._deadman = DeadMan(url, fail_url) if url else None
        self._every_s = settings.audit_every.total_seconds()
        self._repairs = settings.audit_repairs
        self._figures = figures
        self._complete_s: float | None = None
        self._took_s = 0.0

    @property
    def is_fresh(self) -> bool:
        """Whether an audit has run to its end lately."""
        if self._complete_s is None:
            return False
        late_s = max(LATE_AFTER * self._pause_s, LEAST_LATE.total_seconds())
        return clock.elapsed_s() - self._complete_s < late_s

    @property
    def _pause_s(self) -> float:
        return max(self._every_s - self._took_s, PAUSE_RATIO * self._took_s)

    async def keep_auditing(self, auditor: Auditor) -> None:
        while True:
            await self.try_to_audit(auditor)
            await asyncio.sleep(self._pause_s)

    async def try_to_audit(self, auditor: Auditor) -> None:
        """One that can't be finished, as while NATS is down, proves nothing and signals nothing."""
        try:
            await self._audit(auditor)
        except Exception as error:
            self._figures.incomplete()
            log.error("audit.incomplete", error=repr(error)[:500])

    async def _audit(self, auditor: Auditor) -> None:
        audit = await auditor.audit(repair=self._repairs)
        self._complete_s, self._took_s = clock.elapsed_s(), audit.took_s
        self._figures.keep(audit)
        if audit.broken:
            log.error("audit.broken", **audit.broken)
        elif audit.full:
            log.info("audit.complete", full=True, took_s=round(audit.took_s, 2))
        if self._deadman is not None:
            self._figures.signalled(heard=await self._deadman.hears_that(audit.broken))
