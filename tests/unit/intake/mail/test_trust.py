"""Whether a mail is from whom it says: only what our own servers have found counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.parse import read_mail
from services.intake.mail.trust import Proof, Trust, trust

MAILS = Path(__file__).parents[3] / "mails" / "trust"
OURS = ("mx.example.com",)


def proof(
    *results: str, sender: str = "Emi <emi@example.net>", ids: tuple[str, ...] = OURS
) -> Proof:
    headers = "".join(f"Authentication-Results: {result}\n" for result in results)
    return trust(read_mail(f"{headers}From: {sender}\n\nsolved".encode()), ids)


def found(*results: str, sender: str = "Emi <emi@example.net>") -> Trust:
    return proof(*results, sender=sender).trust


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dmarc-pass", Trust.PASSED),
        ("dmarc-fail", Trust.FAILED),
        ("forged-below-ours", Trust.NONE),
        ("of-a-stranger", Trust.NONE),
        ("dkim-of-another-domain", Trust.NONE),
        ("nothing", Trust.NONE),
        ("arc-pass-dmarc-fail", Trust.FAILED),
        ("two-froms", Trust.FAILED),
    ],
)
def test_stored_mails_are_trusted_as_they_deserve(name: str, expected: Trust) -> None:
    mail = read_mail((MAILS / f"{name}.eml").read_bytes())

    assert trust(mail, OURS).trust is expected


@pytest.mark.parametrize(
    "result",
    [
        "dmarc=pass header.from=example.net",
        "dmarc=pass (p=REJECT sp=NONE) header.from=EXAMPLE.net.",
        "dmarc=pass",
        "dkim=pass header.d=example.net",
        "dkim=pass header.i=@example.net",
        "dkim=pass header.d=mail.example.net",
        "spf=pass smtp.mailfrom=bounce@example.net",
        "spf=pass smtp.mailfrom=example.net; dkim=fail header.d=example.net",
        "dkim=fail header.d=list.example.org; dkim=pass header.d=example.net; spf=fail",
        "dkim=pass header.d=example.net; dkim=pass header.d=日本.example",
    ],
)
def test_what_is_proved_for_its_own_domain_has_passed(result: str) -> None:
    assert found(f"mx.example.com; {result}") is Trust.PASSED


@pytest.mark.parametrize(
    "result",
    [
        "none",
        "dmarc=pass header.from=example.org",
        "dmarc=none; dkim=none; spf=none",
        "dmarc=temperror; dkim=neutral",
        "dkim=pass header.d=example.org",
        "dkim=pass header.d=notexample.net",
        "dkim=pass header.d=net",
        "dkim=pass",
        "spf=pass smtp.mailfrom=emi@example.org",
        "spf=pass",
        "arc=pass",
        "compauth=pass reason=100",
        "dkim=fail header.d=example.net; spf=pass smtp.mailfrom=x@example.org",
        "spf=softfail smtp.mailfrom=emi@example.net",
    ],
)
def test_what_proves_nothing_is_not_trusted(result: str) -> None:
    assert found(f"mx.example.com; {result}") is Trust.NONE


@pytest.mark.parametrize(
    "result",
    [
        "dmarc=fail (p=none) header.from=example.net",
        "dmarc=fail; dkim=pass header.d=example.net",
        "dkim=fail header.d=example.net; spf=fail smtp.mailfrom=x@example.org",
        "dkim=fail; spf=softfail smtp.mailfrom=x@example.org",
        "spf=fail smtp.mailfrom=emi@example.net; dkim=none",
        "arc=pass; dmarc=fail",
        "compauth=fail reason=001",
    ],
)
def test_what_is_denied_has_failed(result: str) -> None:
    assert found(f"mx.example.com; {result}") is Trust.FAILED


def test_a_forged_header_beneath_ours_changes_nothing() -> None:
    forged = "mx.example.com; dmarc=pass header.from=example.net"

    assert found("mx.example.com; spf=none", forged) is Trust.NONE
    assert found("mx.example.com; dmarc=fail", forged) is Trust.FAILED
    assert found("mx.evil.example; dmarc=fail", forged) is Trust.PASSED


def test_a_strangers_header_changes_nothing_and_without_ids_of_ours_none_counts() -> None:
    result = "mx.example.com; dmarc=pass header.from=example.net"

    assert found("mx.evil.example; dmarc=pass header.from=example.net") is Trust.NONE
    assert proof(result, ids=()) == Proof(Trust.NONE, ())


def test_of_each_of_our_servers_the_topmost_counts() -> None:
    results = (
        "inner.example.com; spf=none",
        "MX.example.com 1; dmarc=pass header.from=example.net",
    )

    assert proof(*results, ids=("inner.example.com", "mx.example.com")).trust is Trust.PASSED
    assert proof(*results, ids=("inner.example.com",)).trust is Trust.NONE


@pytest.mark.parametrize(
    "sender",
    [
        "Emi <emi@example.net>, Eve <eve@example.org>",
        "emi@example.net, eve@example.org",
        "eve@example.org, Emi <emi@example.net>",
        "nobody",
    ],
)
def test_whoever_writes_as_several_or_as_nobody_is_not_trusted(sender: str) -> None:
    result = "mx.example.com; dmarc=pass; dkim=pass header.d=example.org"

    assert found(result, sender=sender) is Trust.FAILED


def test_a_name_with_an_at_sign_is_a_name() -> None:
    sender = "=?utf-8?b?5L2Q6JekQOWWtualrQ==?= <emi@example.net>"

    assert found("mx.example.com; dkim=pass header.d=example.net", sender=sender) is Trust.PASSED


def test_the_details_say_what_was_found() -> None:
    result = "mx.example.com; dkim=pass header.d=example.net; spf=none; dmarc=pass"

    assert proof(result).details == ("dkim=pass (example.net)", "spf=none", "dmarc=pass")


@pytest.mark.parametrize(
    "result", ["", ";", "mx.example.com", "mx.example.com;;;", "(", '"', "x" * 30_000]
)
def test_a_broken_header_says_nothing(result: str) -> None:
    assert found(result) is Trust.NONE


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='mx.example.com;=( )"passfailspfdkim日\\', max_size=60))
def test_no_header_breaks_it(result: str) -> None:
    assert found(f"mx.example.com; {result}") in Trust


@pytest.mark.parametrize(
    "called",
    [
        '"x;dmarc=pass header.from=example.net"@example.org',
        "x;dmarc=pass header.from=example.net;@example.org",
        '"x);dmarc=pass header.from=example.net;spf=pass("@example.org',
        '"x smtp.mailfrom=example.net"@example.org',
    ],
)
@pytest.mark.parametrize("way", ["envelope", "return-path"])
def test_nobody_writes_a_result_by_what_they_are_called(called: str, way: str) -> None:
    """Mail servers quote the envelope sender in their header, some of them as it is."""
    result = f"mx.example.com; spf=pass (domain of {called} is fine) smtp.mailfrom={called}"
    path = f"Return-Path: <{called}>\n" if way == "return-path" else ""
    raw = f"{path}Authentication-Results: {result}\nFrom: emi@example.net\n\nsolved"
    envelope = called if way == "envelope" else None

    assert trust(read_mail(raw.encode()), OURS, envelope).trust is not Trust.PASSED


def test_two_results_of_dmarc_prove_nothing() -> None:
    said = "mx.example.com; dmarc=pass header.from=example.net; dmarc=none header.from=example.net"

    assert found(said) is Trust.NONE


def test_a_return_address_of_a_list_or_a_relay_takes_no_proof_away() -> None:
    result = "mx.example.com; dmarc=pass header.from=example.net"
    raw = f"Authentication-Results: {result}\nFrom: emi@example.net\n\nsolved".encode()
    for sender in ("bounces+emi=example.net@list.example.org", "SRS0=aB=cd=x.org=emi@y.org", "<>"):
        assert trust(read_mail(raw), OURS, sender).trust is Trust.PASSED
