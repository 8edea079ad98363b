"""Feeds the mail reader with whatever libFuzzer thinks of: `python -m tests.fuzz.mail SEEDS ...`.

It fails on an exception, on a step of `explain` that failed, on text that can't be stored, and by
libFuzzer's own limits on time and memory.
"""

from __future__ import annotations

import json
import re
import sys

import atheris

with atheris.instrument_imports(include=["services.intake"]):
    from services.intake.mail.explain import explain
    from services.intake.mail.parse import read_mail


FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no file name may have in it."""


def read(data: bytes) -> None:
    """One mail."""
    explained = explain(data)
    json.dumps(explained, ensure_ascii=False).encode("utf-8")
    failed = [one for one in explained["decisions"] if one.startswith("One step failed")]
    assert not failed, failed
    for attachment in read_mail(data).attachments:
        assert attachment.filename
        assert FORBIDDEN.search(attachment.filename) is None


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
