"""Issues in whichever state a page needs them, and the links that people get about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shared.contracts.issue import Action
from shared.links import Links
from tests.browser.chromium import Language
from tests.installation import Installation, until

BROUGHT_IN: dict[Language, dict[str, Any]] = {
    "ja": {
        "summary": "新潟の展示会に使う20台がまだ届きません",
        "description": "昨日着くはずのアクアノート20台が、今朝になっても届いていません。\n"
        "展示会は木曜日からです。お客様に何と伝えればよいでしょうか。",
        "reporter": {"name": "佐藤 健", "email": "sato@example.com"},
        "product": "aquanote",
        "category": "not-arrived",
    },
    "en": {
        "summary": "The lamp of the meter stays red",
        "description": "The customer has changed the batteries and read the manual twice.\n"
        "She shows the meter to her board on Thursday. What can I tell her?",
        "reporter": {"name": "Emily Brown", "email": "brown@example.com"},
        "product": "aquanote-mini",
        "category": "not-working",
    },
}
ANSWER: dict[Language, str] = {
    "ja": "いま配送会社に確認しました。トラックは水曜の朝に着きます。\n"
    "お客様には私からもお電話します。",
    "en": "It is the battery contact. A new one leaves today and arrives on Tuesday.\n"
    "I will call the customer myself this afternoon.",
}
CARRIER: dict[Language, str] = {"ja": "sato", "en": "brown"}


@dataclass(frozen=True)
class Issue:
    """One that has an owner."""

    banso: Installation
    issue_id: str
    reference: str

    @property
    def now(self) -> dict[str, Any]:
        """As the router says that it is."""
        found: dict[str, Any] = json.loads(
            self.banso.ask("intake", "select snapshot from view where issue_id = ?", self.issue_id)[
                0
            ][0]
        )
        return found

    def link(self, action: Action) -> str:
        """What the owner, or for the last two actions the carrier, gets by mail."""
        now = self.now
        whose = "carrier_id" if action in (Action.CONFIRM, Action.REOPEN) else "owner_id"
        return links(self.banso).action(
            self.issue_id, now[whose], action, now["assignment"], self.banso.now
        )

    def status(self, person_id: str) -> str:
        return links(self.banso).status(self.issue_id, person_id, self.banso.now)

    def has_happened(self, event: str) -> int:
        """How often."""
        return sum(line["event"] == event for line in self.banso.issue(self.reference)["history"])


def links(banso: Installation) -> Links:
    """What signs the links of this installation."""
    keys = json.loads((banso.data / "secrets.json").read_text())["link_keys"]
    return Links(keys, banso.endpoints["web"])


def bring_in(banso: Installation, language: Language) -> Issue:
    reference = banso.raise_issue(**BROUGHT_IN[language])
    query = "select issue_id from view where reference = ? and snapshot is not null"
    found = until(lambda: banso.ask("intake", query, reference), "it has an owner")
    return Issue(banso, found[0][0], reference)
