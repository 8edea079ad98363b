"""What other systems' messages say, with messages such as those systems send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.api.mapping import (
    NobodyReports,
    PathMissing,
    at,
    concerns,
    is_over,
    read_draft,
)
from shared.contracts.issue import Urgency
from shared.contracts.organisation import Hook
from tests.unit import build

COMPANY = build.organisation()
MIO = ("Mio", "mio@example.com")


def hook(**said: Any) -> Hook:
    return Hook.model_validate({"id": "hook", "summary": "title", "reporter": "mio", **said})


ALERTMANAGER = {
    "receiver": "banso",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical"},
            "annotations": {"description": "92 % of /var is in use.", "summary": "Disk full"},
            "startsAt": "2026-06-01T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "dd19ae3d4e06ac55",
        }
    ],
    "groupLabels": {"alertname": "DiskFull"},
    "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
    "commonAnnotations": {"summary": "Disk full on db1", "description": "92 % of /var is in use."},
    "externalURL": "http://alertmanager.example.com",
    "version": "4",
    "groupKey": '{}:{alertname="DiskFull"}',
    "truncatedAlerts": 0,
}
GRAFANA = {
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "温度", "grafana_folder": "工場"},
            "annotations": {"summary": "炉の温度が高い"},
            "values": {"A": 812.5},
            "fingerprint": "c6eadffa33fcdf37",
        }
    ],
    "groupKey": '{}/{}:{alertname="温度"}',
    "title": "[FIRING:1] 温度 (工場)",
    "state": "alerting",
    "message": "**Firing**\n\n炉の温度が高い",
}
GITHUB = {
    "action": "opened",
    "issue": {
        "html_url": "https://github.example.com/minato/aquanote/issues/12",
        "number": 12,
        "title": "The meter shows 0.0",
        "user": {"login": "visitor", "type": "User"},
        "labels": [{"name": "bug"}],
        "body": "Since firmware 2.1.\r\nSteps: ...",
    },
    "repository": {"full_name": "minato/aquanote"},
}
ZENDESK = {
    "type": "zen:event-type:ticket.created",
    "detail": {
        "id": 35436,
        "subject": "Wann kommt mein Gerät?",
        "description": "Bestellung 881",
        "priority": "URGENT",
        "requester": {"name": "Jürgen Müller", "email": "juergen@Kunde.example"},
        "custom_fields": {"product": "Meter"},
    },
}


def test_an_alert_of_alertmanager_is_an_issue_of_its_group() -> None:
    wanted = hook(
        summary="commonAnnotations.summary",
        description="alerts.0.annotations.description",
        key="groupKey",
        urgency="commonLabels.severity",
        only={"status": "firing"},
    )

    draft = read_draft(wanted, ALERTMANAGER, COMPANY, None)

    assert concerns(wanted, ALERTMANAGER)
    assert not concerns(wanted, {**ALERTMANAGER, "status": "resolved"})
    assert draft.summary == "Disk full on db1"
    assert draft.description == "92 % of /var is in use."
    assert draft.key == '{}:{alertname="DiskFull"}'
    assert draft.urgency is Urgency.HIGH
    assert (draft.reporter_name, draft.reporter_address) == MIO


def test_an_alert_of_grafana_says_its_values() -> None:
    wanted = hook(description="alerts.0.values", customer="alerts.0.labels.grafana_folder")

    draft = read_draft(wanted, GRAFANA, COMPANY, None)

    assert draft.summary == "[FIRING:1] 温度 (工場)"
    assert '"A": 812.5' in draft.description
    assert draft.customer == "工場"
    assert draft.urgency is None


def test_an_issue_of_github_is_reported_by_the_person_of_the_file() -> None:
    wanted = hook(
        summary="issue.title",
        description="issue.body",
        key="issue.html_url",
        reporter_email="issue.user.email",
        category="issue.labels.0.name",
        only={"action": ["opened", "reopened"]},
    )

    draft = read_draft(wanted, GITHUB, COMPANY, None)

    assert concerns(wanted, GITHUB)
    assert not concerns(wanted, {**GITHUB, "action": "labeled"})
    assert draft.description == "Since firmware 2.1.\nSteps: ..."
    assert draft.category == "bug"
    assert (draft.reporter_name, draft.reporter_address) == MIO


def test_a_ticket_of_zendesk_is_reported_by_its_requester() -> None:
    wanted = hook(
        summary="detail.subject",
        description="detail.description",
        reporter_name="detail.requester.name",
        reporter_email="detail.requester.email",
        key="detail.id",
        product="detail.custom_fields.product",
        urgency="detail.priority",
        urgencies={"urgent": "high"},
    )

    draft = read_draft(wanted, ZENDESK, COMPANY, None)

    assert (draft.reporter_name, draft.reporter_address) == (
        "Jürgen Müller",
        "juergen@kunde.example",
    )
    assert draft.key == "35436"
    assert draft.product == "Meter"
    assert draft.urgency is Urgency.HIGH


def test_the_words_of_the_file_come_before_our_own() -> None:
    wanted = hook(urgency="p", urgencies={"critical": "low", "sev3": "normal"})

    found = [
        read_draft(wanted, {"title": "t", "p": word}, COMPANY, None).urgency
        for word in ("Critical", "SEV3", "warning", "purple", None)
    ]

    assert found == [Urgency.LOW, Urgency.NORMAL, Urgency.NORMAL, None, None]


@pytest.mark.parametrize("missing", [{}, {"title": None}, {"title": " \n"}, [], "text", 7, None])
def test_what_is_missing_is_named_by_its_path(missing: Any) -> None:
    with pytest.raises(PathMissing) as error:
        read_draft(hook(), missing, COMPANY, None)

    assert error.value.path == "title"


def test_a_message_without_a_reporter_names_the_path_or_the_file() -> None:
    by_message = hook(reporter=None, reporter_email="from")
    by_nobody = hook(reporter=None)

    with pytest.raises(PathMissing, match="from"):
        read_draft(by_message, {"title": "t", "from": "nobody"}, COMPANY, None)
    with pytest.raises(NobodyReports):
        read_draft(by_nobody, {"title": "t"}, COMPANY, None)


def test_a_token_that_belongs_to_a_person_reports_as_that_person_whatever_is_said() -> None:
    wanted = hook(reporter_email="from")

    draft = read_draft(wanted, {"title": "t", "from": "emi@example.com"}, COMPANY, "ren")

    assert draft.reporter_address == "ren@example.com"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", "1"),
        ("list.1.c", "true"),
        ("list.7", None),
        ("dotted.name", "whole"),
        ("dotted.name.x", None),
        ("app.kubernetes.io/name", "web"),
        ("none", None),
        ("a", '{\n  "b": 1\n}'),
    ],
)
def test_a_path_leads_through_names_and_numbers(path: str, found: str | None) -> None:
    document = {
        "a": {"b": 1},
        "list": [0, {"c": True}],
        "dotted.name": "whole",
        "app.kubernetes.io/name": "web",
        "none": None,
    }

    assert at(document, path) == found


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.from_regex(r"\A[^.\s]+(\.[^.\s]+)*\Z"),
)
def test_no_message_breaks_a_path(document: Any, path: str) -> None:
    found = at(document, path)

    assert found is None or isinstance(found, str)


TWO = {
    **ALERTMANAGER,
    "alerts": [
        {"annotations": {"summary": "Disk full", "description": "92 % of /var is in use."}},
        {"annotations": {"summary": "Slow", "description": "Queries take 9 s."}},
        {"annotations": {"summary": "Slow"}},
    ],
    "commonAnnotations": {},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("alerts.*.annotations.description", "92 % of /var is in use.\nQueries take 9 s."),
        ("alerts.*.annotations.summary", "Disk full\nSlow"),
        ("alerts.*.annotations.*", "Disk full\n92 % of /var is in use.\nSlow\nQueries take 9 s."),
        ("commonLabels.*", "DiskFull\ncritical"),
        ("alerts.*.nothing", None),
        ("status.*", None),
        ("nothing.*.at.all", None),
    ],
)
def test_a_star_is_each_of_several_on_a_line_of_its_own(path: str, found: str | None) -> None:
    assert at(TWO, path) == found


def test_alerts_that_have_nothing_in_common_are_one_issue_that_lists_them() -> None:
    wanted = hook(
        summary="alerts.0.annotations.summary", description="alerts.*.annotations.description"
    )

    draft = read_draft(wanted, TWO, COMPANY, None)

    assert draft.summary == "Disk full"
    assert draft.description == "92 % of /var is in use.\nQueries take 9 s."


def test_what_is_over_is_known_by_what_the_file_says() -> None:
    wanted = hook(ends={"status": "resolved"})

    assert is_over(wanted, {**ALERTMANAGER, "status": "resolved"})
    assert not is_over(wanted, ALERTMANAGER)
    assert not is_over(hook(), {**ALERTMANAGER, "status": "resolved"})
