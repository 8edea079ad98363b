"""What people do in Matrix: they answer our messages, and react to them.

One long poll follows every room of our account. How far it has read is kept only after everything
up to there is stored; what is read once more after a crash has the ids of the first time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import Connection

from services.intake import store
from services.intake.chat.known import has_moved_on, message_at, person_at, said, short
from services.intake.chat.rooms import Fields, Forgotten, Rooms, Unheard
from services.intake.chat.signs import Sign, meant, sign_of
from services.intake.chat.words import encrypted, files_text, how_to_answer, needs_words
from services.intake.door import Closed, Door
from services.intake.store import ChatAct, ChatMessage, ChatPosition, Shelf, chat_key
from services.intake.submission import NotStored
from services.intake.view import refusal_text
from shared import channels, clock, logs
from shared.contracts.event import Event, event_id_of
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action, Refusal, Snapshot, Source
from shared.contracts.organisation import Channel, Person
from shared.contracts.router import ActionRefused
from shared.journal import Cause, Journal
from shared.language import Words, words

log = logs.get(__name__)

AGAIN_S = (0.5, 60.0)
"""The first delay and the longest; each is twice the one before."""
WAIT_FOR_FACTS_S = 5.0
"""Somebody may be quicker than the word that our message was sent."""
LOOK_AGAIN_S = 0.1
WAIT_FOR_ANSWER_S = 10.0
STORED = "✓"
_FILES = frozenset({"m.image", "m.file", "m.audio", "m.video"})
_WORDS = frozenset({"m.text", "m.emote"})
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


class Figures:
    """How the chats stand that we have to listen to, for Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge(
            "banso_chat_up",
            "Whether what people write and do in the chat is heard.",
            ("chat",),
            registry=registry,
        )


