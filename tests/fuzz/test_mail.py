"""The mail reader against a fuzzer, with the corpus as its seeds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mails.corpus import examples

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("BANSO_FUZZ_SECONDS", "600"))
LONGEST_S = 20
MOST_MEGABYTES = 600
"""Instrumented code and the seeds take most of it."""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="atheris is there for Linux only")
def test_nothing_that_a_fuzzer_finds_breaks_or_stops_the_reader(tmp_path: Path) -> None:
    seeds, found = tmp_path / "seeds", tmp_path / "found"
    seeds.mkdir()
    found.mkdir()
    for mail in examples():
        (seeds / f"{mail.group}-{mail.name}").write_bytes(mail.raw)

    ran = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.mail", str(seeds), f"-artifact_prefix={found}/"),
            *(f"-max_total_time={SECONDS}", f"-timeout={LONGEST_S}", "-max_len=30000"),
            *(f"-rss_limit_mb={MOST_MEGABYTES}", "-print_final_stats=1", "-verbosity=0"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=SECONDS + 300,
    )

    assert ran.returncode == 0, ran.stderr[-5000:]
    assert list(found.iterdir()) == []
    executed = re.search(r"number_of_executed_units: (\d+)", ran.stderr)
    assert executed is not None
    assert int(executed[1]) > len(examples())
    print(f"{executed[1]} mails in {SECONDS} s")
