"""What Banso itself says in a chat to whoever writes to it."""

from __future__ import annotations

from shared.contracts.issue import Action
from shared.language import Words


def how_to_answer(_: Words) -> str:
    """To whoever writes where it can't be told which issue they mean."""
    return _(
        "Which issue do you mean? Please reply to the message about it, or in its thread: then your"
        " words get to the right people. The buttons and links of a message work, too."
    )


def files_text(_: Words) -> str:
    return _("Files don't get to Banso by chat. Please add them on the page of the issue:")


def encrypted(_: Words) -> str:
    return _(
        "Banso can't read encrypted messages. Please write in the room that Banso has made for the"
        " two of you, which is not encrypted."
    )


def needs_words(action: Action, _: Words) -> str:
    """To whoever says no by a sign only."""
    if action is Action.REOPEN:
        return _("Not solved? Please say here what is still wrong:")
    return _("Not yours? Please say here why, and who should have it:")
