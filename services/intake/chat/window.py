"""Slack's windows, in which the same is asked as on an action's page; and what stands in a message
once a button of it was pressed. Pure.

https://docs.slack.dev/reference/views
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.intake.chat.speech import escaped
from services.intake.web.choices import Choices, Team
from services.intake.web.offers import Offer
from shared.channels import ASKED_FIRST, AT_ONCE
from shared.contracts.issue import Action
from shared.language import Words

LONGEST_TITLE = 24
LONGEST_OPTION = 75
LONGEST_INPUT = 3000
LONGEST_TEXT = 3000
LONGEST_LABEL = 2000
MOST_OPTIONS = 100
"""In one list, or in one group of a list."""
MOST_PEOPLE = 500
"""In all groups together; who isn't among them is on the page."""
MOST_BLOCKS = 50
ANOTHER_DAY = "day"

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """What there is to choose for an action."""

    offer: Offer
    explanation: str
    page_url: str
    reasons: Choices = ()
    causes: Choices = ()
    teams: Sequence[Team] = ()
    turns: Choices = ()
    waits: Choices = ()
    ends: Choices = ()
    days: bool = False
    proposed: str = ""
    """Who is proposed by the button that was pressed."""


def window(asking: Asking, action: Action, metadata: str, _: Words) -> Block:
    """The inputs' names are those of the page's fields."""
    return {
        "type": "modal",
        "callback_id": "banso",
        "private_metadata": metadata,
        "title": _plain(asking.offer.title, LONGEST_TITLE),
        "submit": _plain(asking.offer.button, LONGEST_TITLE),
        "close": _plain(_("Cancel"), LONGEST_TITLE),
        "blocks": [
            _section(escaped(asking.explanation)),
            *_inputs(asking, action, _),
            _link(_("Do it on the page instead"), asking.page_url),
        ],
    }


def _inputs(asking: Asking, action: Action, _: Words) -> list[Block]:
    said = asking.offer
    made = []
    if asking.reasons:
        made.append(_choose("reason", _("Why?"), asking.reasons))
    if asking.teams or asking.turns:
        made.append(_whom(asking, action, _))
    if asking.causes:
        made.append(_choose("cause", _("What was the cause?"), asking.causes))
    if asking.waits:
        made.append(_choose("waiting_for", _("Whose answer do you need?"), asking.waits))
    if asking.ends:
        other = (ANOTHER_DAY, _("Until another day"))
        made.append(_choose("when", _("Until when?"), [*asking.ends, other]))
    if asking.days:
        label = _("Which day?") if asking.ends else _("By which day will it be solved?")
        picker = {"type": "datepicker", "action_id": "day"}
        made.append(_input("day", label, picker, optional=bool(asking.ends)))
    if said.label:
        label = said.label + _.aside(said.hint)
        made.append(_text(label, optional=not said.must_say))
    return made


def _whom(asking: Asking, action: Action, _: Words) -> Block:
    """Everybody, team by team; and as many as Slack has room for. A person is asked for help, and
    no team."""
    is_help = action is Action.ASK
    groups: list[tuple[str, Choices]] = []
    left = MOST_PEOPLE
    for team in asking.teams:
        anybody = (team.id, _("%(team)s: whoever has time", team=team.name))
        people = [*([] if is_help else [anybody]), *team.people][:left]
        groups.append((team.name, people))
        left -= len(people)
    groups.append((_("Whoever has the turn"), asking.turns))
    shown: list[Block] = [
        {
            "label": _plain(name, LONGEST_OPTION),
            "options": [_option(*one) for one in choices[:MOST_OPTIONS]],
        }
        for name, choices in groups
        if choices
    ]
    element: Block = {
        "type": "static_select",
        "action_id": "proposed",
        "option_groups": shown[:MOST_OPTIONS],
    }
    options = (option for group in shown for option in group["options"])
    chosen = next((one for one in options if one["value"] == asking.proposed), None)
    if chosen is not None:
        element["initial_option"] = chosen
    label = _("Whom do you ask?") if is_help else _("Who should have it?")
    return _input("proposed", label, element)


def _choose(name: str, label: str, choices: Choices) -> Block:
    options = [_option(*one) for one in choices[:MOST_OPTIONS]]
    return _input(name, label, {"type": "static_select", "action_id": name, "options": options})


def _text(label: str, *, optional: bool) -> Block:
    element = {
        "type": "plain_text_input",
        "action_id": "text",
        "multiline": True,
        "max_length": LONGEST_INPUT,
    }
    return _input("text", label, element, optional=optional)


def _input(name: str, label: str, element: Block, *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": _plain(label, LONGEST_LABEL),
        "element": element,
        "optional": optional,
    }


def _option(value: str, text: str) -> Block:
    return {"text": _plain(text, LONGEST_OPTION), "value": value}


def mistaken(mistake: str, action: Action, names: Iterable[str]) -> Block:
    """The window again, with what is wrong below the input that it is about."""
    there = list(names)
    likely = ["day"] if action in (Action.SNOOZE, Action.PROMISE) else []
    name = next((one for one in (*likely, "text", *there) if one in there), "text")
    return {"response_action": "errors", "errors": {name: mistake}}


def result(title: str, text: str, link: tuple[str, str] | None, _: Words) -> Block:
    """What the window says once it was sent; it has nothing more to send."""
    more = [_link(*link)] if link else []
    view = {
        "type": "modal",
        "title": _plain(title, LONGEST_TITLE),
        "close": _plain(_("Close"), LONGEST_TITLE),
        "blocks": [_section(escaped(text)), *more],
    }
    return {"response_action": "update", "view": view}


@dataclass(frozen=True, slots=True)
class Offered:
    """A button and what it leads to."""

    does: Action
    words: str
    url: str


def told(text: str, buttons: Sequence[Offered]) -> list[Block]:
    """What was done, and what can be done next."""
    said = _section(f"✓ {escaped(text)}")
    if not buttons:
        return [said]
    return [said, {"type": "actions", "elements": [_button(one) for one in buttons]}]


def instead_of(blocks: Sequence[Block], block_id: str, now: Sequence[Block]) -> list[Block]:
    """The message with this in place of the buttons of which one was pressed."""
    found: list[Block] = []
    for block in blocks:
        found += now if block.get("block_id") == block_id else [block]
    return found if len(found) <= MOST_BLOCKS else [*blocks[: MOST_BLOCKS - len(now)], *now]


def _button(one: Offered) -> Block:
    made: Block = {
        "type": "button",
        "text": _plain(one.words, LONGEST_OPTION),
        "action_id": f"banso:{one.does}",
        "value": one.url,
    }
    return made if one.does in AT_ONCE | ASKED_FIRST else {**made, "url": one.url}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:LONGEST_TEXT]}}


def _link(name: str, url: str) -> Block:
    text = f"<{url}|{escaped(name)}>"
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _plain(text: str, longest: int) -> Block:
    short = text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
    return {"type": "plain_text", "text": short, "emoji": False}
