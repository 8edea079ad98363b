"""Writes what was measured into the documents for leaders, in both languages."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.simulation.evaluation import Outcome, curve
from tests.simulation.measure import SCORE, Measured
from tests.simulation.naive import Naive
from tests.simulation.picture import many, roc

DOCS: Final = Path(__file__).parents[2] / "docs"
LANGUAGES: Final = ("en", "ja")
THRESHOLDS: Final = (0.3, 0.5, 0.8)
AT: Final = [place / 200 for place in range(201)]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of `make simulate`."""

    whole: Measured
    unlogged: Mapping[float, Measured]
    """The same companies where this share of answers is given in the corridor."""
    usual_unlogged: float


FIGURES: Final = {
    SCORE: ("**the score**", "**孤立度**"),
    Naive.OPEN: ("number of open issues", "未完了の件数"),
    Naive.OLDEST: ("oldest unanswered", "未回答のうち最も古い件の経過時間"),
    Naive.ACKNOWLEDGED: (
        "mean time to acknowledgement, with those still waiting",
        "引き受けまでの平均時間（待っている件も含む）",
    ),
    Naive.RATIO: ("answered / expected", "回答数 ÷ 見込みの回答数"),
    Naive.CUSUM: ("CUSUM", "累積和（CUSUM）"),
}

COMPANIES: Final = {
    "busy": ("busy, but supported", "忙しいが、支えられている"),
    "slower": ("everybody waits longer", "会社全体の回答が遅くなる"),
    "gradual": ("gradual onset", "少しずつ始まる"),
    "partly": ("30 % of the requests cut off", "依頼の 30 % だけ回答がない"),
    "seldom": ("one request a week", "依頼は週に一件"),
    "pushed": ("pushed around", "たらい回し"),
    "acknowledged": ("acknowledged, never answered", "引き受けるだけで回答しない"),
    "canned": ("canned replies", "決まり文句の返信だけ"),
    "absences": ("holidays and absences", "祝日と休暇が多い"),
    "joiners": ("new joiners", "新しく加わった人"),
    "small": ("small company", "小さな会社"),
    "overloaded": ("one team overloaded", "一つのチームに仕事が集中"),
}

FOUND: Final = ("found within 30 days", "30日以内に見つけた割合")
DAYS: Final = ("days until found, median", "見つけるまでの日数（中央値）")
WRONG: Final = ("false alarms a person-year", "一人一年あたりの誤報")
HEADS: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "size": [
        ("made-up company years", "架空の会社（年）"),
        ("person-years of people who were not left alone", "放置されていない期間（人年）"),
        ("times that somebody was left alone", "放置が始まった回数"),
    ],
    "detectors": [
        ("figure", "指標"),
        ("AUC", "AUC"),
        ("AUC, worst company", "最も悪い会社の AUC"),
        DAYS,
        FOUND,
        ("false alarms, worst company", "最も悪い会社の誤報"),
    ],
    "hardest": [
        ("AUC", "AUC"),
        FIGURES[SCORE],
        ("the best other figure", "ほかで最も良い指標"),
    ],
    "thresholds": [("threshold", "しきい値"), WRONG, DAYS, FOUND],
    "companies": [
        ("company", "会社"),
        ("AUC", "AUC"),
        ("AUC of the best other figure", "ほかで最も良い指標の AUC"),
        DAYS,
        FOUND,
        WRONG,
    ],
    "unlogged": [
        ("answers given where nobody notes them", "記録の残らない場で伝えられた回答"),
        ("AUC", "AUC"),
        WRONG,
        FOUND,
    ],
}


def write(run: Run) -> None:
    """Tables into the documents, pictures beside them."""
    for language, name in enumerate(("isolation.md", "isolation.ja.md")):
        path = DOCS / name
        text = path.read_text(encoding="utf-8")
        for block, rows in _tables(run, language).items():
            text = _replaced(text, block, rows, language)
        path.write_text(text, encoding="utf-8")
    pictures = DOCS / "isolation"
    pictures.mkdir(exist_ok=True)
    for language, code in enumerate(LANGUAGES):
        (pictures / f"roc.{code}.svg").write_text(_roc(run.whole, language), encoding="utf-8")
        (pictures / f"companies.{code}.svg").write_text(
            _companies(run.whole, language), encoding="utf-8"
        )


def _replaced(text: str, block: str, rows: Sequence[str], language: int) -> str:
    start, end = f"<!-- measured: {block} -->", "<!-- end -->"
    head = [both[language] for both in HEADS[block]]
    lines = [_row(*head), "|---" * len(head) + "|", *rows]
    found, changes = re.subn(
        f"{re.escape(start)}\n.*?{re.escape(end)}",
        lambda _: "\n".join([start, *lines, end]),
        text,
        flags=re.DOTALL,
    )
    if changes != 1:
        raise ValueError(block)
    return found


