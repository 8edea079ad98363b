"""The organisation file while the router runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.router.tick import OrganisationFile
from tests.unit.router.test_organisation import USABLE

ODD = USABLE + "  - {name: all, when: {}, team: desk}\n  - {name: rest, when: {}, team: desk}\n"


class Settles:
    """A journal that only remembers what was settled."""

    def __init__(self) -> None:
        self.causes: list[Any] = []

    async def settle(self, cause: Any) -> None:
        self.causes.append(cause)


def look(file: OrganisationFile, journal: Any) -> list[dict[str, Any]]:
    """What the log says after one more look at the file."""
    with capture_logs() as logged:
        asyncio.run(file.publish_if_changed(journal))
    return [dict(one) for one in logged]


def never_fires(logged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in logged if "rule `rest` never fires" in str(one.get("problem"))]


def test_what_is_odd_is_published_and_logged_once_for_each_change(tmp_path: Path) -> None:
    text, journal = tmp_path / "organisation.yaml", Settles()
    text.write_text(ODD)
    file = OrganisationFile(text, 0, None, None)

    first, again = look(file, journal), look(file, journal)
    text.write_text(f"{ODD}\n# changed\n")
    changed = look(file, journal)

    (odd,) = never_fires(first)
    assert (odd["event"], odd["log_level"]) == ("organisation.odd", "warning")
    assert (odd["line"], odd["file"]) == (ODD.count("\n"), str(text))
    assert again == []
    assert len(never_fires(changed)) == 1
    assert len(journal.causes) == 2


def test_a_mistake_in_looking_for_what_is_odd_keeps_nobody_from_the_organisation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("services.router.organisation.cautions.remarks", fails)
    text, journal = tmp_path / "organisation.yaml", Settles()
    text.write_text(ODD)
    file = OrganisationFile(text, 0, None, None)

    with pytest.raises(ZeroDivisionError):
        look(file, journal)

    assert len(journal.causes) == 1
    assert look(file, journal) == []


def test_a_file_that_can_not_be_used_is_logged_once_and_published_never(tmp_path: Path) -> None:
    text, journal = tmp_path / "organisation.yaml", Settles()
    text.write_text(ODD.replace("leader: kai", "leader: kay"))
    file = OrganisationFile(text, 0, None, None)

    first, again = look(file, journal), look(file, journal)

    assert [one["event"] for one in first] == ["organisation.unusable"]
    assert first[0]["log_level"] == "error"
    assert again == []
    assert journal.causes == []
