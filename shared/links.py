"""Signed links: whoever holds one may do just what it says, and it is bound to one person.

Keys are a list, the newest last: a new one is added at the end, an old one taken out when its
links may stop to work.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from itsdangerous import BadData, Signer
from itsdangerous.encoding import want_bytes

from shared.contracts.issue import Action

ACTION_LINK_LIVES = timedelta(days=60)
"""Long enough for a mail found after a long leave; it ends with its assignment anyway."""


class LinkInvalid(Exception):
    """The link was not made by us, or was cut off on its way."""


class LinkExpired(Exception):
    """The link was good once."""


class Purpose(StrEnum):
    STATUS = "s"
    ACTION = "a"
    INBOX = "i"
    ABSENCE = "w"
    """Where a person says when they are away."""
    PAUSE = "p"
    """Where the leader lets all chasing rest."""
    PREFERENCES = "f"
    """Where a person says how they want to be told."""
    MUTE = "m"
    """Where a person says that they want no more messages about an issue."""
    UNDO = "u"
    """Where a person takes back what was done by their link."""
    COMPANION = "c"
    """Where a carrier, or whoever runs alongside or is asked to, says a word about that."""
    FIGURE = "g"
    """Where a person sees what is said of how the company answers them; nobody else has it."""


_LIVE_FOR_A_WHILE = frozenset(
    {
        Purpose.ACTION,
        Purpose.ABSENCE,
        Purpose.PAUSE,
        Purpose.PREFERENCES,
        Purpose.UNDO,
        Purpose.COMPANION,
        Purpose.FIGURE,
    }
)
"""What decides something, or shows what is private, ends by itself; what else shows something does
not."""


_BETWEEN = "~"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Link:
    """What a link allows."""

    purpose: Purpose
    person_id: str
    """Empty for somebody whom we can't name: the sender of the public form."""
    issue_id: str = ""
    action: Action | None = None
    assignment: int = 0
    issued_at: datetime = _LONG_AGO
    about: str = ""
    """Id of the request that is taken back, or of the companionship."""


EVERYBODY = "-"
"""The person of the operator's inbox link, which shows what everybody was told."""


class _Signer(Signer):
    """Remembers the keys that it derives, which cost half of a signature."""

    def __init__(self, keys: list[str], salt: str) -> None:
        super().__init__(keys, salt=salt)
        self._derived = {key: super(_Signer, self).derive_key(key) for key in self.secret_keys}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        key = self.secret_key if secret_key is None else want_bytes(secret_key)
        return self._derived[key]


class Links:
    """Writes and reads links below `base_url`, where people reach the pages."""

    def __init__(self, keys: Sequence[str], base_url: str) -> None:
        if not keys:
            raise ValueError("links need at least one key")
        self.base_url = base_url.rstrip("/")
        self._ours = re.compile(rf"{re.escape(self.base_url)}/[{''.join(Purpose)}]/[\w.~%-]+")
        self._signers = {
            purpose: _Signer(list(keys), salt=f"banso.{purpose.name.lower()}")
            for purpose in Purpose
        }

    def status(self, issue_id: str, person_id: str, now: datetime) -> str:
        """The page of one issue, as this person may see it."""
        return self._url(Link(Purpose.STATUS, person_id, issue_id, issued_at=now))

    def action(
        self, issue_id: str, person_id: str, action: Action, assignment: int, now: datetime
    ) -> str:
        """The page on which this person does one thing, while the assignment lasts."""
        link = Link(Purpose.ACTION, person_id, issue_id, action, assignment, now)
        return self._url(link)

    def inbox(self, person_id: str, now: datetime) -> str:
        """Everything that this person was told."""
        return self._url(Link(Purpose.INBOX, person_id, issued_at=now))

    def absence(self, person_id: str, now: datetime) -> str:
        """Where this person says when they are away, or, for those whom they lead, others are."""
        return self._url(Link(Purpose.ABSENCE, person_id, issued_at=now))

    def pause(self, person_id: str, now: datetime) -> str:
        """Where this person, the leader, lets all chasing rest."""
        return self._url(Link(Purpose.PAUSE, person_id, issued_at=now))

    def preferences(self, person_id: str, now: datetime) -> str:
        """Where this person says how they want to be told."""
        return self._url(Link(Purpose.PREFERENCES, person_id, issued_at=now))

    def mute(self, issue_id: str, person_id: str, now: datetime) -> str:
        """Where this person says that they want no more messages about an issue."""
        return self._url(Link(Purpose.MUTE, person_id, issue_id, issued_at=now))

    def undo(
        self, issue_id: str, person_id: str, request_id: str, assignment: int, now: datetime
    ) -> str:
        """Where this person takes back what a request of theirs has done."""
        link = Link(Purpose.UNDO, person_id, issue_id, None, assignment, now, request_id)
        return self._url(link)

    def companion(self, companionship_id: str, person_id: str, now: datetime) -> str:
        """Where this person says a word about a companion."""
        link = Link(Purpose.COMPANION, person_id, issued_at=now, about=companionship_id)
        return self._url(link)

    def figure(self, person_id: str, now: datetime) -> str:
        """What is said of how the company answers this person."""
        return self._url(Link(Purpose.FIGURE, person_id, issued_at=now))

    def redacted(self, text: str) -> str:
        """The text without what our links in it allow. An answer quotes the mail that it answers,
        and whoever reads the answer must not act in its writer's name."""
        return self._ours.sub(f"{self.base_url}/…", text)

    def read(self, purpose: Purpose, token: str, now: datetime) -> Link:
        """What the token allows; raises LinkInvalid or LinkExpired."""
        try:
            fields = self._signers[purpose].unsign(token).decode("ascii").split(_BETWEEN)
            person, issue, action, assignment, issued, *about = fields
            link = Link(
                purpose,
                person,
                _long(issue),
                Action(action) if action else None,
                int(assignment),
                datetime.fromtimestamp(int(issued), UTC),
                _long(about[0]) if about else "",
            )
        except (BadData, ValueError) as error:
            raise LinkInvalid from error
        if purpose in _LIVE_FOR_A_WHILE and now > link.issued_at + ACTION_LINK_LIVES:
            raise LinkExpired
        return link

    def _url(self, link: Link) -> str:
        fields = (
            link.person_id,
            _short(link.issue_id),
            link.action or "",
            str(link.assignment),
            str(int(link.issued_at.timestamp())),
            *([_short(link.about)] if link.about else []),
        )
        token = self._signers[link.purpose].sign(_BETWEEN.join(fields)).decode("ascii")
        return f"{self.base_url}/{link.purpose}/{token}"


def _short(issue_id: str) -> str:
    """A UUID in 22 characters, for links that fit on a line."""
    return urlsafe_b64encode(UUID(issue_id).bytes).decode("ascii")[:22] if issue_id else ""


def _long(text: str) -> str:
    return str(UUID(bytes=urlsafe_b64decode(f"{text}=="))) if text else ""