class Matrix:
    """Follows the rooms of our account."""

    def __init__(
        self,
        settings: channels.Matrix,
        door: Door,
        journal: Journal[Shelf],
        figures: Figures,
    ) -> None:
        self._user = settings.user
        self._account = f"{Channel.MATRIX}/{settings.user}"
        self._rooms = Rooms(settings)
        self._door = door
        self._journal = journal
        self._begins = True
        """What is read first may be old: it is taken, but nobody is told how to do it better."""
        self._saying: set[asyncio.Task[None]] = set()
        self._up = figures.up.labels(Channel.MATRIX)

    async def close(self) -> None:
        for task in self._saying:
            task.cancel()
        await asyncio.gather(*self._saying, return_exceptions=True)
        await self._rooms.close()

    async def run(self) -> None:
        """Never ends; what fails is tried again, from where it was."""
        since = await self._door.read(self._position) or ""
        delay_s, longest_s = AGAIN_S
        while True:
            try:
                since = await self._follow(since)
                delay_s = AGAIN_S[0]
            except (Unheard, NotStored, Closed, *_UNREADABLE) as error:
                self._up.set(0)
                log.warning("chat.matrix_unheard", error=_described(error))
                since = "" if isinstance(error, Forgotten) else since
                asked_s = error.wait_s if isinstance(error, Unheard) else 0.0
                await asyncio.sleep(max(delay_s, asked_s))
                delay_s = min(2 * delay_s, longest_s)

    def _position(self, connection: Connection) -> str | None:
        return store.chat_position_of(connection, self._account)

    async def _follow(self, since: str) -> str:
        """Takes what has happened since, and tells from where to go on."""
        happened = await self._rooms.sync(since)
        self._up.set(1)
        self._begins = not since
        rooms = happened.get("rooms", {})
        for room, invitation in rooms.get("invite", {}).items():
            await self._invited(room, invitation)
        for room, joined in rooms.get("join", {}).items():
            timeline = joined.get("timeline", {})
            events = timeline.get("events", [])
            if since and timeline.get("limited") and timeline.get("prev_batch"):
                events = [*await self._earlier(room, timeline["prev_batch"], since), *events]
            for event in events:
                await self._take(room, event)
        position = ChatPosition(self._account, str(happened["next_batch"]))
        if position.since != since:
            await self._journal.note(lambda shelf: shelf.chat_positions.put(position))
        return position.since

    async def _earlier(self, room: str, before: str, since: str) -> list[Fields]:
        """What the server left out; nothing where it does not show us that any more."""
        try:
            return await self._rooms.earlier(room, before, since)
        except Unheard as error:
            if not error.is_final:
                raise
            log.warning("chat.matrix_gap", error=str(error))
            return []

    async def _invited(self, room: str, invitation: Fields) -> None:
        """People of the organisation may talk to us where they like."""
        events = invitation.get("invite_state", {}).get("events", [])
        inviters = [
            str(one.get("sender"))
            for one in events
            if one.get("type") == "m.room.member" and one.get("state_key") == self._user
        ]
        if any(person_at(Channel.MATRIX, one, self._door) for one in inviters):
            try:
                await self._rooms.join(room)
            except Unheard as error:
                log.warning("chat.matrix_not_joined", error=str(error))

    async def _take(self, room: str, event: Fields) -> None:
        """Raises NotStored and Unheard. What is none of theirs, or can't be read, leads to
        nothing."""
        try:
            person = person_at(Channel.MATRIX, event["sender"], self._door)
            if person is None or event["sender"] == self._user:
                return
            match event["type"]:
                case "m.room.message":
                    await self._hear(room, event, person)
                case "m.reaction":
                    await self._react(room, event, person)
                case "m.room.redaction":
                    await self._take_back(room, event, person)
                case "m.room.encrypted" if not self._begins:
                    name = f"banso-encrypted-{short(room)}"  # once for each room
                    await self._say(room, encrypted(_words(person)), name)
                case _:
                    pass
        except _UNREADABLE as error:
            log.warning("chat.matrix_unreadable", error=type(error).__name__)
        except Unheard as error:
            if not error.is_final:
                raise
            log.warning("chat.matrix_unreadable", error=str(error))

    # --- words

    async def _hear(self, room: str, event: Fields, person: Person) -> None:
        event_id, content = str(event["event_id"]), event["content"]
        relation = content.get("m.relates_to", {})
        if relation.get("rel_type") == "m.replace":
            original = await self._rooms.event(room, relation["event_id"])
            content = content["m.new_content"]
            relation = original["content"].get("m.relates_to", {})
        kind = content.get("msgtype")
        if kind not in _WORDS | _FILES:
            return
        _ = _words(person)
        about = await self._about(room, _answered(relation))
        if about is None:
            if not self._begins:
                await self._explain(room, event, person)
            return
        if about.person_id != person.id:
            log.warning("chat.not_theirs", channel=Channel.MATRIX, issue=about.issue_id)
            return
        if kind in _FILES:
            url = self._door.links.status(about.issue_id, person.id, clock.now())
            text = f"{files_text(_)} {url}"
            await self._say(room, text, f"banso-{short(event_id)}", about=about)
            return
        message = said(about, _without_quote(str(content["body"]), relation), self._door)
        if message.text:
            await self._door.say_more(message, f"matrix/{event_id}")
            mark = {"rel_type": "m.annotation", "event_id": event_id, "key": STORED}
            await self._send(room, "m.reaction", {"m.relates_to": mark}, f"banso-{short(event_id)}")

    async def _explain(self, room: str, event: Fields, person: Person) -> None:
        """How to answer: each time in the room that is the person's and ours alone, elsewhere once
        a day."""
        event_id = str(event["event_id"])
        shared = (await self._rooms.direct(self._user)).get(event["sender"], [])
        once = f"{short(room)}-{clock.now():%Y-%m-%d}"
        name = short(event_id) if room in shared else once
        await self._say(room, how_to_answer(_words(person)), f"banso-{name}", event_id)

    async def _about(self, room: str, ids: Sequence[str]) -> ChatMessage | None:
        """Our message that is meant. Of one that was only just sent the word may be on its way."""
        until = clock.elapsed_s() + WAIT_FOR_FACTS_S
        while True:
            about = await message_at(Channel.MATRIX, room, ids, self._door)
            if about is not None or not ids or self._begins or clock.elapsed_s() >= until:
                return about
            if not await self._are_ours(room, ids):
                return None
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _are_ours(self, room: str, ids: Sequence[str]) -> bool:
        """Whether one of them is a message of ours about an issue."""
        for one in ids:
            try:
                event = await self._rooms.event(room, one)
            except Unheard as error:
                if not error.is_final:
                    raise
                continue  # it is gone, or nobody shows it to us
            about = event.get("content", {}).get("dev.banso") or {}
            if event.get("sender") == self._user and about.get("issue"):
                return True
        return False

    # --- reactions

    async def _react(self, room: str, event: Fields, person: Person) -> None:
        relation = event["content"].get("m.relates_to", {})
        sign = sign_of(str(relation.get("key", "")))
        if sign is None:
            return
        event_id = str(event["event_id"])
        about = await self._about(room, [str(relation["event_id"])])
        if about is None or about.person_id != person.id:
            return
        view = await self._door.look(about.issue_id)
        if view is None or view.snapshot is None:
            return
        snapshot, name = Snapshot.model_validate_json(view.snapshot), f"banso-{short(event_id)}"
        history = await self._door.read(
            lambda connection: store.history_of(connection, about.issue_id)
        )
        if has_moved_on(history, about.fact_id):
            await self._refuse(room, about, Refusal.OVERTAKEN, person, name)
            return
        action = meant(sign, snapshot, person.id)
        if action is None:
            return
        if sign is Sign.NO:
            url = self._door.links.action(
                about.issue_id, person.id, action, snapshot.assignment, clock.now()
            )
            await self._say(room, f"{needs_words(action, _words(person))} {url}", name, about=about)
            return
        cause_id = f"chat/matrix/{event_id}"
        act = ChatAct(
            chat_key(Channel.MATRIX, room, event_id),
            event_id_of(ActionRequested.subject, cause_id, 0),
            person.id,
            about.issue_id,
            snapshot.assignment,
            clock.now(),
        )
        wish = _wish(act, action)

        def decide(shelf: Shelf) -> list[Event]:
            shelf.chat_acts.put(act)
            return [wish]

        await self._door.settle(Cause(cause_id, decide, hold=True))
        log.info("action.requested", issue=act.issue_id, action=action)
        self._soon(room, act.request_id, about, person, name, "")

    async def _take_back(self, room: str, event: Fields, person: Person) -> None:
        """Whoever takes their reaction away takes back what it did."""
        redacted = event.get("redacts") or event.get("content", {}).get("redacts")
        key = chat_key(Channel.MATRIX, room, str(redacted))
        act = await self._door.read(lambda connection: store.chat_act_of(connection, key))
        if act is None or act.person_id != person.id:
            return
        event_id, _ = str(event["event_id"]), _words(person)
        cause_id = f"chat/matrix/{event_id}"
        wish = _wish(act, Action.UNDO)
        await self._door.settle(Cause(cause_id, lambda _shelf: [wish], hold=True))
        log.info("action.requested", issue=act.issue_id, action=Action.UNDO)
        request_id = event_id_of(ActionRequested.subject, cause_id, 0)
        done = _("It is as it was before. Everybody who had heard of it is told.")
        self._soon(room, request_id, act, person, f"banso-{short(event_id)}", done)

    # --- what we say

    def _soon(
        self,
        room: str,
        request_id: str,
        about: ChatMessage | ChatAct,
        person: Person,
        name: str,
        done: str,
    ) -> None:
        """Says what has come of it, while others are heard."""
        work = self._tell(room, request_id, about, person, name, done)
        task = asyncio.create_task(work)
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _tell(
        self,
        room: str,
        request_id: str,
        about: ChatMessage | ChatAct,
        person: Person,
        name: str,
        done: str,
    ) -> None:
        happened = await self._door.wait_for_answer(request_id, WAIT_FOR_ANSWER_S)
        refused = [one for one in happened if one.subject == ActionRefused.subject]
        if refused:
            refusal = Refusal(refused[0].said["refusal"])
            await self._refuse(room, about, refusal, person, name)
        elif happened and done:
            await self._say(room, done, name)

    async def _refuse(
        self, room: str, about: ChatMessage | ChatAct, refusal: Refusal, person: Person, name: str
    ) -> None:
        _ = _words(person)
        view = await self._door.look(about.issue_id)
        if view is None:
            return
        eyes = self._door.eyes(person.id, view)
        seen = await self._door.see(view, eyes, _, person.id)
        answered = about if isinstance(about, ChatMessage) else None
        await self._say(room, refusal_text(refusal, seen.owner, _), name, about=answered)

    async def _say(
        self,
        room: str,
        text: str,
        name: str,
        answers: str = "",
        *,
        about: ChatMessage | None = None,
    ) -> None:
        """As a notice, which no program answers; in the thread of the issue where there is one."""
        content: Fields = {"msgtype": "m.notice", "body": text}
        if about is not None and about.thread:
            content["m.relates_to"] = {
                "rel_type": "m.thread",
                "event_id": about.thread,
                "is_falling_back": True,
                "m.in_reply_to": {"event_id": about.thread},
            }
        elif answers:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": answers}}
        await self._send(room, "m.room.message", content, name)

    async def _send(self, room: str, kind: str, content: Fields, name: str) -> None:
        """What was said or done is stored either way, so it is tried once."""
        try:
            await self._rooms.send(room, kind, content, name)
        except Unheard as error:
            log.warning("chat.matrix_unsaid", error=str(error))


def _described(error: Exception) -> str:
    return str(error) if isinstance(error, Unheard) else type(error).__name__


def _words(person: Person) -> Words:
    return words(person.language)


def _wish(act: ChatAct, action: Action) -> ActionRequested:
    return ActionRequested(
        occurred_at=clock.now(),
        issue_id=act.issue_id,
        person_id=act.person_id,
        action=action,
        assignment=act.assignment,
        source=Source.CHAT,
        undoes=act.request_id if action is Action.UNDO else None,
    )


def _answered(relation: Fields) -> list[str]:
    """The events that a message answers, the nearest first."""
    nearest = relation.get("m.in_reply_to", {}).get("event_id")
    root = relation.get("event_id") if relation.get("rel_type") == "m.thread" else None
    return [str(one) for one in (nearest, root) if one]


def _without_quote(body: str, relation: Fields) -> str:
    """Older programs put what is answered in front of the answer."""
    lines = body.split("\n")
    if "m.in_reply_to" not in relation or not lines[0].startswith("> <@"):
        return body
    while lines and lines[0].startswith(">"):
        del lines[0]
    return "\n".join(lines).strip()
