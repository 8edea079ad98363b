"""Who was told what, by which channels, and whether it arrived: rows in, words out, for whoever may
look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from services.intake.names import channel_text
from services.intake.store import Result, Told
from shared.contracts.issue import Snapshot
from shared.contracts.notifier import Reason
from shared.contracts.organisation import Channel, Organisation
from shared.language import Words
from shared.links import EVERYBODY

_RANK = (Result.FAILED, Result.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing that somebody was told, by however many channels."""

    at: datetime
    """When it last went out."""
    person_id: str
    reason: Reason
    ways: tuple[Told, ...]
    """In the order in which they were tried; the inbox is the first."""


def tellings(rows: Iterable[Told]) -> list[Telling]:
    """What was told for one reason about one fact belongs together; the newest first."""
    together: dict[tuple[str, str, str], list[Told]] = {}
    for one in rows:
        key = one.fact_id or one.delivery_id, one.person_id, one.reason
        together.setdefault(key, []).append(one)
    found = [_telling(ways) for ways in together.values()]
    return sorted(found, key=lambda one: (one.at, one.person_id), reverse=True)


def _telling(rows: Sequence[Told]) -> Telling:
    ways = tuple(sorted(rows, key=lambda one: (one.channel != Channel.INBOX, one.at)))
    first = ways[0]
    return Telling(max(one.at for one in ways), first.person_id, Reason(first.reason), ways)


def ways_text(ways: Sequence[Told], _: Words) -> str:
    """By which channels it went, and what came of each."""
    return " · ".join(_way_text(one, _) for one in ways)


def went_wrong(ways: Sequence[Told]) -> bool:
    """Whether it got through by no channel but the inbox."""
    sent = [one for one in ways if one.channel != Channel.INBOX]
    return bool(sent) and all(one.result in _RANK for one in sent)


def _way_text(one: Told, _: Words) -> str:
    if one.channel == Channel.INBOX:
        return _("in the inbox")
    channel = channel_text(Channel(one.channel), _)
    result = _result_text(one.result, _)
    error = _.aside(one.error) if one.error else ""
    return f"{channel}: {result}{error}"


def _result_text(result: Result, _: Words) -> str:
    match result:
        case Result.SENT:
            return _("sent")
        case Result.ARRIVED:
            return _("arrived")
        case Result.FAILED:
            return _("did not arrive")
        case Result.UNREACHABLE:
            return _("did not arrive, and nothing else is left")
        case _ as never:
            assert_never(never)


def may_look(snapshot: Snapshot | None, person_id: str, organisation: Organisation) -> bool:
    """Whether somebody sees who was told of an issue that they may see: its owner, its carrier
    inside, the lead of either's team, the leader, and the operator."""
    if person_id in (EVERYBODY, organisation.leader):
        return True
    if snapshot is None or person_id not in organisation.person:
        return False
    concerned = {snapshot.owner_id, snapshot.carrier_id}
    people = [organisation.person.get(one) for one in concerned]
    teams = {snapshot.team_id, *(one.team for one in people if one is not None)}
    leads = {team.lead for team in organisation.teams if team.id in teams}
    return person_id in concerned | leads
