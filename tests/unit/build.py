"""Makes an issue, an organisation, a person: whole ones, of which a test says only what matters.

The company: `kai` leads it. `product` (lead `mio`, with `ren` and `sho`) and `shipping` (lead
`ume`, with `yui`) solve problems; `sales` (lead `aki`, with `emi`) carries them in. `x-1` is a
customer.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.router import lifecycle
from services.router.lifecycle import Issue
from shared.contracts.intake import IssueRaised
from shared.contracts.issue import Snapshot, Source, State, Step, Urgency
from shared.contracts.organisation import (
    Calendar,
    Category,
    Cause,
    Mail,
    Organisation,
    Person,
    Policy,
    Product,
    Rung,
    Team,
    Text,
)
from shared.worktime import WorkingHours

ISSUE_ID = "6f1e1c8a-7d2b-5c3e-9a4f-0b1c2d3e4f50"
CUSTOMER = "x-1"
HOUR = timedelta(hours=1)


def at(wall: str, zone: str = "Asia/Tokyo") -> datetime:
    """The instant at which a clock on the wall shows `2026-06-01 09:00`."""
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone))


MONDAY = at("2026-06-01 09:00")
"""The first working instant of a week without holidays."""


def calendar(
    hours: dict[str, str] | None = None,
    *,
    zone: str = "Asia/Tokyo",
    holidays: str | None = "JP",
    closed: tuple[date, ...] = (),
) -> Calendar:
    """Office hours in Tokyo, 8 hours a day."""
    return Calendar.model_validate(
        {
            "id": "office",
            "zone": zone,
            "holidays": holidays,
            "hours": hours or {"mon-fri": "09:00-12:00 13:00-18:00"},
            "closed": closed,
        }
    )


def office() -> WorkingHours:
    return WorkingHours(calendar())


def person(person_id: str, team: str = "product", **said: Any) -> Person:
    known: dict[str, Any] = {
        "id": person_id,
        "name": {"ja": f"{person_id}（和）", "en": person_id.capitalize()},
        "emails": [f"{person_id}@example.com"],
        "language": "en",
        "team": team,
    }
    return Person.model_validate(known | said)


def rung(after: str, do: str, to: str | None = None) -> Rung:
    return Rung.model_validate({"after": after, "do": do, "to": to})


LADDER = (
    rung("0h", "remind"),
    rung("2h", "remind"),
    rung("2h", "tell", "lead"),
    rung("4h", "give", "leader"),
)


def policy(**said: Any) -> Policy:
    usual: dict[str, Any] = {
        "acknowledge_within": "4h",
        "answer_within": "1d",
        "keep_in_touch": "3d",
        "resolve_within": "5d",
        "confirm_within": "5d",
        "ladder": LADDER,
        "repeat": "1d",
    }
    return Policy.model_validate(usual | said)


def _both(words: str) -> Text:
    return Text(ja=f"{words}（和）", en=words)


def organisation(**said: Any) -> Organisation:
    usual: dict[str, Any] = {
        "revision": "rev-1",
        "name": _both("Company"),
        "language": "ja",
        "leader": "kai",
        "default_team": "product",
        "default_carrier": "aki",
        "calendar": "office",
        "calendars": (calendar(),),
        "mail": Mail(issues=("issues@example.com",), sender="banso@example.com"),
        "teams": (
            Team(id="product", name=_both("Product"), lead="mio"),
            Team(id="shipping", name=_both("Shipping"), lead="ume"),
            Team(id="sales", name=_both("Sales"), lead="aki"),
        ),
        "people": (
            person("kai", hours_per_day=1),
            person("mio"),
            person("ren"),
            person("sho"),
            person("ume", "shipping"),
            person("yui", "shipping"),
            person("aki", "sales", front_line=True),
            person("emi", "sales", front_line=True),
        ),
        "products": (
            Product(id="meter", name=_both("Meter"), carrier="emi"),
            Product(id="mini", name=_both("Mini")),
        ),
        "categories": (
            Category(id="broken", name=_both("Broken"), team="product"),
            Category(id="late", name=_both("Late"), team="shipping"),
            Category(id="odd", name=_both("Odd")),
        ),
        "causes": (Cause(id="fault", name=_both("A fault")),),
        "policies": dict.fromkeys(Urgency, policy()),
    }
    return Organisation.model_validate(usual | said)


def issue(**said: Any) -> Issue:
    """Brought in by `emi` on a Monday morning, owned by `ren`, who has not said yes or no."""
    usual: dict[str, Any] = {
        "issue_id": ISSUE_ID,
        "reference": "7K3M-9QWX",
        "version": 1,
        "state": State.ASSIGNED,
        "summary": "It does not start",
        "urgency": Urgency.NORMAL,
        "source": Source.WEB,
        "language": "en",
        "product": None,
        "category": None,
        "cause": None,
        "reporter_id": "emi",
        "carrier_id": "emi",
        "owner_id": "ren",
        "team_id": "product",
        "assignment": 1,
        "raised_at": MONDAY,
        "changed_at": MONDAY,
        "assigned_at": MONDAY,
        "acknowledged_at": None,
        "answered_at": None,
        "resolved_at": None,
        "closed_at": None,
        "needed_by": None,
        "next_step": Step.ACKNOWLEDGE,
        "next_step_at": MONDAY + 5 * HOUR,
        "wake_at": MONDAY + 5 * HOUR,
        "step_number": 1,
        "rung": 0,
        "moves": 0,
        "reminders": 0,
        "declined_by": [],
        "revision": "rev-1",
    }
    return Issue(**(usual | said))


def snapshot(**said: Any) -> Snapshot:
    return lifecycle.snapshot(issue(**said))


def raised(**said: Any) -> IssueRaised:
    """A customer's mail that names nothing."""
    usual: dict[str, Any] = {
        "event_id": "event-raised",
        "occurred_at": MONDAY,
        "issue_id": ISSUE_ID,
        "reference": "7K3M-9QWX",
        "source": Source.EMAIL,
        "summary": "It does not start",
        "description": "I pressed the button.",
        "reporter_id": CUSTOMER,
        "language": "en",
    }
    return IssueRaised(**(usual | said))
