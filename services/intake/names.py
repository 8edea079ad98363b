"""Ids, states and spans in words, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from shared.contracts.issue import DeclineReason, Snapshot, State, WaitingFor
from shared.contracts.organisation import (
    WORKING_DAY,
    Channel,
    FormField,
    Language,
    Organisation,
)
from shared.language import Words

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Owner:
    id: str
    name: str
    team: str | None
    """The team's id."""
    team_name: str


class Names:
    """Ids in words."""

    def __init__(self, organisation: Organisation, words: Words) -> None:
        self._organisation = organisation
        self._words = words

    @property
    def language(self) -> Language:
        return self._words.language

    def answer(self, field: FormField, answer: str) -> str:
        """An answer in the form's own field, as people read it."""
        chosen = (one.name.in_(self.language) for one in field.choices if one.id == answer)
        return next(chosen, answer)

    def name(self, person_id: str | None) -> str:
        """A person's name by itself."""
        person = self._organisation.person.get(person_id or "")
        if person is not None:
            return person.name.in_(self._words.language)
        _ = self._words
        return _("Somebody outside") if person_id else "Banso"

    def person(self, person_id: str | None) -> str:
        """A person's name as it stands in a sentence."""
        known = person_id in self._organisation.person
        return self._words.polite(self.name(person_id)) if known else self.name(person_id)

    def team(self, team_id: str | None) -> str:
        team = self._organisation.team.get(team_id or "")
        return team.name.in_(self._words.language) if team else ""

    def cause(self, cause_id: str | None) -> str:
        cause = self._organisation.cause.get(cause_id or "")
        return cause.name.in_(self._words.language) if cause else (cause_id or "")

    def category(self, category_id: str | None) -> str:
        category = self._organisation.category.get(category_id or "")
        return category.name.in_(self._words.language) if category else (category_id or "")

    def rota(self, rota_id: str) -> str:
        rota = self._organisation.rota.get(rota_id)
        return rota.name.in_(self._words.language) if rota else rota_id

    def schedule(self, schedule_id: str) -> str:
        schedule = self._organisation.schedule.get(schedule_id)
        return schedule.name.in_(self._words.language) if schedule else schedule_id

    def anybody(self, some_id: str) -> str:
        """Whoever may be proposed as next owner: a person, a team, a rota, a schedule."""
        organisation = self._organisation
        if some_id in organisation.rota:
            return self.rota(some_id)
        if some_id in organisation.schedule:
            return self.schedule(some_id)
        return self.team(some_id) or self.person(some_id)

    def owner(self, snapshot: Snapshot) -> Owner:
        person = self._organisation.person.get(snapshot.owner_id)
        team_id = snapshot.team_id or (person.team if person else None)
        name = self.name(snapshot.owner_id)
        return Owner(snapshot.owner_id, name, team_id, self.team(team_id))


def state_text(state: State, _: Words) -> str:
    """The state in a word."""
    match state:
        case State.RECEIVED:
            return _("Received")
        case State.ASSIGNED:
            return _("Has an owner")
        case State.ACKNOWLEDGED:
            return _("Being worked on")
        case State.RESOLVED:
            return _("Solved, to be confirmed")
        case State.CLOSED:
            return _("Closed")
        case _ as never:
            assert_never(never)


def waiting_text(waiting_for: WaitingFor, _: Words) -> str:
    """Who has the ball, in a word or two."""
    match waiting_for:
        case WaitingFor.CARRIER:
            return _("whoever brought it in")
        case WaitingFor.CUSTOMER:
            return _("the customer")
        case _ as never:
            assert_never(never)


def decline_reason_text(reason: DeclineReason, _: Words) -> str:
    match reason:
        case DeclineReason.NOT_MY_AREA:
            return _("not my area")
        case DeclineReason.NO_TIME:
            return _("no time for it")
        case DeclineReason.LACKS_SKILL:
            return _("I lack the knowledge")
        case DeclineReason.AWAY:
            return _("I am away")
        case _ as never:
            assert_never(never)


def span_text(span: timedelta, _: Words) -> str:
    """A span of working time, as roughly as people say it; a day has eight hours."""
    if span < _HOUR:
        return _("less than an hour")
    days, rest = divmod(span, WORKING_DAY)
    hours = round(rest / _HOUR)
    if hours == WORKING_DAY // _HOUR:
        days, hours = days + 1, 0
    said = [_.many("one working day", "%(count)s working days", days)] if days else []
    if hours and days < _FEW_DAYS:
        said.append(_.many("one working hour", "%(count)s working hours", hours))
    return " ".join(said)


_FEW_DAYS = 5
"""From here on nobody counts the hours."""


def channel_text(channel: Channel, _: Words) -> str:
    """A way out, as people call it."""
    match channel:
        case Channel.INBOX:
            return _("Inbox")
        case Channel.EMAIL:
            return _("Mail")
        case Channel.SLACK:
            return "Slack"
        case Channel.TEAMS:
            return "Microsoft Teams"
        case Channel.MATRIX:
            return "Matrix"
        case Channel.CHATWORK:
            return "Chatwork"
        case Channel.LINEWORKS:
            return "LINE WORKS"
        case Channel.APPRISE:
            return _("Another channel")
        case Channel.WEBHOOK:
            return _("Another system")
        case _ as never:
            assert_never(never)
