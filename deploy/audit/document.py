"""Writes docs/audit.md: what is promised, where it is looked at, and what is repaired.

python -m deploy.audit.document
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from deploy.audit.promises import Promise
from deploy.audit.report import claim
from shared.language import words

FILE = Path(__file__).parents[2] / "docs" / "audit.md"

_HEAD = """\
# What the auditor proves

Made from the code by `make docs`; how to run it stands in [operators.md](operators.md#the-auditor).

The auditor looks at every service's database and at every stream, and changes none of them.
What it suspects it looks at a second time, five seconds later.
Only what is still the same then is counted in `banso_audit_violations`.

| promise | what holds | what is looked at | what is repaired |
|---|---|---|---|
"""

_NOTHING = "nothing: somebody has to look"


def looks(promise: Promise) -> str:
    """Where the proof comes from."""
    match promise:
        case Promise.ACCEPTED:
            return (
                "intake's `view` without a version, older than a minute, and not held for its"
                " sender to try again; router's `issue`"
            )
        case Promise.OWNER:
            return (
                "router's `issue` and the organisation in force; where owner and carrier are the"
                " same, intake's `view` says whether Banso itself chose them"
            )
        case Promise.NEXT_STEP:
            return "router's `issue`: step, deadline and wake-up"
        case Promise.STEP_TAKEN:
            return (
                "router's `issue`: a wake-up that passed two minutes ago, unless a `pause` is in"
                " force"
            )
        case Promise.SHOWN:
            return (
                "versions in router's `issue` and intake's `view`, a minute after a change; of all"
                " that either holds for open, and in a full audit of all"
            )
        case Promise.WORK:
            return "router's `work` against the effort of all open issues"
        case Promise.ABSENCE:
            return "router's `absence`: a wake-up that passed two minutes ago"
        case Promise.PAUSE:
            return "router's `pause`: a wake-up that passed two minutes ago"
        case Promise.ALONGSIDE:
            return (
                "router's `companionship`: due two minutes ago, unless a `pause` is in force; and"
                " its `isolation` of people who never had any. Whom it concerns is not said"
            )
        case Promise.SAID:
            return (
                "each service's `said`: recorded a minute ago, on no stream, and no stream has ever"
                " confirmed it"
            )
        case Promise.KEPT:
            return (
                "each service's `said` against its stream and DEAD, by `Nats-Msg-Id`: confirmed"
                " once, and not there now"
            )
        case Promise.RECORDED:
            return "each stream and DEAD against the speaker's `said`, by `Nats-Msg-Id`"
        case Promise.TOLD:
            return (
                "notifier's `delivery` and `arrival`: due ten minutes ago, or tried for more than"
                " three days; in a full audit also pending and never due"
            )
        case Promise.LOOKED_AT:
            return "DEAD: letters that were neither said again nor noted as done"
        case Promise.GIVEN_UP:
            return (
                "ADVISORIES: what the server gave up for a consumer of ours, and that service's"
                " `cause` does not know"
            )
        case _ as never:
            assert_never(never)


def repairs(promise: Promise) -> str:
    """What the auditor has done about it, by whom."""
    match promise:
        case Promise.STEP_TAKEN:
            return (
                "where the router has said in vain that it is due: `issue.due` is said again, for"
                " the router alone, which acts only if that step is still the current one"
            )
        case Promise.SAID | Promise.KEPT:
            return (
                "its speaker is asked to say it again from its own journal, with the same id;"
                " whoever has heard it stays silent"
            )
        case (
            Promise.ACCEPTED
            | Promise.OWNER
            | Promise.NEXT_STEP
            | Promise.SHOWN
            | Promise.WORK
            | Promise.ABSENCE
            | Promise.PAUSE
            | Promise.ALONGSIDE
            | Promise.RECORDED
            | Promise.TOLD
            | Promise.LOOKED_AT
            | Promise.GIVEN_UP
        ):
            return _NOTHING
        case _ as never:
            assert_never(never)


def document() -> str:
    """The whole file."""
    _ = words("en")
    rows = [
        f"| `{promise}` | {claim(promise, _)} | {looks(promise)} | {repairs(promise)} |\n"
        for promise in Promise
    ]
    return _HEAD + "".join(rows)


def main() -> None:
    FILE.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
