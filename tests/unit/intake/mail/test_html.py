"""Pages: their words, and a form that is safe to show."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail import html

SOME_SECONDS = 20


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("日本<span>語</span>の<b>文</b>", "日本語の文"),
        ("日本語の\n文章", "日本語の文章"),
        ("two\nwords", "two words"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ('<a href="https://example.com/">https://example.com</a>', "https://example.com"),
        ('<a href="https://example.com/x">here</a>', "here <https://example.com/x>"),
        ('<a href="mailto:emi@example.com">emi@example.com</a>', "emi@example.com"),
        ('<a href="javascript:x()">here</a>', "here"),
        (
            "<p>new</p><blockquote>old<blockquote>older</blockquote></blockquote>",
            "new\n\n> old\n> > older",
        ),
        ("plain text, no tags", "plain text, no tags"),
        ("", ""),
    ],
)
def test_the_words_of_a_page_stand_as_they_stood(page: str, words: str) -> None:
    assert html.words(page) == words


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>x()</script>",
        '<img src="https://track.example.org/p.gif">',
        '<img src="//track.example.org/p.gif">',
        '<p style="background:url(https://track.example.org)">',
        '<p style="background:u\\72l(https://track.example.org)">',
        '<a href="javascript:x()">',
        '<a href="data:text/html,x">',
        '<iframe src="https://track.example.org"></iframe>',
        '<form action="https://track.example.org"><input name="x"></form>',
        '<svg onload="x()"><image href="https://track.example.org"/></svg>',
        '<meta http-equiv="refresh" content="0;url=https://track.example.org">',
        '<link rel="stylesheet" href="https://track.example.org">',
        '<base href="https://track.example.org">',
        '<table background="https://track.example.org"></table>',
        '<video src="https://track.example.org" poster="https://track.example.org"></video>',
        '<img srcset="https://track.example.org 2x">',
        '<img src="data:image/svg+xml;base64,AAAA">',
        '<p onclick="x()" id="a" class="b">',
    ],
)
def test_a_page_that_is_shown_runs_nothing_and_fetches_nothing(hostile: str) -> None:
    shown = html.safe(f"<p>before</p>{hostile}<p>after</p>")

    assert shown is not None
    assert "before" in shown
    assert not re.search(r"track\.example|x\(\)|javascript|data:|script|url\(|id=|class=", shown)


def test_what_is_harmless_stays_and_links_tell_nobody_where_they_stood() -> None:
    page = '<p style="color:red">a <b>b</b> <img src="cid:1@x" alt="c"> <a href="https://e.com">d</a></p>'

    assert html.safe(page) == (
        '<p style="color:red">a <b>b</b> <img src="cid:1@x" alt="c">'
        ' <a href="https://e.com" rel="noopener noreferrer nofollow">d</a></p>'
    )


@pytest.mark.parametrize("page", ["<div>" * 500 + "deep", "x" * (html.LONGEST + 1)])
def test_a_page_too_deep_or_too_long_is_not_shown_and_its_words_are_read(page: str) -> None:
    assert html.safe(page) is None
    assert html.words(page) == page.replace("<div>", "")


@pytest.mark.parametrize(
    "piece",
    [
        *("<div>", "<b>", "<table><tr><td>", "<i><div></i>", "<script>", "<style>", "<textarea>"),
        *(
            "<!--",
            "<!",
            "<",
            '<a href="',
            "<p",
            "<a href=http://x>y</a>",
            "<blockquote>",
            "&#",
            "<li>",
        ),
        *("&#x", "&#0;", "&;", "&x", "<style></style>", "<blockquote></blockquote>", "\n", "日\n"),
    ],
)
def test_a_page_of_anything_is_read_in_seconds(piece: str) -> None:
    page = piece * (html.LONGEST // len(piece))
    began_at = time.process_time()

    html.words(page)
    html.safe(page)

    assert time.process_time() - began_at < SOME_SECONDS


@given(
    st.lists(
        st.sampled_from(["<a", "<p>", "</p>", "<!--", "-->", ">", "&", '"', "x", "<td>", "\0"])
    ).map("".join)
)
def test_any_page_has_words(page: str) -> None:
    html.words(page)
    html.safe(page)
