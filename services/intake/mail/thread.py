"""Which issue a mail is about, and what it may do there. Pure: the mail and what is known in.

In this order: our signed reply address, our signed Message-IDs, the reference in the subject, and
the Message-IDs of others that we have seen. Only the first proves anything (DESIGN.md, Doors).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.intake.mail.parse import ReadMail
from services.intake.mail.trust import Trust
from services.intake.submission import REFERENCE, read_reference
from shared.contracts.issue import Standing
from shared.contracts.organisation import Mail
from shared.replies import Replies, SignedMessageId

_REFERENCE = re.compile(rf"(?<![0-9A-Z])[{REFERENCE}]{{4}}-[{REFERENCE}]{{4}}(?![0-9A-Z])")
MOST_REFERENCES = 100


class Through(StrEnum):
    """By what a mail was found to belong to an issue."""

    ADDRESS = "reply address"
    MESSAGE_ID = "signed Message-ID"
    SUBJECT = "reference in the subject"
    REFERENCES = "References"
    FLOOD = "too many new issues"
    """It belongs to none: its sender has begun more than a person can."""


@dataclass(frozen=True, slots=True)
class Clues:
    """What a mail says about where it belongs, the strongest first."""

    tags: tuple[str, ...] = ()
    """Of our reply addresses, as written; they may be forged."""
    signed: tuple[SignedMessageId, ...] = ()
    """Message-IDs of ours that it answers, the nearest first."""
    subject: tuple[str, ...] = ()
    """References in its subject."""
    references: tuple[str, ...] = ()
    """Message-IDs of anybody's, the nearest last."""


def clues(mail: ReadMail, recipients: Iterable[str], ours: Mail, replies: Replies) -> Clues:
    """Everything in a mail that may name an issue."""
    addresses = dict.fromkeys((*recipients, *mail.to))
    tags = (tag_of(address, ours) for address in addresses)
    ids = mail.references[-MOST_REFERENCES:]
    signed = (replies.read_message_id(one) for one in reversed(ids))
    upper = unicodedata.normalize("NFKC", mail.subject).upper()
    return Clues(
        tags=tuple(dict.fromkeys(tag for tag in tags if tag and replies.issue_of(tag))),
        signed=tuple(one for one in signed if one is not None),
        subject=tuple(dict.fromkeys(map(read_reference, _REFERENCE.findall(upper)))),
        references=ids,
    )


def our_address(address: str, ours: Mail) -> str | None:
    """The address of ours that mail to this one comes to, whatever its tag; None if it isn't."""
    plain = address.lower()
    if plain in ours.addresses:
        return plain
    found = _split(plain, ours)
    return found[0] if found else None


def tag_of(address: str, ours: Mail) -> str | None:
    """What stands behind the separator in an address of ours."""
    if address.lower() in ours.addresses:
        return None
    found = _split(address.lower(), ours)
    return found[1] if found else None


def _split(address: str, ours: Mail) -> tuple[str, str] | None:
    local, _, domain = address.rpartition("@")
    for separator in filter(None, dict.fromkeys((ours.separator, "+"))):
        name, found, tag = local.rpartition(separator)
        if found and f"{name}@{domain}" in ours.addresses:
            return f"{name}@{domain}", tag
    return None


def standing(through: Through, *, is_theirs: bool, trust: Trust) -> Standing:
    """How sure it is that the sender is who they say.

    `is_theirs`: the reply address belongs to the very person whose address is in From.
    """
    if trust is Trust.FAILED:
        return Standing.DOUBTED
    if through is not Through.ADDRESS or not is_theirs:
        return Standing.THREADED
    return Standing.VOUCHED if trust is Trust.PASSED else Standing.UNPROVEN


def names_somebody(
    replies: Replies, tag: str, sender_id: str | None, others: Collection[str]
) -> tuple[bool, bool]:
    """Whether we made this reply address, and whether for the sender."""
    if sender_id is not None and replies.belongs_to(tag, [sender_id]):
        return True, True
    return replies.belongs_to(tag, others) is not None, False


def addressed_to(mail: ReadMail, recipients: Sequence[str], ours: Mail) -> tuple[str, ...]:
    """Which of our addresses a mail went to, by its envelope and by its head: a copy for another
    of them may come by itself, and is no other mail."""
    found = (our_address(address, ours) for address in (*recipients, *mail.to))
    return tuple(sorted({address for address in found if address is not None}))
