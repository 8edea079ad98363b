"""What becomes of a mail, whichever way it came in: an issue, words about one, or only kept.

Every mail is put on the disk whole before anything else, so that nothing can be dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from services.intake import attachments, clean, store
from services.intake.attachments import File
from services.intake.door import Door
from services.intake.mail import thread
from services.intake.mail.bounce import Outcome, bounce, has_arrived, returned
from services.intake.mail.command import command
from services.intake.mail.identity import identity_of
from services.intake.mail.origin import Origin, Whose, origin
from services.intake.mail.parse import ReadMail, read_mail
from services.intake.mail.reply import new_words
from services.intake.mail.thread import Through
from services.intake.mail.trust import Trust, trust
from services.intake.store import Letter, Shelf, View
from services.intake.submission import LONGEST_SUMMARY, Submission, new_reference, person_of
from shared import clock, logs
from shared.contracts.event import MAX_TEXT, Event
from shared.contracts.intake import FirstLine, MailArrived, MailBounced, MessageReceived
from shared.contracts.issue import Attachment, Snapshot, Source, State
from shared.contracts.organisation import Organisation
from shared.journal import Cause
from shared.language import Words, language_written, words
from shared.replies import SignedMessageId

log = logs.get(__name__)

MOST_MESSAGES = 20
"""Mails of one sender about one issue within `MESSAGES_WITHIN` of which the owner is told."""
MOST_ISSUES = 50
"""New issues that one sender outside the organisation begins by mail within `MESSAGES_WITHIN`."""
MESSAGES_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail as it was read, before it is decided on."""

    mail: ReadMail
    whose: Whose
    trust: Trust
    sender: str
    """The address of whoever wrote; empty where nobody can be told."""
    recipients: tuple[str, ...]
    """Addresses of ours, without tags."""
    key: str
    raw_sha256: str
    envelope: tuple[str, ...]
    """Recipients as they were given, with tags."""
    received_at: datetime

    @property
    def is_wanted(self) -> bool:
        """Whether an issue or words come of it, and somebody can be told so. Where From names
        nobody, whoever the sending server named is meant, if there are words at all."""
        mail = self.mail
        is_said = bool(mail.text or mail.subject or mail.attachments)
        unnamed = self.whose.kind is Origin.NOBODY and is_said
        return bool(self.sender) and (self.whose.is_wanted or unnamed)


@dataclass(frozen=True, slots=True)
class Found:
    """The issue that a mail belongs to."""

    view: View
    through: Through
    is_theirs: bool = False
    """It came to the sender's own reply address."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a mail lies on the disk, beside the mail itself."""

    attachments: tuple[Attachment, ...]
    html_sha256: str | None
    text_sha256: str | None
    left: int
    """How many files were too many or too large; they are in the mail itself."""


