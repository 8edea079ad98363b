"""Large and hostile mails: time and memory grow with the mail, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import encodebytes
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
HEAD = b"From: a@example.com\nMIME-Version: 1.0\n"
MEGABYTE = 1_000_000
LARGE = 50 * MEGABYTE
MOST_MEGABYTES = 300
LONGEST_S = 30

# ru_maxrss would count what this process had before it became that one
MEASURE = """
import json, re, sys
from pathlib import Path
from services.intake.mail.explain import explain
said = explain(Path(sys.argv[1]).read_bytes())
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
del said["text"], said["new_text"], said["html"]
print(json.dumps({"peak": peak, **said}))
"""


def mixed(*parts: bytes) -> bytes:
    body = b"".join(b"--b\n" + part + b"\n" for part in parts)
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + body + b"--b--\n"


def file_of(size: int) -> bytes:
    head = b"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"
    return head + encodebytes(bytes(size * 3 // 4 * 76 // 77))


LARGEST: dict[str, Callable[[], bytes]] = {
    "one file": lambda: mixed(b"\nhi", file_of(LARGE)),
    "nothing but a file": lambda: HEAD + file_of(LARGE),
    "ten files": lambda: mixed(*[file_of(LARGE // 10)] * 10),
    "one text": lambda: HEAD + b"\n" + "日本語の長い本文です。\n".encode() * (LARGE // 34),
    "one text in EUC-JP": lambda: (
        HEAD
        + b"Content-Type: text/plain; charset=euc-jp\n\n"
        + "日本語の長い本文です。\n".encode("euc_jp") * (LARGE // 23)
    ),
    "one page": lambda: (
        HEAD + b"Content-Type: text/html; charset=utf-8\n\n" + b"<p>words</p>\n" * (LARGE // 13)
    ),
    "parts": lambda: mixed(*[b"\nx"] * (LARGE // 7)),
    "nested parts": lambda: (
        HEAD
        + b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
            for n in range(900_000)
        )
    ),
    "lines like boundaries": lambda: mixed(b"\n" + b"--x\n" * (LARGE // 4)),
    "headers": lambda: b"X-A: value\n" * (LARGE // 11) + b"\nhi",
    "one header": lambda: HEAD + b"Subject: " + b"=?utf-8?B?44GC?= " * (LARGE // 18) + b"\n\nhi",
    "recipients": lambda: HEAD + b"To: " + b"a@example.com, " * (LARGE // 15) + b"\n\nhi",
    "folds": lambda: HEAD + b"Subject: a" + b"\n b" * (LARGE // 3) + b"\n\nhi",
    "empty lines": lambda: HEAD + b"\n" * LARGE,
}


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise elsewhere")
@pytest.mark.parametrize("make", LARGEST.values(), ids=list(LARGEST))
def test_a_mail_of_50_megabytes_takes_less_than_300_and_no_more_than_some_seconds(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    file = tmp_path / "large.eml"
    file.write_bytes(make())

    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, str(file)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=LONGEST_S,
    )

    assert ran.returncode == 0, ran.stderr[-2000:]
    assert file.stat().st_size > 0.9 * LARGE
    said = json.loads(ran.stdout)
    assert said["peak"] < MOST_MEGABYTES
