"""Units that panels share."""

from __future__ import annotations

from deploy.grafana.panels import Unit
from deploy.grafana.words import Words


def _ours(en: str, ja: str, decimals: int) -> Unit:
    return Unit(Words(f"suffix: {en}", f"suffix:{ja}"), decimals)


def _grafanas(name: str, decimals: int | None = None) -> Unit:
    return Unit(Words(name, name), decimals)


PEOPLE = _ours("people", "人", 0)
ISSUES = _ours("issues", "件", 0)
TIMES = _ours("times", "回", 0)
WORKING_DAYS = _ours("working days", "勤務日", 1)
WEEKS_OF_WORK = _ours("weeks of work", "週分", 2)
NORMAL_WAITS = _ours("normal waits", "倍", 1)
YEARS = _ours("years", "年", 1)
MESSAGES = _ours("messages", "通", 0)
PROMISES = _ours("broken", "件の違反", 0)
SHARE = _grafanas("percentunit", 0)
SCORE = _grafanas("none", 2)
SECONDS = _grafanas("s", 0)
YES_OR_NO = _grafanas("bool_yes_no")
UP = _grafanas("bool_on_off")

WORKING_DAY_S = 28_800
"""A working day has 8 hours."""
YEAR_S = 31_557_600
