"""Signed mail addresses and Message-IDs: how an answer finds its issue, and proves what it may do.

A *reply address* (`issues+<token>@example.com`) belongs to one person and one issue; only that
person's mail may act there. A signed *Message-ID* names issue and notification; a mail that
refers to it belongs to that issue, and no more is proven. A *return address* belongs to one
notification: what a mail server says of it comes back there. Tokens are base32 without padding, in
small letters, since mail servers may change the case of addresses.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.contracts.organisation import Language

REPLY_ABOVE: Final[Mapping[Language, str]] = {
    "ja": "## この行より上に返信を書いてください ##",
    "en": "## Reply above this line ##",
}
"""Stands at the top of our mails: what is below it in a reply was quoted by the mail program."""

_MAC_BYTES = 8
"""64 bits: guessing takes 2**63 mails to our server, and a local part has 64 letters in all."""
_LONGEST_LOCAL = 64
_TOKEN = re.compile(r"[a-z2-7]{39}")
_MESSAGE_ID = re.compile(r"<?(?P<token>[a-z2-7]{39})\.(?P<delivery>[0-9a-f]{32})@[^<>\s]+>?")


@dataclass(frozen=True, slots=True)
class SignedMessageId:
    """What a Message-ID of ours says."""

    issue_id: str
    delivery_id: str


class Replies:
    """Writes and reads reply addresses and Message-IDs. Of `keys` the newest is the last."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("replies need at least one key")
        self._keys = [key.encode() for key in keys]

    def address(self, issue_id: str, person_id: str, ours: str, separator: str) -> str:
        """Where this person answers about this issue; `ours` itself without a separator."""
        if not separator:
            return ours
        local, _, domain = ours.rpartition("@")
        return f"{local}{separator}{self._token('reply', issue_id, person_id)}@{domain}"

    def issue_of(self, tag: str) -> str | None:
        """The issue that a tag of our address names, if it looks like one; nothing is proven."""
        token = tag.lower()
        return _split(token)[0] if _TOKEN.fullmatch(token) else None

    def belongs_to(self, tag: str, person_ids: Iterable[str]) -> str | None:
        """Which of these people the tag was made for; None where it was forged."""
        token = tag.lower()
        if not _TOKEN.fullmatch(token):
            return None
        issue_id, mac = _split(token)
        return next((one for one in person_ids if self._signed(mac, "reply", issue_id, one)), None)

    def message_id(self, issue_id: str, delivery_id: str, domain: str) -> str:
        """The Message-ID of a notification; the same one whenever it is sent again."""
        token = self._token("message", issue_id, delivery_id)
        return f"<{token}.{UUID(delivery_id).hex}@{domain}>"

    def read_message_id(self, text: str) -> SignedMessageId | None:
        """What a Message-ID says that we signed; None for anybody else's, and forged ones."""
        found = _MESSAGE_ID.fullmatch(text.strip().lower())
        if found is None:
            return None
        issue_id, mac = _split(found["token"])
        delivery_id = str(UUID(found["delivery"]))
        if not self._signed(mac, "message", issue_id, delivery_id):
            return None
        return SignedMessageId(issue_id, delivery_id)

    def return_address(self, delivery_id: str, ours: str, separator: str) -> str:
        """Where mail servers say what became of this notification; `ours` itself without a
        separator, or where the name before the @ would be longer than RFC 5321 allows."""
        local, _, domain = ours.rpartition("@")
        tagged = f"{local}{separator}{self._token('return', delivery_id, '')}"
        return f"{tagged}@{domain}" if separator and len(tagged) <= _LONGEST_LOCAL else ours

    def returned(self, tag: str) -> str | None:
        """The notification that a tag of a return address names; None where it was forged."""
        token = tag.lower()
        if not _TOKEN.fullmatch(token):
            return None
        delivery_id, mac = _split(token)
        return delivery_id if self._signed(mac, "return", delivery_id, "") else None

    def _token(self, purpose: str, issue_id: str, whose: str) -> str:
        mac = _mac(self._keys[-1], purpose, issue_id, whose)
        whole = b32encode(UUID(issue_id).bytes + mac).decode("ascii")
        return whole.rstrip("=").lower()

    def _signed(self, mac: bytes, purpose: str, issue_id: str, whose: str) -> bool:
        return any(
            hmac.compare_digest(mac, _mac(key, purpose, issue_id, whose)) for key in self._keys
        )


def _mac(key: bytes, purpose: str, issue_id: str, whose: str) -> bytes:
    said = f"banso.{purpose}\x1f{issue_id}\x1f{whose}".encode()
    return hmac.digest(key, said, "sha256")[:_MAC_BYTES]


def _split(token: str) -> tuple[str, bytes]:
    whole = b32decode(f"{token.upper()}=")
    return str(UUID(bytes=whole[:16])), whole[16:]
