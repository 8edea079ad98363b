"""Messages for tests of channels: ordinary ones, and whatever a person might have written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from services.notifier.channels.base import Outgoing
from services.notifier.message import Button, Entry, Message
from services.notifier.wording.base import Recipient
from shared.contracts.issue import Action
from tests.unit import build

WEB = "https://banso.example"
NOW = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
ISSUE = "e91eb11c-0fe3-5268-94f4-02fc13b31488"
DELIVERY = "0f1e1c8a-7d2b-5c3e-9a4f-0b1c2d3e4f50"
TOKEN = "cmVu~" + "x" * 60


def url(kind: str) -> str:
    return f"{WEB}/{kind}/{TOKEN}"


MESSAGE = Message(
    subject="[7K3M-9QWX] あなたの担当になりました: 電源が入りません",
    heading="あなたの担当になりました",
    lines=["佐藤さんから届きました。", "6月2日(火) 12:00までにお返事をお願いします。"],
    quote="電源を入れても、\nランプが点きません。<b>至急</b> & お願いします 🙏",
    facts=[("件名", "電源が入りません"), ("受付番号", "7K3M-9QWX")],
    buttons=[
        Button("引き受けます", url("a"), is_main=True, does=Action.ACKNOWLEDGE),
        Button("回答する", url("a"), does=Action.ANSWER),
        Button("担当ではありません", url("a"), does=Action.DECLINE),
    ],
    status_url=url("s"),
    inbox_url=url("i"),
    language="ja",
)


def outgoing(message: Message = MESSAGE, *, to: str, thread: str | None = None) -> Outgoing:
    return Outgoing(
        delivery_id=DELIVERY,
        issue_id=ISSUE,
        message=message,
        about=ISSUE,
        to=Recipient("ren", "蓮", to, message.language),
        organisation=build.organisation(),
        now=NOW,
        thread=thread,
    )


def bundle(entries: int) -> Message:
    entry = Entry(
        title="在庫がありません",
        note="催促",
        reference="7K3M-9QWX",
        lines=["上田さんの返事を待っています。"],
        quote="いつ入りますか。" * 30,
        buttons=[Button("回答する", url("a"), does=Action.ANSWER)],
        status_url=url("s"),
    )
    return replace(
        MESSAGE, quote=None, facts=[], buttons=[], status_url="", entries=[entry] * entries
    )


_odd = st.sampled_from(
    [
        "",
        "漢字" * 2000,
        "🙏🏽👨‍👩‍👧" * 1500,
        "\x00\x07\x1b[31m\u200b\u202e",
        "\ud83d",
        "<!channel> <@U1> <https://evil.example|click>",
        "[/info][toall][To:1] [code]",
        "[click](https://evil.example) **x** `y`",
        "<script>alert(1)</script></blockquote>&amp;",
        "a\r\n\r\nb\n\n\n" * 300,
        "&<>" * 3000,
    ]
)
texts = st.one_of(st.text(max_size=60), _odd)
buttons = st.builds(
    Button,
    words=texts,
    url=st.just(url("a")),
    is_main=st.booleans(),
    does=st.one_of(st.none(), st.sampled_from(Action)),
)
entries = st.builds(
    Entry,
    title=texts,
    note=texts,
    reference=st.just("7K3M-9QWX"),
    lines=st.lists(texts, max_size=2),
    quote=st.one_of(st.none(), texts),
    buttons=st.lists(buttons, max_size=3),
    status_url=st.just(url("s")),
)
messages = st.builds(
    Message,
    subject=texts,
    heading=texts,
    lines=st.lists(texts, max_size=12),
    quote=st.one_of(st.none(), texts),
    facts=st.lists(st.tuples(texts, texts), max_size=14),
    buttons=st.lists(buttons, max_size=30),
    status_url=st.sampled_from(["", url("s")]),
    inbox_url=st.just(url("i")),
    language=st.sampled_from(["ja", "en"]),
    quote_first=st.booleans(),
    entries=st.one_of(
        st.lists(entries, max_size=3),
        st.integers(1, 50).flatmap(lambda n: entries.map(lambda e: [e] * n)),
    ),
    left_out=st.sampled_from(["", "ほかに3件が受信箱にあります。"]),
)
