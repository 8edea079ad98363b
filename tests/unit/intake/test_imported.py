"""What an old helpdesk knew: as much of it as an event holds, and whose it was."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.intake.blobs import Blobs
from services.intake.imported import (
    LONGEST_REMARK,
    LONGEST_TOGETHER,
    MOST_REMARKS,
    Author,
    Bygone,
    Said,
    find_member,
    fitting,
    whole_of,
)
from shared.contracts.event import MAX_EVENT_BYTES
from shared.contracts.intake import IssueImported, Remark
from shared.contracts.issue import Source
from tests.unit import build
from tests.unit.build import MONDAY

COMPANY = build.organisation()


def said(nth: int, text: str = "Words") -> Said:
    return Said(MONDAY + nth * timedelta(minutes=1), Author("Mio"), text)


def bygone(**told: Any) -> Bygone:
    usual: dict[str, Any] = {
        "system": "old",
        "old_id": "7",
        "source": Source.EMAIL,
        "summary": "It does not start",
        "description": "I pressed the button.",
        "reporter": Author("Emi", "emi@example.com"),
        "language": "en",
        "raised_at": MONDAY,
        "closed_at": MONDAY,
        "reference": "7K3M-9QWX",
    }
    return Bygone(**(usual | told))


def test_what_fits_stays_as_it_is(tmp_path: Path) -> None:
    remarks = tuple(said(nth) for nth in range(MOST_REMARKS))

    assert fitting("Words", remarks) == ("Words", remarks)
    assert whole_of(bygone(remarks=remarks), Blobs(tmp_path)) is None


def test_of_a_long_history_the_last_words_stay_and_all_of_it_is_a_blob(tmp_path: Path) -> None:
    remarks = tuple(said(nth, f"Words {nth}") for nth in range(MOST_REMARKS + 5))
    blobs = Blobs(tmp_path)

    _, kept = fitting("Words", remarks)
    whole = whole_of(bygone(remarks=remarks), blobs)

    assert [one.text for one in kept] == [f"Words {nth}" for nth in range(5, MOST_REMARKS + 5)]
    assert whole is not None
    text = blobs.get(whole).decode()
    assert all(one.text in text for one in remarks)


def test_the_longest_of_all_histories_still_fits_into_an_event() -> None:
    longest = "\U0001f600" * 300_000
    description, remarks = fitting(longest, [said(nth, longest) for nth in range(100)])

    event = IssueImported(
        occurred_at=MONDAY,
        issue_id=build.ISSUE_ID,
        reference="7K3M-9QWX",
        source=Source.EMAIL,
        imported_as="old/7",
        summary="x" * 200,
        description=description,
        reporter_id="emi",
        language="ja",
        raised_at=MONDAY,
        closed_at=MONDAY,
        remarks=tuple(Remark(at=one.at, person_id="x-1", text=one.text) for one in remarks),
    )

    assert len(description) + sum(len(one.text) for one in remarks) <= LONGEST_TOGETHER
    assert max(len(one.text) for one in remarks) <= LONGEST_REMARK
    assert len(event.to_message("id", "cause")) < MAX_EVENT_BYTES


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("mio@example.com", "mio"),
        ("MIO@Example.com", "mio"),
        ("mio", "mio"),
        ("Mio", "mio"),
        ("mio （和）", "mio"),
        ("somebody", None),
        ("", None),
        (None, None),
    ],
)
def test_a_member_is_known_by_address_id_and_name(named: str | None, found: str | None) -> None:
    assert find_member(named, COMPANY) == found


def test_a_name_that_two_people_have_is_nobodys() -> None:
    twins = build.organisation(
        people=(
            *COMPANY.people,
            build.person("one", name={"ja": "田中", "en": "Tanaka"}),
            build.person("two", name={"ja": "田中", "en": "Tanaka"}),
        )
    )

    assert find_member("田中", twins) is None


def test_the_same_old_id_is_the_same_issue_whatever_else_is_said() -> None:
    assert bygone().key == bygone(summary="Other", reference="AAAA-BBBB").key
    assert bygone().key != bygone(system="other").key
