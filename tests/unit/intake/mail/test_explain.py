"""What `banso mail explain` says of a mail, whatever its bytes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.up import SAMPLE
from services.intake.mail import explain as explaining
from services.intake.mail.explain import explain
from services.router.organisation import read
from tests.mails.corpus import examples

SMALL = [mail.raw for mail in examples() if len(mail.raw) < 20_000]
SCRAPS = st.sampled_from(
    [
        *(b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b"\xff", b'"', b"<", b">", b"(", b"=", b";"),
        *(
            b"\x1b$B",
            b"\x1b(B",
            b"\x0e",
            b"=?utf-8?B?",
            b"?=",
            b"--",
            b"&#",
            b"<!--",
            b"begin 644 a",
        ),
        *(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", b"\x78\x9f\x3e\x22"),
        *(b"Content-Transfer-Encoding: base64\r\n", b"charset=utf-7", b"charset=utf-16\r\n"),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A mail of the corpus with pieces put in, taken out, doubled or taken from another one."""
    raw = draw(st.sampled_from(SMALL))
    for _ in range(draw(st.integers(1, 6))):
        at, until = sorted(draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
        until = min(until, at + 300)
        match draw(st.integers(0, 4)):
            case 0:
                raw = raw[:at] + draw(st.binary(max_size=8)) + raw[at:]
            case 1:
                raw = raw[:at] + raw[until:]
            case 2:
                raw = raw[:until] + raw[at:]
            case 3:
                raw = raw[:at] + draw(SCRAPS) + raw[at:]
            case _:
                other = draw(st.sampled_from(SMALL))
                raw = raw[:at] + other[len(other) // 3 :]
    return raw


def whole(raw: bytes) -> dict[str, Any]:
    """What is said of a mail, once it has gone through JSON."""
    explained = explain(raw)
    said: dict[str, Any] = json.loads(json.dumps(explained, ensure_ascii=False).encode("utf-8"))
    assert said == explained
    return said


@settings(max_examples=300)
@given(mutated())
def test_no_mail_can_be_broken_so_that_it_is_not_explained(raw: bytes) -> None:
    said = whole(raw)

    assert not [one for one in said["decisions"] if one.startswith("One step failed")]
    assert said["kind"]
    assert "\n" not in said["subject"]
    for one in said["attachments"]:
        assert one["filename"]
        assert re.search(r"[\x00-\x1f\x7f-\x9f/\\\u202e]", one["filename"]) is None
        assert len(one["sha256"]) == 64


@given(st.binary(max_size=400))
def test_any_bytes_are_explained(raw: bytes) -> None:
    assert whole(raw)["kind"]


def test_our_own_mail_is_known_by_the_organisation() -> None:
    raw = b"From: banso@example.com\r\nSubject: News\r\n\r\nHello"

    assert explain(raw)["kind"] == "person"
    assert explain(raw, read(SAMPLE))["kind"] == "self"


def test_a_step_that_fails_is_told_and_leaves_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise ArithmeticError

    monkeypatch.setattr(explaining, "new_words", fail)

    said = explain(b"From: a@example.com\r\nSubject: Re: x\r\n\r\nnew\r\n> old")

    assert said["new_text"] == "new\n> old"
    assert any("ArithmeticError" in one for one in said["decisions"])
