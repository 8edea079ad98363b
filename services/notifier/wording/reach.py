"""Whom Banso can't reach, for whoever can; and a word that shows that somebody is reached."""

from __future__ import annotations

from services.notifier.wording.base import Said, Say
from shared.contracts.notifier import ChannelError, PersonUnreachable, Reason, Relation
from shared.contracts.organisation import Channel
from shared.language import Words


def unreachable(say: Say) -> Said:
    """Who it is, what they were not told, and what to do."""
    _, event = say._, say.event
    if not isinstance(event, PersonUnreachable):
        raise TypeError(f"{event.subject} is about nobody who can't be reached")
    if event.person_id not in say.organisation.person:
        return _customer(say, event)
    name = say.person(event.person_id)
    return Said(
        _("Banso can't reach %(name)s", name=name),
        [
            _not_told(event.reason, name, _),
            _("Please tell them yourself, in person or by telephone."),
            _("Please also ask whoever runs Banso to look at their addresses:"),
            *_errors(event.errors, _),
        ],
        say.brought_in() if say.issue is not None else None,
    )


def _customer(say: Say, event: PersonUnreachable) -> Said:
    _ = say._
    if say.relation is Relation.CARRIER:
        heading = _("Your customer can't be reached by mail")
    else:
        heading = _("A customer can't be reached by mail")
    return Said(
        heading,
        [
            _not_told(event.reason, _("The customer"), _),
            _("Perhaps the address was mistyped. Please call them, and pass the word on."),
            *_errors(event.errors, _),
        ],
        say.brought_in(),
    )


def _not_told(reason: Reason, name: str, _: Words) -> str:
    """What they do not know."""
    match reason:
        case Reason.RECEIVED | Reason.RECEIVED_UNDECIDED:
            return _("%(name)s does not know that it has arrived.", name=name)
        case Reason.YOURS:
            return _("%(name)s does not know that this is theirs now.", name=name)
        case Reason.ANSWER:
            return _("%(name)s has not got the answer.", name=name)
        case Reason.ASKED | Reason.HELP:
            return _("%(name)s has not got the question.", name=name)
        case Reason.REMINDER | Reason.LAPSED | Reason.ESCALATION:
            return _("%(name)s has not got a reminder.", name=name)
        case Reason.SOLVED:
            return _("%(name)s has not been asked whether it is solved.", name=name)
        case _other:
            return _("%(name)s has not got a message from Banso.", name=name)


def _errors(errors: tuple[ChannelError, ...], _: Words) -> list[str]:
    """What the channels said, for whoever can mend it."""
    return [
        _("%(channel)s says: %(error)s", channel=channel_name(one.channel, _), error=one.error)
        for one in errors
    ]


def channel_name(channel: Channel, _: Words) -> str:
    """As people call it."""
    match channel:
        case Channel.INBOX:
            return _("Inbox")
        case Channel.EMAIL:
            return _("Mail")
        case Channel.SLACK:
            return "Slack"
        case Channel.TEAMS:
            return "Microsoft Teams"
        case Channel.MATRIX:
            return "Matrix"
        case Channel.CHATWORK:
            return "Chatwork"
        case Channel.LINEWORKS:
            return "LINE WORKS"
        case Channel.APPRISE:
            return _("Another messenger")
        case Channel.WEBHOOK:
            return _("Another system")


def trial(_: Words, organisation: str) -> Said:
    """Nothing has happened; they only see how Banso reaches them."""
    return Said(
        _("This is how Banso reaches you"),
        [
            _(
                "%(organisation)s is getting Banso ready. This is a test.",
                organisation=organisation,
            ),
            _("You need not do anything."),
            _("When something needs you, you hear of it here."),
        ],
    )
