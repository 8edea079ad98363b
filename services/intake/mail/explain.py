"""What intake understands of a raw mail, in a form that people and programs can read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from services.intake.mail.origin import Origin, Whose, origin
from services.intake.mail.parse import ReadMail, read_mail
from services.intake.mail.reply import new_words
from services.intake.mail.trust import Proof, Trust, trust
from shared.contracts.organisation import Organisation
from shared.language import language_written

REFUSED: Final = "refused"
"""The kind of a mail that is not taken at all."""

Found = TypeVar("Found")


def explain(raw: bytes, organisation: Organisation | None = None) -> dict[str, Any]:
    """The mail as a value for JSON. Never raises; with an organisation, its own mail is known."""
    mail = read_mail(raw)
    notes = list(mail.decisions)
    whose = _or_else(lambda: _whose(mail, organisation), _DOUBT, notes)
    said = _or_else(lambda: new_words(mail), mail.text, notes)
    proof = _or_else(lambda: trust(mail, _writers(mail)), _UNKNOWN, notes)
    return {
        "kind": REFUSED if mail.refused else str(whose.kind),
        "from": mail.from_address,
        "to": list(mail.to),
        "subject": mail.subject,
        "message_id": mail.message_id,
        "references": list(mail.references),
        "language": language_written(mail.subject, said),
        "text": mail.text,
        "new_text": said,
        "attachments": [
            {
                "filename": one.filename,
                "content_type": one.content_type,
                "size": one.size,
                "sha256": one.sha256,
            }
            for one in mail.attachments
        ],
        "decisions": [*whose.why, *map(_sentence, notes)],
        "from_name": mail.from_name,
        "cc": list(mail.cc),
        "reply_to": list(mail.reply_to),
        "date": mail.sent_at.isoformat() if mail.sent_at else None,
        "html": mail.html,
        "authentication": list(proof.details),
    }


_DOUBT: Final = Whose(Origin.PERSON, (), is_wanted=True, may_be_answered=False)
_UNKNOWN: Final = Proof(Trust.NONE, ())


def _or_else(find: Callable[[], Found], otherwise: Found, notes: list[str]) -> Found:
    """What is found; and where finding fails, what errs on the side of the person who wrote."""
    try:
        return find()
    except Exception as error:  # the promise is an answer for any bytes
        notes.append(f"one step failed ({type(error).__name__}); nothing was left out for that")
        return otherwise


def _whose(mail: ReadMail, organisation: Organisation | None) -> Whose:
    if organisation is None:
        return origin(mail, None)
    ours = (*organisation.mail.issues, organisation.mail.sender)
    return origin(mail, None, frozenset(address.lower() for address in ours))


def _writers(mail: ReadMail) -> frozenset[str]:
    """Whoever has written the topmost Authentication-Results. A receiving server's id would be
    configured; here it is shown what the mail says, without believing it."""
    first = mail.headers.get("authentication-results", "")
    return (
        frozenset({first.partition(";")[0].split()[0]})
        if first.split(";")[0].split()
        else frozenset()
    )


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:] + ("" if note.endswith(".") else ".")
