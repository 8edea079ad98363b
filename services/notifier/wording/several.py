"""What stands above several things that go as one mail."""

from __future__ import annotations

from collections.abc import Collection

from shared.contracts.notifier import Reason
from shared.language import Words


def heading_of(reasons: Collection[Reason], count: int, _: Words) -> str:
    """What they have in common, and how many they are."""
    match list(reasons):
        case [Reason.REMINDER]:
            return _.many(
                "1 issue is waiting for you", "%(count)s issues are waiting for you", count
            )
        case [Reason.ESCALATION]:
            return _.many(
                "1 issue is late and needs you", "%(count)s issues are late and need you", count
            )
        case [Reason.YOURS]:
            return _.many("1 issue is yours now", "%(count)s issues are yours now", count)
        case [Reason.NEW_OWNER]:
            return _.many(
                "1 issue is looked after by somebody else now",
                "%(count)s issues are looked after by somebody else now",
                count,
            )
        case [Reason.NO_LONGER_YOURS]:
            return _.many(
                "1 issue is no longer yours", "%(count)s issues are no longer yours", count
            )
        case [Reason.SOLVED]:
            return _.many("Is 1 issue solved?", "Are these %(count)s issues solved?", count)
        case [Reason.RECEIPT]:
            return _.many(
                "1 thing was done in your name", "%(count)s things were done in your name", count
            )
        case [Reason.CLOSED]:
            return _.many("1 issue is closed", "%(count)s issues are closed", count)
        case _:
            return _.many("There is news of 1 issue", "There is news of %(count)s issues", count)


def introduction_to(reasons: Collection[Reason], _: Words) -> list[str]:
    """What to know before reading the list."""
    lines = []
    if Reason.REMINDER in reasons:
        lines.append(
            _(
                "The most urgent comes first. A word on each is enough,"
                " even if it is not solved yet."
            )
        )
    if reasons:
        lines.append(
            _("To answer, please use the links: this mail is about several issues at once.")
        )
    return lines
