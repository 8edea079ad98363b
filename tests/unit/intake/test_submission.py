"""The pure parts of bringing something in: its id, its reference, its times and its names."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.intake import submission
from services.intake.submission import (
    Submission,
    in_company_time,
    is_plausible,
    new_reference,
    read_reference,
)
from shared.contracts.issue import Source
from shared.contracts.organisation import Organisation
from tests.unit import build
from tests.unit.build import at

BROUGHT_IN = Submission(
    source=Source.WEB,
    submission_id="form-1",
    fingerprint="abc",
    summary="It does not start",
    description="I pressed the button.",
    reporter_name="Somebody",
    reporter_address="somebody@example.net",
    language="en",
    reference="7K3M-9QWX",
)


def test_a_reference_can_be_read_out_over_the_telephone() -> None:
    references = {new_reference() for _ in range(200)}

    assert all(re.fullmatch("[2-9A-Z]{4}-[2-9A-Z]{4}", one) for one in references)
    assert not any(set(reference) & set("01OILU") for reference in references)
    assert len(references) == 200


@pytest.mark.parametrize(
    "written",
    [
        "7K3M-9QWX",
        "7k3m-9qwx",
        "7K3M9QWX",
        " 7k3m 9qwx ",
        "[7K3M-9QWX]",
        "７Ｋ３Ｍ－９ＱＷＸ",
        "７ｋ３ｍ９ｑｗｘ",
    ],
)
def test_a_reference_is_known_however_it_is_written(written: str) -> None:
    assert read_reference(written) == "7K3M-9QWX"


def test_a_reference_that_was_made_is_read_as_itself() -> None:
    reference = new_reference()

    assert read_reference(reference) == reference


def test_the_same_submission_has_the_same_cause_and_other_content_another() -> None:
    changed = replace(BROUGHT_IN, fingerprint="def")

    assert BROUGHT_IN.key == changed.key
    assert BROUGHT_IN.cause_id == replace(BROUGHT_IN, reference="AAAA-BBBB").cause_id
    assert BROUGHT_IN.cause_id != changed.cause_id


def test_the_same_id_from_another_door_is_another_submission() -> None:
    other = replace(BROUGHT_IN, source=Source.API)

    assert other.key != BROUGHT_IN.key
    assert other.cause_id != BROUGHT_IN.cause_id


@pytest.mark.parametrize(
    ("day", "plausible"),
    [
        (date(1999, 12, 31), False),
        (date(2000, 1, 1), True),
        (date(2199, 12, 31), True),
        (date(2200, 1, 1), False),
    ],
)
def test_a_slip_of_the_finger_is_no_day_that_somebody_means(day: date, plausible: bool) -> None:
    assert is_plausible(day) is plausible


def test_a_day_means_its_end_in_the_companys_zone() -> None:
    assert in_company_time(date(2026, 6, 1), build.organisation()) == at("2026-06-01 23:59")


def test_an_instant_without_a_zone_is_the_companys() -> None:
    naive = datetime.fromisoformat("2026-06-01 12:00")

    assert in_company_time(naive, build.organisation()) == at("2026-06-01 12:00")


def test_an_instant_with_a_zone_is_that_instant() -> None:
    given = at("2026-06-01 12:00", "America/New_York")

    found = in_company_time(given, build.organisation())

    assert found == given
    assert found is not None
    assert found.tzinfo is UTC


def test_no_day_given_is_none() -> None:
    assert in_company_time(None, build.organisation()) is None


# Names

ORGANISATION: Organisation = build.organisation()


@pytest.mark.parametrize("said", ["meter", " METER ", "Meter", "Meter（和）"])
def test_a_product_is_known_by_id_and_by_its_name_in_either_language(said: str) -> None:
    assert submission.named(said, ORGANISATION, "products") == "meter"


def test_a_product_that_nobody_knows_is_kept_in_the_reporters_own_word() -> None:
    assert submission.named("the blue one", ORGANISATION, "products") == "the blue one"
    assert submission.named("x" * 300, ORGANISATION, "products") == "x" * 200
    assert submission.named(None, ORGANISATION, "products") is None


@pytest.mark.parametrize("colleague", ["emi@example.com", "EMI@example.com", "emi"])
def test_a_colleague_for_whom_somebody_writes_becomes_the_carrier(colleague: str) -> None:
    written = replace(BROUGHT_IN, on_behalf_of=colleague, customer="Shop 12")

    assert submission._on_behalf_of(written, ORGANISATION) == ("emi", "Shop 12")


def test_anybody_else_for_whom_somebody_writes_is_the_customer() -> None:
    written = replace(BROUGHT_IN, on_behalf_of="Shop 12")
    both = replace(written, customer="Shops Ltd")

    assert submission._on_behalf_of(written, ORGANISATION) == (None, "Shop 12")
    assert submission._on_behalf_of(both, ORGANISATION) == (None, "Shops Ltd")


def test_who_writes_for_themselves_may_name_a_customer() -> None:
    written = replace(BROUGHT_IN, customer="Shop 12")

    assert submission._on_behalf_of(written, ORGANISATION) == (None, "Shop 12")
