"""A small company with short deadlines, in which much goes wrong."""

from __future__ import annotations

from services.router import organisation
from shared.contracts.organisation import Organisation

LEADER = "kai"
CARRIERS = ("emi", "aki")
PEOPLE = ("kai", "mio", "ren", "sho", "ume", "yui", "aki", "emi")
CUSTOMERS = ("x-1", "x-2")

_FILE = """
name: {ja: 会社, en: Company}
leader: kai
default_team: product
default_carrier: aki
calendar: office
calendars:
  - {id: office, zone: Asia/Tokyo, holidays: JP, hours: {mon-fri: 09:00-12:00 13:00-18:00}}
  - {id: shift, zone: Asia/Tokyo, hours: {mon-sat: 06:00-14:00}}
mail: {issues: [issues@example.com], sender: banso@example.com}
teams:
  - {id: product, name: {ja: 製品, en: Product}, lead: mio}
  - {id: shipping, name: {ja: 出荷, en: Shipping}, lead: ume}
  - {id: sales, name: {ja: 営業, en: Sales}, lead: aki}
people:
  - {id: kai, name: {ja: 甲斐, en: Kai}, emails: [kai@example.com], language: ja,
     team: product, hours_per_day: 1}
  - {id: mio, name: {ja: 澪, en: Mio}, emails: [mio@example.com], language: ja,
     team: product, substitute: ren}
  - {id: ren, name: {ja: 蓮, en: Ren}, emails: [ren@example.com], language: ja,
     team: product, limit: 3}
  - {id: sho, name: {ja: 翔, en: Sho}, emails: [sho@example.com], language: en,
     team: product, skills: {broken: 0.2}, languages: [en]}
  - {id: ume, name: {ja: 梅, en: Ume}, emails: [ume@example.com], language: ja,
     team: shipping, calendar: shift}
  - {id: yui, name: {ja: 結衣, en: Yui}, emails: [yui@example.com], language: ja,
     team: shipping, calendar: shift, limit: 2, substitute: ume}
  - {id: aki, name: {ja: 亜紀, en: Aki}, emails: [aki@example.com], language: ja,
     team: sales}
  - {id: emi, name: {ja: 絵美, en: Emi}, emails: [emi@example.com], language: ja,
     team: sales}
categories:
  - {id: broken, name: {ja: 動かない, en: Broken}, team: product}
  - {id: late, name: {ja: 届かない, en: Late}, team: shipping}
causes:
  - {id: fault, name: {ja: 不具合, en: Fault}}
policies:
  low: &policy
    acknowledge_within: 4h
    answer_within: 1d
    keep_in_touch: 2d
    resolve_within: 4d
    confirm_within: 3d
    remind_before: 0.25
    lasts: 1d
    wait_within: 1d
    ladder:
      - {after: 0h, do: remind}
      - {after: 2h, do: tell, to: lead}
      - {after: 2h, do: give, to: leader}
  normal: *policy
  high:
    acknowledge_within: 1h
    answer_within: 2h
    keep_in_touch: 4h
    resolve_within: 1d
    confirm_within: 1d
    ladder:
      - {after: 0h, do: tell, whom: ume}
      - {after: 1h, do: give, to: leader}
"""


def company(without: str | None = None) -> Organisation:
    """The company as its file says; perhaps after somebody has left it."""
    lines = _FILE.splitlines()
    if without is not None:
        at = next(n for n, line in enumerate(lines) if f"id: {without}," in line)
        lines = [*lines[:at], *lines[at + 2 :]]
        lines = [line.replace(f", substitute: {without}", "") for line in lines]
    return organisation.parse("\n".join(lines))
