"""What can be done at every door: bring something in, look at it, ask for something to be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import Connection, Engine

from services.intake import store
from services.intake.attachments import Limits
from services.intake.blobs import Blobs
from services.intake.history import Eyes
from services.intake.store import (
    Absence,
    CompanionWordSaid,
    Happening,
    Mute,
    Pause,
    Shelf,
    View,
    Wanted,
)
from services.intake.submission import Accepted, NotStored, Submission, submit
from services.intake.view import Seen, may_see, see
from services.intake.wishes import Somebody
from shared import clock, logs
from shared.contracts.event import Event
from shared.contracts.intake import (
    AbsenceSaid,
    ActionRequested,
    CompanionSaid,
    IssueMuted,
    MessageReceived,
    PauseSaid,
    Preferences,
    PreferenceSet,
)
from shared.contracts.issue import State
from shared.contracts.organisation import Language, Organisation
from shared.journal import Cause, Journal, Settled, TryAgain, Unsaid
from shared.language import Words, known_language
from shared.links import EVERYBODY, Links
from shared.organisation import KnownOrganisation
from shared.replies import Replies

log = logs.get(__name__)

DECIDE_WITHIN = timedelta(seconds=60)
"""An issue without an owner after this is told as such, and watched by the operators."""
MOST_RELATIVES = 50
"""Issues that belong to one and are shown with it."""
_LOOK_AGAIN_S = 0.05

Found = TypeVar("Found")


class Closed(Exception):
    """No organisation has been heard yet, so there is nobody to give anything to."""


class Door:
    """Shared by form, pages, API and mail."""

    def __init__(
        self,
        journal: Journal[Shelf],
        reader: Engine,
        organisation: KnownOrganisation,
        links: Links,
        replies: Replies,
        blobs: Blobs,
        limits: Limits,
    ) -> None:
        self._journal = journal
        self._reader = reader
        self._organisation = organisation
        self.links = links
        self.replies = replies
        self.limits = limits
        self.blobs = blobs

    @property
    def organisation(self) -> Organisation:
        """The organisation in force; raises Closed before the first was heard."""
        if self._organisation.current is None:
            raise Closed
        return self._organisation.current

    async def submit(self, submission: Submission) -> Accepted:
        """Returns once it is stored in our journal and on the stream; else raises NotStored."""
        return await submit(submission, self._journal)

    async def ask(self, request: ActionRequested, request_id: str) -> str:
        """Says what a person asks for, and tells the id of that event.

        The same request coming again says the same event. Raises NotStored.
        """
        content = sha256(request.model_dump_json().encode()).hexdigest()[:16]
        cause_id = f"action/{request.person_id}/{request_id}/{content}"
        settled = await self.settle(Cause(cause_id, lambda _: [request], hold=True))
        log.info("action.requested", issue=request.issue_id, action=request.action)
        return settled.said[0].event_id

    async def say_more(self, message: MessageReceived, message_id: str) -> str:
        """Says somebody's words about an issue, and tells the id of that event.

        The same message coming again says the same event. Raises NotStored.
        """
        content = sha256(message.model_dump_json().encode()).hexdigest()[:16]
        cause_id = f"message/{message.issue_id}/{message.person_id}/{message_id}/{content}"
        settled = await self.settle(Cause(cause_id, lambda _: [message], hold=True))
        log.info("message.received", issue=message.issue_id, standing=message.standing)
        return settled.said[0].event_id

    async def say_absence(self, said: AbsenceSaid, request_id: str) -> str:
        """Says when somebody is away, or that they are not after all; tells the event's id.

        The same words coming again say the same event. Raises NotStored.
        """

        def decide(shelf: Shelf) -> list[Event]:
            absence = Absence(
                said.absence_id,
                said.person_id,
                said.starts_at,
                said.ends_at,
                said.substitute_id,
                is_over=said.cancelled,
            )
            shelf.absences.put(absence)
            return [said]

        content = sha256(said.model_dump_json().encode()).hexdigest()[:16]
        cause_id = f"absence/{said.said_by_id}/{request_id}/{content}"
        settled = await self.settle(Cause(cause_id, decide, hold=True))
        log.info("absence.said", absence=said.absence_id, cancelled=said.cancelled)
        return settled.said[0].event_id

    async def say_pause(self, said: PauseSaid, request_id: str) -> str:
        """Says from when to when chasing rests, or that it ends now; tells the event's id.

        The same words coming again say the same event. Raises NotStored.
        """

        def decide(shelf: Shelf) -> list[Event]:
            known = shelf.pauses.get(said.pause_id)
            shelf.pauses.put(
                Pause(
                    said.pause_id,
                    said.starts_at,
                    said.ends_at,
                    said.text,
                    said.person_id,
                    known.concerned if known else None,
                    is_over=said.ended,
                )
            )
            return [said]

        content = sha256(said.model_dump_json().encode()).hexdigest()[:16]
        cause_id = f"pause/{said.person_id}/{request_id}/{content}"
        settled = await self.settle(Cause(cause_id, decide, hold=True))
        log.info("pause.said", pause=said.pause_id, ended=said.ended)
        return settled.said[0].event_id

    async def say_preferences(self, said: PreferenceSet) -> str:
        """Says how somebody wants to be told from now on; tells the event's id. Raises
        NotStored."""

        def decide(shelf: Shelf) -> list[Event]:
            wanted = said.preferences.model_dump(mode="json", exclude_none=True)
            shelf.preferences.put(Wanted(said.person_id, wanted, said.occurred_at))
            return [said]

        content = sha256(said.model_dump_json().encode()).hexdigest()[:16]
        cause_id = f"preference/{said.person_id}/{content}"
        settled = await self.settle(Cause(cause_id, decide, hold=True))
        log.info("preference.set", person=said.person_id)
        return settled.said[0].event_id

    async def say_mute(self, said: IssueMuted, *, by_machine: bool = False) -> str:
        """Says that somebody wants no more messages about an issue, or wants them again; tells the
        event's id. `by_machine`: a button was pressed that no person sees. Raises NotStored."""

        def decide(shelf: Shelf) -> list[Event]:
            key = store.mute_key(said.person_id, said.issue_id)
            known = shelf.mutes.get(key)
            since = said.occurred_at if said.muted else None
            before = known.decoy_at if known else None
            decoy_at = said.occurred_at if by_machine else before
            shelf.mutes.put(Mute(key, said.person_id, said.issue_id, since, decoy_at))
            return [said]

        content = sha256(said.model_dump_json().encode()).hexdigest()[:16]
        cause_id = f"mute/{said.issue_id}/{said.person_id}/{content}"
        settled = await self.settle(Cause(cause_id, decide, hold=True))
        log.info("issue.muted", issue=said.issue_id, muted=said.muted)
        return settled.said[0].event_id

    async def say_of_companion(self, said: CompanionSaid, request_id: str) -> str:
        """Says a word of somebody about a companion; tells the event's id.

        The same request coming again says the same event. Raises NotStored.
        """

        def decide(shelf: Shelf) -> list[Event]:
            key = store.companion_word_key(said.companionship_id, said.person_id)
            known = shelf.companion_words.get(key) or CompanionWordSaid(key)
            shelf.companion_words.put(replace(known, word=said.word, said_at=said.occurred_at))
            return [said]

        who = f"{said.companionship_id}/{said.person_id}"
        settled = await self.settle(
            Cause(f"companion/{who}/{said.word}/{request_id}", decide, hold=True)
        )
        log.info("companion.said", companionship=said.companionship_id, word=said.word)
        return settled.said[0].event_id

    async def note_decoy_of_companion(self, companionship_id: str, person_id: str) -> None:
        """Remembers that a button was pressed that no person sees."""
        key = store.companion_word_key(companionship_id, person_id)

        def write(shelf: Shelf) -> None:
            known = shelf.companion_words.get(key) or CompanionWordSaid(key)
            shelf.companion_words.put(replace(known, decoy_at=shelf.now))

        await self._journal.note(write)

    async def preferences(self, person_id: str) -> Preferences:
        """How somebody wants to be told."""
        return await self.read(lambda connection: store.preferences_of(connection, person_id))

    async def somebody(self, person_id: str) -> Somebody | None:
        """Whose wishes these are; None where nobody is called so, or is any more."""
        organisation = self.organisation
        person = organisation.person.get(person_id)
        if person is not None:
            return Somebody(person.language, person)
        stranger = await self.read(lambda connection: store.stranger_of(connection, person_id))
        if stranger is None:
            return None
        return Somebody(known_language(stranger.language, organisation.language))

    async def mute(self, person_id: str, issue_id: str) -> Mute | None:
        """What somebody has said about messages about an issue."""
        return await self.read(lambda connection: store.mute_of(connection, person_id, issue_id))

    async def end_absence(self, known: Absence, said_by_id: str, request_id: str) -> str:
        """Says that they are here after all, or back already. Raises NotStored."""
        said = AbsenceSaid(
            occurred_at=clock.now(),
            absence_id=known.absence_id,
            person_id=known.person_id,
            said_by_id=said_by_id,
            starts_at=known.starts_at,
            ends_at=known.ends_at,
            substitute_id=known.substitute_id,
            cancelled=True,
        )
        return await self.say_absence(said, request_id)

    async def end_pause(self, known: Pause, person_id: str, request_id: str) -> str:
        """Says that a pause ends now, or will not be. Raises NotStored."""
        said = PauseSaid(
            occurred_at=clock.now(),
            pause_id=known.pause_id,
            person_id=person_id,
            starts_at=known.starts_at,
            ends_at=known.ends_at,
            text=known.text,
            ended=True,
        )
        return await self.say_pause(said, request_id)

    async def pause(self) -> Pause | None:
        """The pause that is in force: the router has said that it has begun."""
        now = clock.now()
        found = await self.read(lambda connection: store.pauses_to_come(connection, now))
        begun = (one for one in found if one.concerned is not None and one.starts_at <= now)
        return next(begun, None)

    async def settle(self, cause: Cause[Shelf]) -> Settled:
        """Records and says what a cause leads to. Raises NotStored."""
        try:
            return await self._journal.settle(cause)
        except (Unsaid, TryAgain) as error:
            raise NotStored from error

    async def look(self, issue_id: str) -> View | None:
        return await self.read(lambda connection: store.view_of(connection, issue_id))

    async def find(self, reference: str) -> View | None:
        return await self.read(lambda connection: store.view_of_reference(connection, reference))

    async def see(self, view: View, eyes: Eyes, words: Words, person_id: str = "") -> Seen:
        """The issue with its history, for these eyes of this person."""
        issue_id = view.issue_id
        history, relatives = await self.read(
            lambda connection: (
                store.history_of(connection, issue_id),
                store.relatives_of(connection, view, MOST_RELATIVES),
            )
        )
        return see(
            view,
            history,
            self.organisation,
            eyes,
            words,
            view.raised_at + DECIDE_WITHIN,
            now=clock.now(),
            person_id=person_id,
            relatives=relatives,
        )

    async def wait_until_owned(self, view: View, at_most_s: float) -> View:
        """The issue once it has an owner, or as it is after a while."""
        until = clock.elapsed_s() + at_most_s
        while view.state == State.RECEIVED and clock.elapsed_s() < until:
            await asyncio.sleep(_LOOK_AGAIN_S)
            view = await self.look(view.issue_id) or view
        return view

    async def wait_for_answer(self, event_id: str, at_most_s: float) -> list[Happening]:
        """What the request has led to, or nothing where that takes longer."""
        until = clock.elapsed_s() + at_most_s
        while True:
            found = await self.read(lambda connection: store.caused_by(connection, event_id))
            if found or clock.elapsed_s() >= until:
                return list(found)
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def read(self, query: Callable[[Connection], Found]) -> Found:
        """Runs a reading query beside the writer, on what is committed."""

        def run() -> Found:
            with self._reader.connect() as connection:
                return query(connection)

        return await asyncio.to_thread(run)

    def language(self, person_id: str) -> Language:
        """What this person reads; the company's language for whoever we don't know."""
        person = self.organisation.person.get(person_id)
        return person.language if person else self.organisation.language

    def eyes(self, person_id: str, view: View) -> Eyes:
        """How much of an issue this person may see."""
        if not may_see(view, person_id, self.organisation):
            return Eyes.NOBODY
        inside = person_id == EVERYBODY or person_id in self.organisation.person
        return Eyes.INSIDE if inside else Eyes.OUTSIDE
