"""What we sign is verified by somebody else's program."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from services.notifier.channels.dkim import KeyUnusable, Signer
from services.notifier.channels.email import write_mail
from services.notifier.letters import Letters
from services.notifier.message import Message
from tests.unit.build import MONDAY

KEY = rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, password: bytes | None = None) -> bytes:
    secret = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    (tmp_path / "key.pem").write_bytes(pem(KEY))
    return Signer(tmp_path / "key.pem", "banso")


def dns(key: rsa.RSAPrivateKey = KEY) -> Callable[..., bytes]:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"banso._domainkey.example.com."
        return b"v=DKIM1; k=rsa; p=" + b64encode(public)

    return look_up


def signed(signer: Signer, heading: str = "あなたの担当になりました", mute_url: str = "") -> bytes:
    message = Message(
        subject=f"[7K3M-9QWX] {heading}",
        heading=heading,
        lines=["どうぞ。", ".", "  two  blanks  "],
        quote=None,
        facts=[],
        buttons=[],
        status_url="",
        inbox_url="https://banso.example/i/1",
        language="ja",
        mute_url=mute_url,
    )
    mail = write_mail(
        message,
        Letters(),
        delivery_id="0f1e1c8a-7d2b-5c3e-9a4f-0b1c2d3e4f50",
        message_id="<signed@example.com>",
        thread_id="<6f1e1c8a-7d2b-5c3e-9a4f-0b1c2d3e4f50@example.com>",
        to_name="蓮",
        to_address="ren@example.com",
        sender="banso@example.com",
        sender_name="Banso 伴走",
        reply_to="issues+signed@example.com",
        returned_to="banso@example.com",
        now=MONDAY,
    )
    return signer.signed(mail.content, "example.com", MONDAY + timedelta(hours=1))


def verifies(content: bytes, key: rsa.RSAPrivateKey = KEY) -> bool:
    return bool(dkim.verify(content, dnsfunc=dns(key)))


@pytest.mark.parametrize("heading", ["Short", "あなたの担当になりました" * 9, "a" * 300])
@pytest.mark.parametrize("mute_url", ["", "https://banso.example/m/" + "x" * 200])
def test_a_signature_is_good(signer: Signer, heading: str, mute_url: str) -> None:
    assert verifies(signed(signer, heading, mute_url))


def test_servers_may_fold_headers_anew(signer: Signer) -> None:
    mail = signed(signer).replace(b"Subject: ", b"SUBJECT:\r\n   ", 1)

    assert verifies(mail)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"To: ", b"To: x"),
        (b"Message-ID: <signed@", b"Message-ID: <forged@"),
        (b"Content-Type: text/plain", b"Content-Type: text/other"),
    ],
)
def test_what_is_changed_is_seen(signer: Signer, before: bytes, after: bytes) -> None:
    mail = signed(signer)
    assert before in mail

    assert not verifies(mail.replace(before, after, 1))


@pytest.mark.parametrize(
    "field", ["From: forged@example.com", "Subject: Pay now", "List-Unsubscribe: <x>", "To: a@b.c"]
)
def test_nobody_can_add_what_is_read(signer: Signer, field: str) -> None:
    head, end, body = signed(signer).partition(b"\r\n\r\n")

    assert not verifies(head + b"\r\n" + field.encode() + end + body)


def test_another_key_does_not_vouch_for_it(signer: Signer) -> None:
    assert not verifies(signed(signer), rsa.generate_private_key(65537, 2048))


@pytest.mark.parametrize(
    "content",
    [
        b"no key",
        pem(KEY, b"a password"),
        pem(ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(content)

    with pytest.raises(KeyUnusable, match="BANSO_DKIM_KEY"):
        Signer(tmp_path / "key.pem", "banso")


def test_a_key_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="No such file"):
        Signer(tmp_path / "key.pem", "banso")
