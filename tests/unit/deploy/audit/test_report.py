"""What people and programs read of an audit; and the table of promises is that of the code."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.audit import document
from deploy.audit.auditor import Audit
from deploy.audit.promises import Finding, Promise, Repeat
from deploy.audit.report import claim, remedy, to_json, to_text
from shared.contracts.event import Speaker
from shared.contracts.organisation import LANGUAGES, Language
from shared.language import words
from tests.unit.build import MONDAY


def audit(*findings: Finding, full: bool = True, **repaired: int) -> Audit:
    asked = Counter({Promise(promise): count for promise, count in repaired.items()})
    return Audit(MONDAY, 0.25, full, findings, asked, timedelta(seconds=90), timedelta())


LOST = tuple(
    Finding(Promise.KEPT, f"e{nth}", f"e{nth}", MONDAY, Repeat(Speaker.ROUTER, f"e{nth}"))
    for nth in range(12)
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_good_audit_is_a_line_for_each_promise_and_one_for_all(language: Language) -> None:
    _ = words(language)

    lines = to_text(audit(), _).splitlines()

    assert lines == [*(f"✓ {claim(one, _)}" for one in Promise), "", _("All promises hold.")]


def test_a_broken_promise_is_shown_with_some_of_its_things_and_what_to_do() -> None:
    _ = words("en")

    text = to_text(audit(*LOST, full=False, kept=12), _)

    assert f"✗ {claim(Promise.KEPT, _)}\n    e0  (2026-06-01 09:00+09:00)\n" in text
    assert "    e9  (2026-06-01 09:00+09:00)\n    and 2 more\n" in text
    assert f"  → 12 repairs are asked for.\n  → {remedy(Promise.KEPT, _)}\n" in text
    assert "One promise is broken.\nJournals and streams were read on" in text
    assert text.count("✓") == len(Promise) - 1


def test_what_has_no_beginning_is_shown_without_one() -> None:
    text = to_text(audit(Finding(Promise.WORK, "ren", "ren/60")), words("ja"))

    assert "    ren\n" in text
    assert "1 件の約束が守られていません。" in text


@pytest.mark.parametrize("promise", Promise)
def test_each_promise_has_a_remedy_in_both_languages(promise: Promise) -> None:
    said = [remedy(promise, words(language)) for language in LANGUAGES]

    assert all(said)
    assert said[0] != said[1]


def test_programs_get_everything_with_the_names_that_metrics_have() -> None:
    found = json.loads(to_json(audit(*LOST, kept=12)))

    assert found["violations"] == {str(one): 12 * (one is Promise.KEPT) for one in Promise}
    assert len(found["findings"]) == 12
    assert found["findings"][0] == {
        "promise": "kept",
        "about": "e0",
        "since": "2026-06-01T09:00:00+09:00",
        "repairable": True,
    }
    assert (found["repairs"], found["unowned_seconds"], found["full"]) == ({"kept": 12}, 90, True)


def test_the_table_of_promises_is_that_of_the_code() -> None:
    assert document.FILE.read_text(encoding="utf-8") == document.document()


def test_the_table_is_written_where_documents_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "FILE", tmp_path / "audit.md")

    document.main()

    assert "| `owner` |" in (tmp_path / "audit.md").read_text(encoding="utf-8")
