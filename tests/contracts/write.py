"""Stores the schema of every event: `python -m tests.contracts.write`.

Run it after an event has gained an optional field, a closed set a word, or a new event was made,
and commit what it writes. It refuses to store what would break those who speak or hear the event
already: make that a new class on a new subject (`issue.raised.v2`), said beside the old one until
nobody hears it. What was never released may be changed all the same: delete its file first, so
that whoever looks at the change sees it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from shared.contracts.traffic import EVENTS
from tests.contracts.compatibility import Schema, breaks, schema_of

SCHEMAS = Path(__file__).parent / "schemas"


def stored(subject: str) -> Schema | None:
    """The schema as it was published, or None for a new event."""
    file = SCHEMAS / f"{subject}.json"
    if not file.exists():
        return None
    schema: Schema = json.loads(file.read_text(encoding="utf-8"))
    return schema


def broken() -> Iterator[str]:
    """What has become of published events and must not."""
    for subject, event in EVENTS.items():
        before = stored(subject)
        if before is not None:
            yield from breaks(before, schema_of(event), subject)


def main() -> None:
    if found := list(broken()):
        sys.exit("\n".join([*found, "Nothing was written. Say this as a new event (v2) instead."]))
    SCHEMAS.mkdir(exist_ok=True)
    for subject, event in EVENTS.items():
        text = json.dumps(schema_of(event), indent=2, sort_keys=True, ensure_ascii=False)
        (SCHEMAS / f"{subject}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(EVENTS)} schemas are up to date in {SCHEMAS.name}/.")


if __name__ == "__main__":
    main()
