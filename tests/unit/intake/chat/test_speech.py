"""What Slack sends, read as it was meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.chat.speech import Callback, Happened, escaped, plain, words_of
from tests.slack import CONTRACT


def happened(**said: Any) -> Happened:
    return Happened.model_validate({**CONTRACT["message"]["event"], **said})


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("a &lt;b&gt; &amp;lt;", "a <b> &lt;"),
        ("see <https://example.com/?a=1&amp;b=2>", "see https://example.com/?a=1&b=2"),
        ("see <https://example.com|the guide>", "see the guide (https://example.com)"),
        ("see <http://example.com|example.com>", "see example.com (http://example.com)"),
        ("<mailto:ren@example.com|ren@example.com>", "ren@example.com"),
        ("<@U024BE7LH> and <@U1|ren>, <#C1|sales>, <!here>", "@U024BE7LH and @ren, #sales, @here"),
        ("<>", ""),
    ],
)
def test_text_is_read_as_it_was_typed(sent: str, typed: str) -> None:
    assert plain(sent) == typed


@given(st.text())
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    assert plain(escaped(text)) == text


def test_words_in_our_conversation_are_words() -> None:
    event = Callback.model_validate(CONTRACT["message"]).event

    written = words_of(event)

    assert written is not None
    assert written.text == "Hello hello can you hear me?"
    assert words_of(happened(subtype="thread_broadcast")) is not None


@pytest.mark.parametrize(
    "said",
    [
        {"bot_id": "B1"},
        {"user": ""},
        {"channel_type": "channel"},
        {"type": "reaction_added"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"subtype": "message_changed"},
    ],
)
def test_whatever_else_happens_is_not(said: dict[str, Any]) -> None:
    assert words_of(happened(**said)) is None


def test_what_is_edited_counts_only_where_the_words_are_others() -> None:
    changed = CONTRACT["message_changed"]
    unfurled = {**changed, "previous_message": changed["message"]}

    written = words_of(Happened.model_validate(changed))

    assert written is not None
    assert written.text == "Hello, world!"
    assert words_of(Happened.model_validate(unfurled)) is None