class Postroom:
    """Takes mails for the organisation's addresses."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def accepts(self, address: str) -> str | None:
        """None for an address of ours, else what an SMTP server says. A reply address that we
        did not make is refused. Raises Closed."""
        ours = self._door.organisation.mail
        if thread.our_address(address, ours) is None:
            return "550 5.1.1 No such address here"
        tag = thread.tag_of(address, ours)
        issue_id = self._door.replies.issue_of(tag) if tag else None
        if tag is None or issue_id is None or self._door.replies.returned(tag) is not None:
            return None
        view = await self._door.look(issue_id)
        known = view is not None and self._belongs(tag, view, None)[0]
        if known:
            return None
        return f"550 5.1.1 This reply address is not valid; please write to {ours.issues[0]}"

    async def receive(
        self, raw: bytes, envelope_from: str | None, recipients: Sequence[str]
    ) -> str:
        """Stores a mail and says what SMTP answers. The same mail again, or a copy of it to
        another address of ours, changes nothing. Raises NotStored, Closed or OSError where it
        can't be stored now."""
        organisation = self._door.organisation
        read = partial(self._read, raw, envelope_from, tuple(recipients), organisation)
        incoming = await asyncio.to_thread(read)
        if incoming.mail.refused is not None:
            log.info("mail.refused", why=incoming.mail.refused, blob=incoming.raw_sha256)
            return f"554 5.6.0 {incoming.mail.refused}"
        before = await self._door.read(partial(store.letter_of, key=incoming.key))
        if before is not None and before.kind != incoming.whose.kind:
            return f"250 2.0.0 Kept ({before.kind})"
        match incoming.whose.kind:
            case Origin.BOUNCE:
                return await self._bounced(incoming)
            case _ if not incoming.is_wanted:
                return await self._keep(incoming)
            case _:
                pass
        found = await self._found_before(before) if before else await self._find(incoming)
        if found is None and before is None:
            found = await self._flooding(incoming)
        if found is None:
            return await self._raise(incoming)
        return await self._say_more(incoming, found)

    def _read(
        self,
        raw: bytes,
        envelope_from: str | None,
        recipients: tuple[str, ...],
        organisation: Organisation,
    ) -> Incoming:
        """Puts the mail on the disk, and understands it."""
        blob = self._door.blobs.put(raw)
        mail = read_mail(raw)
        ours = organisation.mail
        whose = origin(mail, envelope_from, ours.addresses)
        return Incoming(
            mail=mail,
            whose=whose,
            trust=trust(mail, ours.trusted_servers, envelope_from).trust,
            sender=mail.from_address or clean.address(envelope_from or "") or "",
            recipients=thread.addressed_to(mail, recipients, ours),
            key=identity_of(raw),
            raw_sha256=blob,
            envelope=recipients,
            received_at=clock.now(),
        )

    # --- which issue

    async def _found_before(self, letter: Letter) -> Found | None:
        """The issue to which the same mail was added, whatever has become of that since."""
        view = await self._door.look(letter.issue_id or "")
        return None if view is None or letter.began else Found(view, Through.REFERENCES)

    async def _find(self, incoming: Incoming) -> Found | None:
        """The issue that a mail belongs to. Somebody whom it does not concern can't say more
        about one that is over: that is a new one."""
        organisation = self._door.organisation
        clues = thread.clues(
            incoming.mail, incoming.envelope, organisation.mail, self._door.replies
        )
        sender_id = await self._sender_id(incoming.sender)
        for tag in clues.tags:
            view = await self._door.look(self._door.replies.issue_of(tag) or "")
            if view is None:
                continue
            ours, is_theirs = self._belongs(tag, view, sender_id)
            if ours:
                return Found(view, Through.ADDRESS, is_theirs=is_theirs)
        for signed in clues.signed:
            view = await self._door.look(signed.issue_id)
            if view is not None:
                return self._if_open(Found(view, Through.MESSAGE_ID), sender_id)
        for reference in clues.subject:
            view = await self._door.find(reference)
            if view is not None:
                return self._if_open(Found(view, Through.SUBJECT), sender_id)
        issue_id = None
        if clues.references:
            known = partial(store.issue_of_message, message_ids=clues.references)
            issue_id = await self._door.read(known)
        view = await self._door.look(issue_id) if issue_id else None
        return self._if_open(Found(view, Through.REFERENCES), sender_id) if view else None

    async def _flooding(self, incoming: Incoming) -> Found | None:
        """Somebody outside who has begun more issues than a person can gets no new ones: what else
        they write stands with their latest, so that no machine floods the owners."""
        if incoming.sender.lower() in self._door.organisation.by_address:
            return None
        since = incoming.received_at - MESSAGES_WITHIN
        begun = await self._door.read(
            partial(store.issues_begun_by, address=incoming.sender, since=since, most=MOST_ISSUES)
        )
        view = await self._door.look(begun[0]) if len(begun) >= MOST_ISSUES else None
        return Found(view, Through.FLOOD) if view else None

    def _if_open(self, found: Found, sender_id: str | None) -> Found | None:
        is_over = found.view.state == State.CLOSED
        return None if is_over and sender_id not in involved(found.view) else found

    def _belongs(self, tag: str, view: View, sender_id: str | None) -> tuple[bool, bool]:
        people = {*self._door.organisation.person, *involved(view)}
        return thread.names_somebody(self._door.replies, tag, sender_id, people)

    async def _sender_id(self, address: str) -> str | None:
        person = self._door.organisation.by_address.get(address.lower())
        if person is not None:
            return person.id
        known = partial(store.stranger_of_address, address=address)
        stranger = await self._door.read(known)
        return stranger.person_id if stranger else None

    # --- what becomes of it

    async def _raise(self, incoming: Incoming) -> str:
        submission = await asyncio.to_thread(self._submission, incoming)
        accepted = await self._door.submit(submission)
        return f"250 2.0.0 Received as {accepted.reference}"

    def _submission(self, incoming: Incoming) -> Submission:
        mail, organisation = incoming.mail, self._door.organisation
        text = self._door.links.redacted(mail.text)
        language = language_written(mail.subject, new_words(mail)) or organisation.language
        _ = words(language)
        kept = self._put(mail, text, text[:MAX_TEXT])
        text += _left_out(kept.left, _)
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")
        summary = mail.subject or first or _("A mail without words")
        return Submission(
            source=Source.EMAIL,
            submission_id=incoming.key,
            fingerprint="mail",
            summary=summary[:LONGEST_SUMMARY],
            description=text or mail.subject or "-",
            description_sha256=kept.text_sha256,
            html_sha256=kept.html_sha256,
            raw_sha256=incoming.raw_sha256,
            attachments=kept.attachments,
            reporter_name=mail.from_name or incoming.sender.partition("@")[0],
            reporter_address=incoming.sender,
            language=language,
            reference=new_reference(),
            addressed_to=incoming.recipients,
            followers=mail.cc,
            letter=_letter_of(incoming, began=True),
            quiet=not incoming.whose.may_be_answered,
        )

    async def _say_more(self, incoming: Incoming, found: Found) -> str:
        said = await asyncio.to_thread(self._words, incoming, found)
        decide = partial(say, incoming, found, said, self._door.organisation)
        cause: Cause[Shelf] = Cause(f"letter/{incoming.key}", decide, hold=True)
        settled = await self._door.settle(cause)
        log.info(
            "mail.about_an_issue",
            issue=found.view.issue_id,
            through=found.through,
            trust=incoming.trust,
            events=len(settled.said),
        )
        return f"250 2.0.0 Added to {found.view.reference}"

    def _words(self, incoming: Incoming, found: Found) -> MessageReceived:
        """What somebody says about an issue; `say` decides what it asks for, and who they are."""
        mail = incoming.mail
        redacted = self._door.links.redacted
        new = redacted(new_words(mail))
        kept = self._put(mail, redacted(mail.text), new[:MAX_TEXT])
        organisation = self._door.organisation
        language = language_written(mail.subject, new) or organisation.language
        note = _left_out(kept.left, words(language))
        return MessageReceived(
            occurred_at=incoming.received_at,
            issue_id=found.view.issue_id,
            person_id="",
            source=Source.EMAIL,
            standing=thread.standing(
                found.through, is_theirs=found.is_theirs, trust=incoming.trust
            ),
            text=new[: MAX_TEXT - len(note)] + note,
            text_sha256=kept.text_sha256,
            html_sha256=kept.html_sha256,
            raw_sha256=incoming.raw_sha256,
            attachments=kept.attachments,
        )

    def _put(self, mail: ReadMail, text: str, shown: str) -> Kept:
        """Keeps what a mail brought along, on the disk when it returns: its whole text where that
        is more than what is shown, its HTML and its files."""
        files = [File(one.filename, one.content_type, one.content) for one in mail.attachments]
        blobs = self._door.blobs
        taken, left = attachments.fitting(files, self._door.limits)
        if left:
            log.warning("mail.attachments_left", left=len(left), taken=len(taken))
        return Kept(
            attachments=attachments.keep(taken, blobs),
            html_sha256=(
                blobs.put(self._door.links.redacted(mail.html).encode()) if mail.html else None
            ),
            text_sha256=blobs.put(text.encode()) if text != shown else None,
            left=len(left),
        )

    async def _bounced(self, incoming: Incoming) -> str:
        """What a mail server says of a mail of ours: the notifier hears of which one."""
        about = await self._about(incoming)
        came_back = bounce(incoming.mail)
        if about is None or (came_back is None and not has_arrived(incoming.mail)):
            return await self._keep(incoming)
        said: MailArrived | MailBounced
        if came_back is None:
            said = MailArrived(
                occurred_at=incoming.received_at,
                delivery_id=about.delivery_id,
                issue_id=about.issue_id,
            )
        else:
            said = MailBounced(
                occurred_at=incoming.received_at,
                delivery_id=about.delivery_id,
                issue_id=about.issue_id,
                permanent=came_back.outcome is not Outcome.DELAYED,
                error=f"{came_back.status} {came_back.diagnostic}".strip()[:200],
            )
        await self._note(incoming, [said])
        return f"250 2.0.0 Kept ({incoming.whose.kind})"

    async def _about(self, incoming: Incoming) -> SignedMessageId | None:
        """The notification of ours that a report is about: by the address to which it came back,
        or else by the Message-ID. Both are signed; what is forged is not believed."""
        replies, ours = self._door.replies, self._door.organisation.mail
        for address in dict.fromkeys((*incoming.envelope, *incoming.mail.to)):
            delivery_id = replies.returned(thread.tag_of(address, ours) or "")
            if delivery_id is not None:
                told = partial(store.issue_told_of, delivery_id=delivery_id)
                return SignedMessageId(await self._door.read(told), delivery_id)
        return replies.read_message_id(returned(incoming.mail) or "")

    async def _keep(self, incoming: Incoming) -> str:
        """Nobody is told of it; whoever runs Banso can look at it and take it after all."""
        await self._note(incoming, [])
        return f"250 2.0.0 Kept ({incoming.whose.kind})"

    async def _note(self, incoming: Incoming, events: Sequence[Event]) -> None:
        def decide(shelf: Shelf) -> list[Event]:
            shelf.letters.put(_letter_of(incoming))
            for event in events:
                if isinstance(event, MailArrived):
                    shelf.arrived(event.delivery_id)
            return list(events)

        kind = incoming.whose.kind
        log.info("mail.not_an_issue", kind=kind, blob=incoming.raw_sha256, events=len(events))
        await self._door.settle(Cause(f"letter/{incoming.key}", decide, hold=bool(events)))


