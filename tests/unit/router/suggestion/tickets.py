"""Tickets of a fictional helpdesk: the same ones each time."""

from __future__ import annotations

from random import Random

ENGLISH = {
    "network": ("wifi drops", "vpn refuses my token", "the cable is dead", "the page never loads"),
    "printing": ("paper jam again", "toner is empty", "prints are grey", "the tray will not open"),
    "payroll": ("my payslip is wrong", "overtime is missing", "bonus not paid", "tax code changed"),
}
JAPANESE = {
    "network": ("無線がつながりません", "VPNに入れない", "回線が遅いです", "ページが開きません"),
    "printing": ("紙が詰まりました", "トナーが空です", "印刷がかすれる", "給紙トレイが開かない"),
    "payroll": ("給与明細が違います", "残業代が抜けている", "賞与が入金されない", "税額が変わった"),
}
BEGINNINGS = ("Hello,", "Good morning,", "Sorry to ask:", "お世話になります。", "至急です。", "")
PLACES = ("room 12", "the second floor", "Osaka", "大阪支店", "名古屋", "")


def tickets(count: int, kinds: dict[str, tuple[str, ...]] = ENGLISH) -> list[tuple[str, str]]:
    """Text and label of each."""
    draw = Random(7)
    made = []
    for _ in range(count):
        label = draw.choice(sorted(kinds))
        text = f"{draw.choice(BEGINNINGS)} {draw.choice(kinds[label])} {draw.choice(PLACES)}"
        made.append((text.strip(), label))
    return made
