"""Proves the promises about issues: who has them, what happens next, and what people are shown."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.audit import checks
from deploy.audit.checks import OpenIssue, Unrouted, Version
from deploy.audit.databases import Databases, RouterFacts
from deploy.audit.promises import Finding, Promise


@dataclass(frozen=True, slots=True)
class Standing:
    """How issues stand at one look."""

    findings: tuple[Finding, ...]
    unowned: timedelta
    """How long the oldest accepted issue has been without an owner; zero where all have one."""
    stepless: timedelta
    """How long the oldest open issue has been without a next step; zero where all have one."""


async def prove(databases: Databases, now: datetime, *, full: bool) -> Standing:
    """Whoever speaks first is read first, so that its hearers are read at least as new."""
    router = await asyncio.to_thread(databases.router, now, full=full)
    stepless = checks.next_step(router.open)
    on_pages, unowned = await _pages(databases, router, now, full=full)
    deliveries = await asyncio.to_thread(databases.notifier, full=full)
    findings = [
        *await _owners(databases, router),
        *stepless,
        *checks.step_taken(router.open, now, paused=router.paused),
        *checks.work(router.in_hand_s, router.open),
        *checks.on_time(Promise.ABSENCE, router.absences, now),
        *checks.on_time(Promise.PAUSE, router.pauses, now),
        *checks.on_time(Promise.ALONGSIDE, router.alongside, now),
        *on_pages,
        *checks.told(deliveries.pending, deliveries.confirmations, now),
    ]
    return Standing(
        tuple(findings),
        unowned=_longest([one.raised_at for one in unowned], now),
        stepless=_longest([one.since for one in stepless if one.since], now),
    )


async def _owners(databases: Databases, router: RouterFacts) -> list[Finding]:
    if router.organisation is None:  # nothing is decided before the first one
        return []
    own = [one.issue_id for one in router.open if one.owner_id == one.carrier_id]
    because = await asyncio.to_thread(databases.because, own)
    people = frozenset(router.organisation.person)
    return checks.owner(router.open, people, router.organisation.leader, because)


async def _pages(
    databases: Databases, router: RouterFacts, now: datetime, *, full: bool
) -> tuple[list[Finding], list[Unrouted]]:
    """Between router and pages, both ways; with it the issues that have no owner yet."""
    intake = await asyncio.to_thread(databases.intake)
    true = {one.issue_id: _version(one) for one in router.open}
    others = [issue_id for issue_id in intake.shown if issue_id not in true]
    for version in await asyncio.to_thread(databases.versions, others):
        true[version.issue_id] = version
    lacking = [issue_id for issue_id in true if issue_id not in intake.shown]
    seen = {**intake.shown, **await asyncio.to_thread(databases.shown, lacking)}
    waiting = [*intake.waiting, *(await _closed_ones(databases, true, seen) if full else ())]
    unrouted = {one.issue_id: one for one in waiting if one.issue_id not in true}
    held = await asyncio.to_thread(databases.held) if unrouted else ()
    unowned = [one for issue_id, one in unrouted.items() if issue_id not in held]
    findings = checks.shown(true.values(), seen, now)
    routed = {issue_id: one.version for issue_id, one in true.items()}
    return [*findings, *checks.accepted(unowned, routed, now)], unowned


async def _closed_ones(
    databases: Databases, true: dict[str, Version], seen: dict[str, int]
) -> list[Unrouted]:
    """Compares all issues there are, page by page; adds what differs, gives what no router has."""
    after = ""
    while page := await asyncio.to_thread(databases.versions_after, after):
        after = page[-1].issue_id
        shown = await asyncio.to_thread(databases.shown, [one.issue_id for one in page])
        for one in page:
            if shown.get(one.issue_id, -1) < one.version:
                true[one.issue_id] = one
                seen[one.issue_id] = shown.get(one.issue_id, -1)
    unrouted: list[Unrouted] = []
    after = ""
    while accepted := await asyncio.to_thread(databases.accepted_after, after):
        after = accepted[-1].issue_id
        ids = [one.issue_id for one in accepted if one.issue_id not in true]
        routed = {one.issue_id for one in await asyncio.to_thread(databases.versions, ids)}
        unrouted += [
            one for one in accepted if one.issue_id not in true and one.issue_id not in routed
        ]
    return unrouted


def _version(issue: OpenIssue) -> Version:
    return Version(issue.issue_id, issue.reference, issue.version, issue.changed_at)


def _longest(since: list[datetime], now: datetime) -> timedelta:
    return max((now - at for at in since), default=timedelta())
