"""Every mail of the corpus is read as is right for it, and the table in the documents says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mails.corpus import HERE, Example, examples
from tests.mails.table import TABLE, table

FIELDS = [
    *("kind", "from", "to", "subject", "message_id", "references", "language", "text"),
    *("new_text", "attachments", "decisions", "from_name", "cc", "reply_to", "date", "html"),
    "authentication",
]

each_mail = pytest.mark.parametrize("mail", examples(), ids=str)


@each_mail
def test_a_mail_is_read_as_is_right_for_it(mail: Example) -> None:
    explained = mail.explained()

    expected = dict(mail.expected)
    decisions = set(expected.pop("decisions", ()))
    assert {name: explained[name] for name in expected} == expected
    assert decisions <= set(explained["decisions"])


@each_mail
def test_what_is_said_of_a_mail_is_json_of_the_same_fields_each_time(mail: Example) -> None:
    explained = mail.explained()

    said: dict[str, Any] = json.loads(json.dumps(explained, ensure_ascii=False).encode("utf-8"))
    assert said == explained
    assert list(said) == FIELDS


def test_every_mail_has_its_expectation_and_each_expectation_its_mail() -> None:
    mails = {file.with_suffix("") for file in HERE.rglob("*.eml")}
    expectations = {file.with_suffix("") for file in HERE.rglob("*.json")}

    assert mails == expectations
    assert len(mails) >= 150


@each_mail
def test_a_mail_says_what_it_is_and_whose_it_is(mail: Example) -> None:
    assert mail.about.endswith((".", "?"))
    assert "kind" in mail.expected


def test_the_table_in_the_documents_is_that_of_the_corpus() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "run `make docs`"