def say(
    incoming: Incoming,
    found: Found,
    said: MessageReceived,
    organisation: Organisation,
    shelf: Shelf,
) -> list[Event]:
    """Decides what somebody's mail about an issue says: words, a request, or both."""
    mail, view = incoming.mail, found.view
    language = language_written(mail.subject, said.text) or organisation.language
    name = mail.from_name or incoming.sender.partition("@")[0]
    person_id, known = person_of(incoming.sender, name, language, shelf)
    since = shelf.now - MESSAGES_WITHIN
    many = shelf.wrote(incoming.sender, since, MOST_MESSAGES, view.issue_id) >= MOST_MESSAGES
    shelf.letters.put(replace(_letter_of(incoming), issue_id=view.issue_id))
    message = said.model_copy(update={"person_id": person_id, "quiet": many})
    return [*known, message.model_copy(update={"first_line": first_line(message, organisation)})]


def first_line(message: MessageReceived, organisation: Organisation) -> FirstLine | None:
    """What the first line asks for, if it asks for anything."""
    calendar = organisation.calendar_of(message.person_id)
    wish = command(message.text, organisation, message.occurred_at, calendar)
    if wish is None:
        return None
    return FirstLine(
        action=wish.action,
        reason=wish.reason,
        proposed=wish.proposed,
        cause=wish.cause if wish.understood else wish.line[:200],
        until=wish.until,
        waiting_for=wish.waiting_for,
        words=wish.words or None,
        understood=wish.understood,
    )


def involved(view: View) -> frozenset[str]:
    """Whom an issue concerns."""
    people = {view.reporter_id, *view.brought.get("follower_ids", ())}
    if view.snapshot:
        snapshot = Snapshot.model_validate_json(view.snapshot)
        people |= {snapshot.carrier_id, snapshot.owner_id}
        people.update(snapshot.follower_ids, snapshot.helper_ids)
    return frozenset(people)


def _left_out(files: int, _: Words) -> str:
    """What the owner is told of files that don't stand beside the text."""
    if not files:
        return ""
    return "\n\n" + _.many(
        "(One file is too large or one too many: it is in the whole mail.)",
        "(%(count)s files are too large or too many: they are in the whole mail.)",
        files,
    )


def _letter_of(incoming: Incoming, *, began: bool = False) -> Letter:
    mail = incoming.mail
    return Letter(
        key=incoming.key,
        message_id=mail.message_id,
        address=incoming.sender,
        kind=incoming.whose.kind,
        issue_id=None,
        began=began,
        raw_sha256=incoming.raw_sha256,
        subject=mail.subject[:LONGEST_SUMMARY],
        trust=incoming.trust,
        received_at=incoming.received_at,
    )