def _tables(run: Run, language: int) -> dict[str, list[str]]:
    whole = run.whole
    threshold = whole.threshold(SCORE)
    return {
        "size": [_size(whole)],
        "detectors": [_detector(whole, name, language) for name in (*Naive, SCORE)],
        "hardest": list(_ways_to_count(whole, language)),
        "thresholds": [
            _row(f"{at}", *_rates(whole.outcome(SCORE, at), language)) for at in THRESHOLDS
        ],
        "companies": list(_each_company(whole, threshold, language)),
        "unlogged": list(_unlogged(run, threshold)),
    }


def _size(whole: Measured) -> str:
    return _row(str(len(whole.truths)), f"{whole.person_years:,.0f}", f"{whole.onsets:,}")


def _detector(whole: Measured, name: str, language: int) -> str:
    at = whole.outcome(name, whole.threshold(name))
    aucs = whole.aucs(name)
    worst = min(aucs, key=lambda company: aucs[company])
    return _row(
        FIGURES[name][language],
        f"{whole.auc(name):.3f}",
        f"{aucs[worst]:.3f} ({COMPANIES[worst][language]})",
        _days(at.median_days, language),
        f"{at.soon:.0%}",
        f"{at.worst_false_alarms:.1f} ({COMPANIES[at.worst_scenario][language]})",
    )


def _ways_to_count(whole: Measured, language: int) -> Iterator[str]:
    """The same figures, counted as somebody else might."""
    rest = whole.but("partly")
    ways = (
        ("as above", "上の表のとおり"),
        (
            "the first ten working days and the time just afterwards counted, too",
            "最初の十営業日と、回答が戻った直後も数える",
        ),
        (
            "without the company where 30 % of the requests are cut off",
            "依頼の 30 % だけ回答がない会社を除く",
        ),
        ("the worst of these eleven companies", "残る十一社のうち最も悪い会社"),
    )
    judged: tuple[Callable[[str], float], ...] = (
        whole.auc,
        whole.auc_without_grace,
        rest.auc,
        lambda name: min(rest.aucs(name).values()),
    )
    for words, judge in zip(ways, judged, strict=True):
        best = max(Naive, key=judge)
        other = f"{judge(best):.3f} ({FIGURES[best][language]})"
        yield _row(words[language], f"{judge(SCORE):.3f}", other)


def _each_company(whole: Measured, threshold: float, language: int) -> Iterator[str]:
    aucs = whole.aucs(SCORE)
    others = [whole.aucs(name) for name in Naive]
    for company in whole.scenarios:
        at = whole.of(company).outcome(SCORE, threshold)
        yield _row(
            COMPANIES[company][language],
            f"{aucs[company]:.3f}",
            f"{max(other[company] for other in others):.3f}",
            _days(at.median_days, language),
            f"{at.soon:.0%}",
            f"{at.false_alarms:.1f}",
        )


def _unlogged(run: Run, threshold: float) -> Iterator[str]:
    companies = {**run.unlogged, run.usual_unlogged: run.whole}
    for share in sorted(companies):
        measured = companies[share]
        at = measured.outcome(SCORE, threshold)
        yield _row(
            f"{share:.0%}",
            f"{measured.auc(SCORE):.3f}",
            f"{at.false_alarms:.1f}",
            f"{at.soon:.0%}",
        )


def _rates(at: Outcome, language: int) -> tuple[str, str, str]:
    return f"{at.false_alarms:.1f}", _days(at.median_days, language), f"{at.soon:.0%}"


def _days(days: float, language: int) -> str:
    if math.isinf(days):
        return ("more than half never", "半数以上は見つからない")[language]
    return f"{days:.1f}"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(words: str) -> str:
    return words.replace("*", "")


def _roc(whole: Measured, language: int) -> str:
    title, across, up = (
        ("How well each figure tells who is left alone", "person-days wrongly named", "found"),
        ("どの指標が、放置された人を見分けるか", "誤って挙げた人日の割合", "見つけた割合"),
    )[language]
    curves = {
        _plain(FIGURES[name][language]): curve(whole.truths, whole.tables[name], AT)
        for name in (SCORE, *Naive)
    }
    return roc(curves, title, across, up)


def _companies(whole: Measured, language: int) -> str:
    title = (
        "The score (thick) and CUSUM (dashed) in each company",
        "会社ごとに見た孤立度（太線）と累積和（破線）",
    )[language]
    panels = {}
    for company in whole.scenarios:
        one = whole.of(company)
        panels[COMPANIES[company][language]] = [
            curve(one.truths, one.tables[name], AT) for name in (SCORE, Naive.CUSUM)
        ]
    return many(panels, title)
