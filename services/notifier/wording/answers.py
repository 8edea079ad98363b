"""What people say about it: taken, answered, written more, corrected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from services.notifier.wording.base import Said, Say
from shared.contracts.issue import Standing, State, Urgency
from shared.contracts.notifier import Relation
from shared.contracts.router import IssueCommented, IssueCorrected, IssueEvent, IssueResponded


def taken(say: Say) -> Said:
    _ = say._
    return Said(
        _("It is being worked on"),
        [
            _("%(owner)s has taken it.", owner=say.owner()),
            _("Next: %(step)s", step=say.next()),
        ],
    )


def answer(say: Say) -> Said:
    """A person's words, and what comes next; an afterword may come when it is over."""
    _ = say._
    event, state = say.event, say.issue.state if say.issue else State.ASSIGNED
    lines = []
    if isinstance(event, IssueResponded) and event.elsewhere:
        name = say.person(event.said_by_id)
        lines.append(_("By telephone or in person, as %(name)s says.", name=name))
    if isinstance(event, IssueResponded) and event.shared_from:
        lines.append(_("It was written about an issue that yours belongs together with."))
    if say.relation is Relation.OWNER:
        lines.append(_("%(name)s has it already. It stays with you.", name=say.carrier()))
    same = say.issue is not None and say.issue.merged_into is not None
    if say.relation is not Relation.FOLLOWER and not same:
        if state == State.CLOSED:
            lines.append(_("It is closed. If it is not solved, one click opens it again."))
        else:
            lines.append(_("Next: %(step)s", step=say.next()))
    waits = say.relation in (Relation.CARRIER, Relation.REPORTER)
    return Said(
        _("%(name)s has answered", name=say.actor()),
        lines,
        event.text if isinstance(event, IssueResponded) else None,
        say.carrier_actions() if waits and not say.is_open and not same else (),
        quote_first=True,
    )


def comment(say: Say) -> Said:
    """The carrier's words, for the owner."""
    _ = say._
    if say.issue is not None and say.issue.waiting_for is not None:
        line = _("It was waiting for this. Your clock goes on with the time that was left.")
    elif say.is_open:
        line = _("Next: %(step)s", step=say.next())
    else:
        line = _("It counts as solved; one click of theirs opens it again.")
    return Said(
        _("%(name)s has written more", name=say.actor()),
        [line],
        say.event.text if isinstance(say.event, IssueCommented) else None,
        say.owner_actions() if say.is_open else (),
        quote_first=True,
    )


def look(say: Say) -> Said:
    """Words of somebody who neither owns nor carries the issue, or of whom nothing is sure."""
    _ = say._
    event = say.event
    standing = event.standing if isinstance(event, IssueCommented) else Standing.THREADED
    actor_id = event.actor_id if isinstance(event, IssueEvent) else None
    inside = actor_id in say.organisation.person
    name = say.person(actor_id) if inside else _("somebody outside")
    same = event.from_reference if isinstance(event, IssueCommented) else None
    match standing:
        case Standing.DOUBTED:
            line = _(
                "It came in the name of %(name)s, but its sender is probably forged."
                " Be careful with links and files.",
                name=name,
            )
        case Standing.THREADED if actor_id == say.to.person_id:
            line = _(
                "It came in your name, but nothing proves that you wrote it."
                " If you did, please send it with the button."
            )
        case Standing.THREADED:
            line = _("It came in the name of %(name)s, and nothing proves who wrote it.", name=name)
        case Standing.VOUCHED | Standing.UNPROVEN if same is not None:
            line = _("It is from %(name)s.", name=name)
        case Standing.VOUCHED | Standing.UNPROVEN:
            line = _("It is from %(name)s, who is not part of this issue.", name=name)
        case _ as never:
            assert_never(never)
    lines = [line]
    if same is not None:
        lines.append(
            _("They wrote it about %(reference)s, which is the same as this issue.", reference=same)
        )
    return Said(
        _("A message to look at"),
        lines,
        event.text if isinstance(event, IssueCommented) else None,
        say.owner_actions() if say.is_open else (),
    )


def corrected(say: Say) -> Said:
    _ = say._
    event = say.event
    changed = event.changed if isinstance(event, IssueCorrected) else ()
    lines = [_("%(name)s has corrected what was said.", name=say.actor())]
    for name, value in _now_said(say):
        if name in changed:
            lines.append(value)
    return Said(
        _("It has been corrected"),
        lines,
        event.text if isinstance(event, IssueCorrected) else None,
        say.owner_actions() if say.relation is Relation.OWNER else (),
    )


def _now_said(say: Say) -> Iterator[tuple[str, str]]:
    """Each part of an issue that can be corrected, and in a sentence what it is now."""
    _ = say._
    issue, organisation, language = say.issue, say.organisation, say.to.language
    if issue is None:
        return
    product = organisation.product.get(issue.product or "")
    category = organisation.category.get(issue.category or "")
    customer = say.event.customer if isinstance(say.event, IssueCorrected) else None
    yield "summary", _("In short, it is now: %(value)s", value=issue.summary)
    if product:
        yield "product", _("The product is now: %(value)s", value=product.name.in_(language))
    if category:
        yield "category", _("It is now about: %(value)s", value=category.name.in_(language))
    yield "urgency", _("The urgency is now: %(value)s", value=_urgency(say, issue.urgency))
    yield "customer", _("The customer is now: %(value)s", value=customer or "")
    if issue.needed_by is not None:
        when = say.time(issue.needed_by)
        yield "needed_by", _("It is now needed by: %(value)s", value=when)


def _urgency(say: Say, urgency: Urgency) -> str:
    _ = say._
    match urgency:
        case Urgency.LOW:
            return _("It can wait")
        case Urgency.NORMAL:
            return _("Normal")
        case Urgency.HIGH:
            return _("Urgent: a customer is waiting")
        case _ as never:
            assert_never(never)


def answered_elsewhere(say: Say) -> Said:
    _ = say._
    event = say.event
    said_by = event.said_by_id if isinstance(event, IssueResponded) else None
    return Said(
        _("Answered by telephone or in person"),
        [
            _(
                "%(name)s says that %(who)s has answered already.",
                name=say.person(said_by),
                who=say.actor(),
            ),
            _("Next: %(step)s", step=say.next()),
        ],
        event.text if isinstance(event, IssueResponded) else None,
        say.owner_actions(),
    )


def still_closed(say: Say) -> Said:
    _ = say._
    closed = say.issue is not None and say.issue.state == State.CLOSED
    return Said(
        _("Your words are here, and it is closed")
        if closed
        else _("Your words are here; is it solved?"),
        [
            _("%(owner)s has them, too.", owner=say.owner()),
            _("If it is not solved, one click opens it again."),
        ],
        actions=say.carrier_actions(),
    )
