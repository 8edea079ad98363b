"""How mails look, in the mail programs that people have, and with a company's own templates."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from deploy.local.up import SAMPLE
from deploy.preview.samples import Sample, samples, unshown
from services.notifier.letters import LARGEST_HTML, Letters, as_html, as_text, faults
from services.notifier.message import MOST_LISTED, Button, Entry, Message, _fitting
from services.router import organisation
from shared.contracts.organisation import LANGUAGES, Language
from tests.unit.notifier.mailprograms import (
    Colours,
    as_chosen,
    illegible,
    turned_over,
    turned_where_light,
    wrong_with,
)


@cache
def shown(language: Language) -> list[Sample]:
    return samples(organisation.read(SAMPLE), language)


def long_entry(text: str) -> Entry:
    """As long as one of several can be."""
    url = "https://banso.example.com/a/" + "x" * 90
    buttons = [Button(text[:30], f"{url}{nth}") for nth in range(3)]
    return Entry(text[:200], text[:60], "7K3M-9QWX", [text[:300]], text[:300], buttons, url)


def listing(entries: list[Entry]) -> Message:
    return Message(
        subject="List",
        heading="List",
        lines=["All of it."],
        quote=None,
        facts=(),
        buttons=(),
        status_url="",
        inbox_url="https://banso.example.com/i/1",
        language="ja",
        entries=entries,
        left_out="And more.",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_sample_of_every_reason_to_tell_somebody(language: Language) -> None:
    assert unshown(shown(language)) == frozenset()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_is_drawn_alike_by_outlook_gmail_and_browsers(language: Language) -> None:
    found = {
        (one.reason, fault) for one in shown(language) for fault in wrong_with(as_html(one.message))
    }

    assert found == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("colours", "dark"),
    [(as_chosen, False), (as_chosen, True), (turned_over, False), (turned_where_light, False)],
)
def test_every_mail_is_legible_whatever_a_program_makes_of_its_colours(
    language: Language, colours: Colours, dark: bool
) -> None:
    found = [
        text
        for one in shown(language)
        for text in illegible(as_html(one.message), colours, dark=dark)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<p style="position:absolute">', "position"),
        ('<td style="display:flex">', "display"),
        ('<div style="margin:0">', "not shown everywhere"),
        ('<p style="padding:1px">', "padding"),
        ('<img src="https://elsewhere.example/a.gif">', "from elsewhere"),
        ('<td style="background-image:url(a.gif)">', "background-image"),
        ('<td style="background-color:#ffffff">', "no attribute"),
        ('<a style="padding:1px">', "cell around it"),
        ("<table>", "space between"),
        ("<style>.card { width: 1px }</style>", "a style sheet for"),
        ("<style>@media (prefers-color-scheme: dark) {.a { width: 1px }}</style>", "moves things"),
        ('<p style="max-width:9px">', "nothing holds Word"),
        ("<p><!--[if mso]></td><![endif]-->", "not begun last"),
    ],
)
def test_what_some_mail_program_does_not_know_is_seen(html: str, fault: str) -> None:
    assert any(fault in one for one in wrong_with(html))


def test_grey_on_grey_is_seen() -> None:
    assert illegible('<p style="color:#888888">words</p>', as_chosen)


@pytest.mark.parametrize("text", ["あ" * 1500, "<&>\"'" * 300, "a\n" * 700, "a" * 1500])
def test_a_mail_about_many_is_never_so_long_that_gmail_cuts_it_off(text: str) -> None:
    entries = _fitting([long_entry(text)] * MOST_LISTED)

    assert 1 <= len(entries) <= MOST_LISTED
    assert len(as_html(listing(entries)).encode()) < LARGEST_HTML


def test_fifty_usual_things_stand_in_one_mail() -> None:
    usual = replace(long_entry("あ" * 24), quote=None, note="")

    assert len(_fitting([usual] * MOST_LISTED)) == MOST_LISTED


def test_lines_and_spaces_of_what_people_write_are_kept_in_html() -> None:
    message = next(one.message for one in shown("en") if one.message.quote)
    html = as_html(_quoting(message, "a  b\n\n<c>"))

    assert "a\u00a0 b<br><br>&lt;c&gt;" in html


def _quoting(message: Message, quote: str) -> Message:
    return replace(message, quote=quote)


# -- a company's own templates ---------------------------------------------------------------------


@pytest.fixture
def message() -> Message:
    return next(one.message for one in shown("en") if one.reason == "yours")


def test_a_company_changes_colours_and_blocks_of_ours(tmp_path: Path, message: Message) -> None:
    (tmp_path / "mail.html").write_text(
        '{% extends "ours/mail.html" %}{% set accent = "#7a1f5c" %}'
        "{% block header %}<p>Minato & {{ m.heading }}</p>{% endblock %}"
    )
    html = Letters(tmp_path).html(message)

    assert f"<p>Minato & {message.heading}</p>" in html
    assert "#7a1f5c" in html
    assert "#0b6565" not in html
    assert Letters(tmp_path).text(message) == as_text(message)
    assert faults(tmp_path, [one.message for one in shown("en")]) == []


def test_what_people_write_is_escaped_in_a_companys_template_too(
    tmp_path: Path, message: Message
) -> None:
    (tmp_path / "mail.html").write_text("{{ m.quote }}")

    assert "<b>" not in Letters(tmp_path).html(_quoting(message, "<b>"))


@pytest.mark.parametrize(
    "template",
    [
        "{% if %}",
        "{{ m.nothing }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ _.__globals__ }}",
        "{% include '/etc/passwd' %}",
        "{% include '../secret' %}",
        "{{ 1 / 0 }}",
        "{% for one in range(10000000) %}{% endfor %}",
    ],
)
def test_a_broken_template_or_one_that_reaches_out_gives_way_to_ours(
    tmp_path: Path, message: Message, template: str
) -> None:
    company = tmp_path / "templates"
    company.mkdir()
    (tmp_path / "secret").write_text("secret")
    (company / "mail.html").write_text(template)

    assert Letters(company).html(message) == as_html(message)
    assert len(faults(company, [message])) == 1


def test_a_broken_template_is_counted_until_it_is_mended(tmp_path: Path, message: Message) -> None:
    registry = CollectorRegistry()
    letters = Letters(tmp_path, registry)

    def broken() -> float | None:
        return registry.get_sample_value("banso_templates_broken", {"template": "mail.txt"})

    assert broken() == 0
    (tmp_path / "mail.txt").write_text("{{ m.nothing }}")
    assert letters.text(message) == letters.text(message) == as_text(message)
    assert broken() == 1
    (tmp_path / "mail.txt").write_text("{{ m.heading }}: mended")
    assert letters.text(message) == f"{message.heading}: mended"
    assert broken() == 0


def test_a_template_that_leaves_out_what_people_need_is_told_of(
    tmp_path: Path, message: Message
) -> None:
    (tmp_path / "mail.html").write_text("<p>{{ m.heading }}</p>")
    (tmp_path / "mail.txt").write_text("{{ 'a' * 200000 }}")

    found = faults(tmp_path, [message])

    assert "mail.html: leaves out buttons" in found
    assert "mail.html: leaves out the line above which people answer" in found
    assert "mail.html: leaves out the heading" not in found
    assert "mail.txt: leaves out the heading" in found


def test_a_directory_without_templates_is_told_of(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, [])

    assert "neither mail.html nor mail.txt" in fault
