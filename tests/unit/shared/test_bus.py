"""What the bus takes for a message."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from shared.bus import Unreadable, _read
from shared.contracts.router import IssueDue

DUE = IssueDue(occurred_at=datetime(2026, 6, 1, tzinfo=UTC), issue_id="issue-1", step_number=1)


def test_a_message_is_read_with_its_id() -> None:
    event = _read(DUE.subject, DUE.to_message("id-1", "cause-1"), {})

    assert (event.event_id, event.cause_id) == ("id-1", "cause-1")


def test_a_message_without_an_id_is_not_read() -> None:
    body = json.loads(DUE.to_message("id-1", "cause-1"))
    del body["id"]

    with pytest.raises(Unreadable, match="no id"):
        _read(DUE.subject, json.dumps(body).encode(), {})
