"""What concerns many issues at once: somebody is away or back, and all chasing rests."""

from __future__ import annotations

from typing import TypeVar

from services.notifier.wording.base import Offer, Place, Said, Say
from shared.contracts.notifier import Relation
from shared.contracts.router import ChasingPaused, ChasingResumed, PersonAway, PersonBack

_Kind = TypeVar("_Kind")


def away(say: Say) -> Said:
    _ = say._
    event = _expect(say.event, PersonAway)
    until, inbox = say.time(event.ends_at), [Offer(Place.INBOX, _("See them all"))]
    if say.relation is Relation.SUBSTITUTE:
        name = say.person(event.person_id)
        return Said(
            _("You stand in for %(name)s", name=name),
            [
                _("%(name)s is away until %(time)s.", name=name, time=until),
                _.many(
                    "1 open issue is with you meanwhile.",
                    "%(count)s open issues are with you meanwhile.",
                    event.issues,
                ),
                _("What is still open then goes back by itself."),
            ],
            actions=inbox,
        )
    lines = [
        _.many(
            "1 open issue of yours is looked after while you are away.",
            "%(count)s open issues of yours are looked after while you are away.",
            event.issues,
        )
    ]
    if event.substitute_id is not None:
        lines.append(_("%(name)s stands in for you.", name=say.person(event.substitute_id)))
    lines.append(_("What is still open on %(time)s comes back to you by itself.", time=until))
    return Said(_("Your issues are in good hands"), lines, actions=inbox)


def back(say: Say) -> Said:
    _ = say._
    event = _expect(say.event, PersonBack)
    inbox = [Offer(Place.INBOX, _("See them all"))]
    if say.relation is Relation.SUBSTITUTE:
        return Said(
            _("%(name)s is back", name=say.person(event.person_id)),
            [
                _.many(
                    "1 issue that you looked after has gone back.",
                    "%(count)s issues that you looked after have gone back.",
                    event.issues,
                ),
                _("Thank you for standing in. You need not do anything more about it."),
            ],
        )
    lines = [
        _.many(
            "1 open issue is yours again.", "%(count)s open issues are yours again.", event.issues
        )
    ]
    if event.substitute_id is not None:
        name = say.person(event.substitute_id)
        lines.append(_("%(name)s looked after it for you and can tell you more.", name=name))
    return Said(_("Welcome back"), lines, actions=inbox)


def paused(say: Say) -> Said:
    _ = say._
    event = _expect(say.event, ChasingPaused)
    start, end = say.time(event.starts_at), say.time(event.ends_at)
    if event.refused:
        return Said(_("Chasing rests until %(time)s, as before", time=end), _only_the_leader(say))
    return Said(
        _("Banso chases nobody until %(time)s", time=end),
        [
            _("%(name)s has said so.", name=say.person(event.said_by_id)),
            _(
                "From %(start)s to %(end)s nobody is reminded and no deadline runs.",
                start=start,
                end=end,
            ),
            _("Whatever you write still reaches people. Nothing is lost."),
        ],
        event.text,
        quote_first=True,
    )


def unpaused(say: Say) -> Said:
    _ = say._
    event = _expect(say.event, ChasingResumed)
    start = say.time(event.starts_at)
    if event.refused:
        return Said(_("Chasing does not rest"), _only_the_leader(say))
    return Said(
        _("Deadlines run again"),
        [
            _("The pause that began on %(time)s is over.", time=start),
            _("Every deadline has moved on by as much, so that nobody has lost any time."),
        ],
        actions=[Offer(Place.INBOX, _("See your inbox"))],
    )


def _only_the_leader(say: Say) -> list[str]:
    _ = say._
    leader = say.person(say.organisation.leader)
    return [
        _(
            "You asked for something else, and only whoever leads the company can: %(name)s.",
            name=leader,
        ),
        _("Please talk to %(name)s. Nobody else has been told.", name=leader),
    ]


def _expect(event: object, kind: type[_Kind]) -> _Kind:
    """The event that alone leads to such a message."""
    if not isinstance(event, kind):
        raise TypeError(f"{type(event).__name__} is no {kind.__name__}")
    return event
