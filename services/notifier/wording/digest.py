"""What somebody hears in one go for a day or a week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from services.notifier.wording.base import Said, Say
from shared.contracts.issue import State, Step
from shared.contracts.notifier import DigestItem, DigestMade


@dataclass(frozen=True, slots=True)
class Listed:
    """An issue in a summary, in words."""

    section: str
    item: DigestItem
    line: str


def summary(say: Say) -> Said:
    """What stands above the list."""
    made = _made(say)
    return Said(_heading(say, made), _introduction(say, made))


def listed(say: Say) -> Iterator[Listed]:
    """What waits first, then what got solved, then what moved."""
    _, made = say._, _made(say)
    for item in made.waits:
        yield Listed(_("What waits for you"), item, _waits(say, item))
    for item in made.solved:
        yield Listed(_("What you brought in and got solved"), item, _solved(say, item))
    for item in made.moved:
        yield Listed(_("What moved"), item, _moved(say, item))


def _made(say: Say) -> DigestMade:
    if not isinstance(say.event, DigestMade):
        raise TypeError(f"{say.event.subject} sums up nothing")
    return say.event


def _heading(say: Say, made: DigestMade) -> str:
    _ = say._
    count = len(made.waits)
    if count and not made.left_out:  # else nobody knows of how many kinds there are more
        return _.many(
            "Your summary: 1 issue is waiting for you",
            "Your summary: %(count)s issues are waiting for you",
            count,
        )
    if made.daily:
        return _("Your summary of the day")
    return _("Your summary of the week")


def _introduction(say: Say, made: DigestMade) -> list[str]:
    """Since when, and what they were not sent one by one."""
    _ = say._
    lines = [_("What has happened since %(time)s.", time=say.time(made.since))]
    if made.accompanies:
        names = _.listed(say.person(one) for one in made.accompanies)
        lines.append(
            _("You run alongside %(names)s. A few minutes of talk today do good.", names=names)
        )
    if made.summed:
        lines.append(
            _.many(
                "1 message was not sent to you one by one, as you wished or because there were"
                " very many. It is in your inbox.",
                "%(count)s messages were not sent to you one by one, as you wished or because"
                " there were very many. They are in your inbox.",
                made.summed,
            )
        )
    return lines


def _waits(say: Say, item: DigestItem) -> str:
    """What they are to do, and by when; or since when it is due."""
    if item.next_step_at is not None and item.next_step_at <= say.now:
        return _late(say, item)
    _, time = say._, say.time(item.next_step_at)
    match item.next_step:
        case Step.ACKNOWLEDGE | Step.ASSIGN | None:
            return _("Please say by %(time)s whether you take it.", time=time)
        case Step.ANSWER:
            return _("Please write a word by %(time)s.", time=time)
        case Step.RESOLVE:
            return _("It is to be solved by %(time)s.", time=time)
        case Step.CONFIRM:
            return _("Please say by %(time)s whether it is solved.", time=time)
        case Step.WAIT:
            return _("Please tell us more by %(time)s, so that it can go on.", time=time)
        case _ as never:
            assert_never(never)


def _late(say: Say, item: DigestItem) -> str:
    _, time = say._, say.time(item.next_step_at)
    match item.next_step:
        case Step.ACKNOWLEDGE | Step.ASSIGN | None:
            return _("Do you take it? We have been waiting since %(time)s.", time=time)
        case Step.ANSWER:
            return _("Please write a word. It has been due since %(time)s.", time=time)
        case Step.RESOLVE:
            return _("It was to be solved by %(time)s.", time=time)
        case Step.CONFIRM:
            return _("Is it solved? We have been waiting since %(time)s.", time=time)
        case Step.WAIT:
            return _("It can't go on without you. It has waited since %(time)s.", time=time)
        case _ as never:
            assert_never(never)


def _solved(say: Say, item: DigestItem) -> str:
    _ = say._
    return _("%(owner)s has solved it.", owner=say.person(item.owner_id))


def _moved(say: Say, item: DigestItem) -> str:
    _, owner = say._, say.person(item.owner_id)
    match item.state:
        case State.RECEIVED | State.ASSIGNED:
            return _("%(owner)s has it and will say whether they take it.", owner=owner)
        case State.ACKNOWLEDGED if item.next_step is Step.WAIT:
            return _("%(owner)s waits for an answer.", owner=owner)
        case State.ACKNOWLEDGED:
            return _("%(owner)s is working on it.", owner=owner)
        case State.RESOLVED | State.CLOSED:
            return _("It is over.")
        case _ as never:
            assert_never(never)
