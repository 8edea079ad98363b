"""Whether a request is Slack's: signed with the app's secret, and not long ago. Pure.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

WITHIN = timedelta(minutes=5)
"""An older request may be one that somebody has listened to."""
_VERSION = "v0"


def is_recent(timestamp: str, now: datetime) -> bool:
    """Whether the request says that it was made now, more or less."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > len("9999999999"):
        return False
    return abs(now - datetime.fromtimestamp(int(timestamp), UTC)) <= WITHIN


def is_signed(secret: str, timestamp: str, body: bytes, signature: str) -> bool:
    """Takes as long for a wrong signature as for a right one."""
    signed = f"{_VERSION}:{timestamp}:".encode() + body
    expected = f"{_VERSION}={hmac.digest(secret.encode(), signed, 'sha256').hex()}"
    return hmac.compare_digest(expected.encode(), signature.encode())
