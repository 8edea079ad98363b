"""What Banso itself says in a chat to whoever writes to it."""

from __future__ import annotations

from shared.language import Words


def how_to_answer(_: Words) -> str:
    """To whoever writes where it can't be told which issue they mean."""
    return _(
        "Which issue do you mean? Please reply to the message about it, or in its thread: then your"
        " words get to the right people. The buttons and links of a message work, too."
    )


def files_text(_: Words) -> str:
    return _("Files don't get to Banso by chat. Please add them on the page of the issue:")
