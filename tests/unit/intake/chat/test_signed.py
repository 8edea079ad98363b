"""Only what Slack has signed, and not long ago, is Slack's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.intake.chat.signed import WITHIN, is_recent, is_signed
from tests.slack import CONTRACT

DOCUMENTED = CONTRACT["signature"]
NOW = datetime.fromtimestamp(int(DOCUMENTED["timestamp"]), UTC)
SECRET, TIMESTAMP = DOCUMENTED["secret"], DOCUMENTED["timestamp"]
BODY, SIGNATURE = DOCUMENTED["body"].encode(), DOCUMENTED["signature"]


def test_the_documented_request_is_slacks() -> None:
    assert is_signed(SECRET, TIMESTAMP, BODY, SIGNATURE)


@pytest.mark.parametrize(
    ("secret", "timestamp", "body", "signature"),
    [
        ("another", TIMESTAMP, BODY, SIGNATURE),
        (SECRET, "1531420619", BODY, SIGNATURE),
        (SECRET, TIMESTAMP, BODY + b"&", SIGNATURE),
        (SECRET, TIMESTAMP, BODY, SIGNATURE.upper()),
        (SECRET, TIMESTAMP, BODY, SIGNATURE.removeprefix("v0=")),
        (SECRET, TIMESTAMP, BODY, ""),
        (SECRET, TIMESTAMP, BODY, "é"),
    ],
)
def test_whatever_differs_is_not(secret: str, timestamp: str, body: bytes, signature: str) -> None:
    assert not is_signed(secret, timestamp, body, signature)


@pytest.mark.parametrize("away", [timedelta(), WITHIN, -WITHIN])
def test_a_request_counts_for_five_minutes(away: timedelta) -> None:
    assert is_recent(TIMESTAMP, NOW + away)


@pytest.mark.parametrize(
    "said", ["", "now", "-1", "1531420618.5", "１５３１４２０６１８", "9" * 11]
)
def test_what_is_no_time_is_not_recent(said: str) -> None:
    assert not is_recent(said, NOW)
