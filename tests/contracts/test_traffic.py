"""Every event has somebody who says it and somebody who hears it."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Mapping
from typing import Any, get_type_hints

import pytest
from prometheus_client import CollectorRegistry

from services.intake import projection
from services.metrics import handlers as metrics_handlers
from services.notifier import handlers as notifier_handlers
from services.router import handlers as router_handlers
from shared.bus import Bus, Hears
from shared.contracts import traffic
from shared.contracts.event import Event, Speaker
from shared.contracts.notifier import DigestMade
from shared.contracts.router import IssueEvent, IssueRecorded
from shared.contracts.traffic import EVENTS, HEARS, ISSUE_EVENTS, SAYS, DeadLetter

HANDLERS: Mapping[Speaker, Mapping[type[Event], Hears[Any]]] = {
    Speaker.INTAKE: projection.HEARS,
    Speaker.ROUTER: router_handlers.HEARS,
    Speaker.NOTIFIER: notifier_handlers.HEARS,
    Speaker.METRICS: metrics_handlers.HEARS,
}

HEARD_BY_NOBODY: Mapping[type[Event], str] = {
    DigestMade: "what a summary said; the notifier itself sends it",
}
"""Events that are said for others than our own services, each with the reason."""

each_service = pytest.mark.parametrize("service", Speaker)


def test_every_event_is_heard_by_somebody_or_named_here_with_its_reason() -> None:
    heard = {event for events in HEARS.values() for event in events}

    assert set(EVENTS.values()) - heard == set(HEARD_BY_NOBODY)


def test_nobody_waits_for_an_event_that_is_never_said() -> None:
    heard = {event for events in HEARS.values() for event in events}

    assert heard - set(EVENTS.values()) == {DeadLetter}


def test_every_event_class_is_in_the_table_of_traffic() -> None:
    defined = {event for event in _subclasses(Event) if "subject" in vars(event)}

    assert {event for event in defined if event.__module__.startswith("shared.")} == {
        *EVENTS.values(),
        DeadLetter,
    }


def test_every_issue_event_of_the_router_carries_the_issue() -> None:
    """An issue that is only recorded is no news, so that fewer hear of it."""
    assert {event for event in EVENTS.values() if issubclass(event, IssueEvent)} == {
        *ISSUE_EVENTS,
        IssueRecorded,
    }


def test_no_subject_is_said_twice() -> None:
    subjects = Counter(event.subject for events in SAYS.values() for event in events)

    assert [subject for subject, times in subjects.items() if times > 1] == []


@each_service
def test_a_service_says_its_own_facts(service: Speaker) -> None:
    assert [event for event in SAYS[service] if event.speaker != service] == []


@each_service
def test_a_service_answers_to_just_what_it_hears(service: Speaker) -> None:
    assert set(HANDLERS[service]) == set(HEARS[service])


@each_service
def test_each_handler_takes_the_event_that_it_is_given(service: Speaker) -> None:
    for event, hears in HANDLERS[service].items():
        parameter = next(iter(inspect.signature(hears.decide).parameters))

        assert issubclass(event, get_type_hints(hears.decide)[parameter])


@each_service
def test_a_service_that_misses_an_event_does_not_start(service: Speaker) -> None:
    fewer = dict(list(HANDLERS[service].items())[1:])

    with pytest.raises(ValueError, match="traffic table"):
        Bus(service, "nats://127.0.0.1:1", None, CollectorRegistry(), fewer)


def test_deciding_that_fails_for_good_leaves_nobody_without_an_owner_or_an_answer() -> None:
    """Whatever the router hears about an issue is rescued before it is buried."""
    about_an_issue = {
        event: hears
        for event, hears in router_handlers.HEARS.items()
        if "issue_id" in event.model_fields
    }

    assert [event for event, hears in about_an_issue.items() if not hears.rescue] == []


def test_every_subject_has_its_stream_and_every_stream_its_subjects() -> None:
    streams = traffic.streams()

    for subject in EVENTS:
        assert subject in streams[traffic.stream_of(subject)]
    assert traffic.stream_of("dead.router.issue.raised.v1") == "DEAD"
    assert traffic.stream_of("again.router.issue.raised.v1") == "DEAD"
    assert all(streams.values())


def _subclasses(kind: type[Event]) -> set[type[Event]]:
    direct = set(kind.__subclasses__())
    return direct.union(*(_subclasses(one) for one in direct))
