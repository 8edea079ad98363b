"""What people do in Slack: they press buttons, fill in windows and answer in threads.

Slack wants its answer within three seconds; so what was asked for is stored first, Slack is
answered, and what came of it is said afterwards. All that comes here is signed by Slack, which
says who did it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from litestar import MediaType, Request, Response, Router, post
from litestar.background_tasks import BackgroundTask
from litestar.di import Provide
from litestar.exceptions import HTTPException
from pydantic import ValidationError

from services.intake import clean
from services.intake.chat import window
from services.intake.chat.known import is_at, message_at, person_at, said
from services.intake.chat.signed import is_recent, is_signed
from services.intake.chat.speech import (
    Callback,
    Happened,
    Pressed,
    Submitted,
    Written,
    escaped,
    plain,
    words_of,
)
from services.intake.chat.window import Asking, Block, Offered
from services.intake.chat.words import files_text, how_to_answer
from services.intake.door import Door
from services.intake.history import Eyes
from services.intake.names import Names
from services.intake.store import ChatMessage, Happening, View
from services.intake.submission import NotStored
from services.intake.view import Seen, refusal_text
from services.intake.web.asking import Asked, furthest_for, read_asked
from services.intake.web.choices import (
    causes,
    done_text,
    ends,
    next_owners,
    reasons,
    turns,
    waits,
)
from services.intake.web.offers import button_text, offer, offered
from shared import channels, clock, logs
from shared.channels import ASKED_FIRST, AT_ONCE
from shared.contracts.intake import ActionRequested
from shared.contracts.issue import Action, Refusal, Source
from shared.contracts.organisation import Channel
from shared.contracts.router import ActionRefused
from shared.language import Words, words
from shared.links import Link, LinkExpired, LinkInvalid, Purpose

log = logs.get(__name__)

LARGEST_BYTES = 1024 * 1024
"""A payload holds the whole message whose button was pressed: some tens of kilobytes."""
TIMEOUT = httpx.Timeout(5.0)
OPEN_WITHIN = httpx.Timeout(2.5)
"""A window may be opened for three seconds after the press."""
WAIT_FOR_ANSWER_S = 10.0
SHOW_WITHIN_S = 1.5
LOOK_AGAIN_S = 0.1
LONGEST_METADATA = 3000

AnyRequest = Request[Any, Any, Any]


class Refused(Exception):
    """It is not done, and this is said to whoever pressed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a button leads to, for the person whose it is."""

    link: Link
    url: str
    view: View
    seen: Seen
    words: Words


@dataclass(frozen=True, slots=True)
class Where:
    """Where a button stands, and how Slack is told there."""

    response_url: str
    thread_ts: str = ""
    blocks: tuple[Block, ...] = ()
    block_id: str = ""


class Slack:
    """Acts for those who are known by their member id."""

    def __init__(self, settings: channels.Slack, secret: str, door: Door) -> None:
        self._secret = secret
        self._door = door
        self._url = settings.url
        token = settings.bot_token.get_secret_value()
        self._bot = {"Authorization": f"Bearer {token}"}
        self._calls = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False)

    async def close(self) -> None:
        await self._calls.aclose()

    async def body(self, request: AnyRequest) -> bytes | None:
        """What Slack sent; None where it is not Slack that speaks. An old request isn't read."""
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        if not is_recent(timestamp, clock.now()):
            return None
        try:
            body = await request.body()
        except HTTPException:
            return None
        signature = request.headers.get("x-slack-signature", "")
        return body if is_signed(self._secret, timestamp, body, signature) else None

    # --- buttons

    async def press(self, pressed: Pressed) -> BackgroundTask | None:
        """Asks for what the button does. Raises NotStored."""
        press, user_id = pressed.actions[0], pressed.user.id
        if press.value is None:
            return None
        shown, place = pressed.message, pressed.container
        where = Where(pressed.response_url, shown.thread_ts, tuple(shown.blocks), press.block_id)
        try:
            opened = await self._open(press.value, user_id)
            action = _action_of(opened.link)
            if action in ASKED_FIRST:
                _must_be_current(opened)
                return BackgroundTask(self._ask_first, opened, pressed.trigger_id, where)
            if action not in AT_ONCE:
                return None  # its page is open already
            wish = _wish(opened.link, action)
            name = f"slack/{place.channel_id}/{place.message_ts}/{press.action_ts}"
            event_id = await self._door.ask(wish, name)
        except Refused as refused:
            return BackgroundTask(self._whisper, where, str(refused))
        except NotStored:
            return BackgroundTask(self._whisper, where, _not_stored(self._words(user_id)))
        return BackgroundTask(self._tell, opened, Asked(wish), event_id, where)

    async def _tell(self, opened: Opened, asked: Asked, event_id: str, where: Where) -> None:
        """In place of the buttons stands what was done, and what can be done next."""
        happened = await self._door.wait_for_answer(event_id, WAIT_FOR_ANSWER_S)
        now = await self._again(opened)
        refused = _refused(happened)
        if refused is not None:
            await self._whisper(where, refusal_text(refused, now.seen.owner, now.words))
        elif not happened:
            await self._whisper(where, _stored(now.words))
        else:
            text = _done(asked, now, self._door)
            blocks = window.instead_of(where.blocks, where.block_id, self._told(text, now))
            await self._respond(where, {"replace_original": True, "text": text, "blocks": blocks})

    def _told(self, text: str, now: Opened) -> list[Block]:
        return window.told(text, self._next(now))

    def _next(self, now: Opened) -> list[Offered]:
        """What the person can do about the issue as it is now, and how they take back what they
        have just done."""
        door, _, link, snapshot = self._door, now.words, now.link, now.seen.snapshot
        if snapshot is None:
            return []
        at, number = clock.now(), snapshot.assignment
        found = [
            Offered(
                one,
                button_text(one, _),
                door.links.action(link.issue_id, link.person_id, one, number, at),
            )
            for one in offered(snapshot, link.person_id, door.organisation).main
        ]
        undoable = now.seen.undoable
        if undoable is not None:
            url = door.links.undo(link.issue_id, link.person_id, undoable.request_id, number, at)
            found.append(Offered(Action.UNDO, button_text(Action.UNDO, _), url))
        return found

    async def _ask_first(self, opened: Opened, trigger_id: str, where: Where) -> None:
        _, link = opened.words, opened.link
        metadata = json.dumps(
            {"url": opened.url, "respond": where.response_url, "thread": where.thread_ts}
        )
        view = window.window(await self._asking(opened), _action_of(link), metadata, _)
        asked = {"trigger_id": trigger_id, "view": view}
        fits = len(metadata) <= LONGEST_METADATA
        if not fits or not await self._call("views.open", asked, OPEN_WITHIN):
            text = _("The window could not be opened. Please use the page instead:")
            await self._whisper(where, text, opened.url)

    async def _asking(self, opened: Opened) -> Asking:
        """The same choices as on the page."""
        door, _, link, seen = self._door, opened.words, opened.link, opened.seen
        action = _action_of(link)
        said = offer(action, _)
        if said is None:
            raise LinkInvalid
        calendar, now = door.organisation.calendar_of(link.person_id), clock.now()
        latest = await furthest_for(action, opened.view, door)
        chooses_people = action in (Action.DECLINE, Action.HAND_OVER, Action.ASK)
        names = Names(door.organisation, _)
        return Asking(
            said,
            said.explanation % {"name": _.polite(seen.owner.name) if seen.owner else ""},
            opened.url,
            reasons=reasons(_) if action is Action.DECLINE else (),
            causes=causes(door, _) if action is Action.RESOLVE else (),
            teams=next_owners(link, seen.snapshot, door, names) if chooses_people else (),
            turns=turns(action, door, _) if chooses_people else (),
            waits=waits(_) if action is Action.WAIT else (),
            ends=[(one, text) for one, text, _at in ends(latest, calendar, now, _)]
            if action is Action.SNOOZE
            else (),
            days=action in (Action.SNOOZE, Action.PROMISE),
            proposed=_proposed(opened.url),
        )

    # --- windows

    async def submit(self, submitted: Submitted) -> tuple[Block, BackgroundTask | None]:
        """Asks for what was filled in. What the window then says, and what is said beside it."""
        view, user_id = submitted.view, submitted.user.id
        _ = self._words(user_id)
        try:
            kept = json.loads(view.private_metadata)
            where = Where(str(kept["respond"]), str(kept["thread"]))
            opened = await self._open(str(kept["url"]), user_id)
            _must_be_current(opened)
        except (ValueError, KeyError, TypeError):
            return window.result(_("This was not done"), _bad_link(LinkInvalid(), _), None, _), None
        except Refused as refused:
            return window.result(_("This was not done"), str(refused), None, _), None
        _, action = opened.words, _action_of(opened.link)
        asked = await read_asked(opened.link, opened.view, view.given, self._door, _)
        if asked.mistake:
            return window.mistaken(asked.mistake, action, view.state.values), None
        wish = asked.wish.model_copy(update={"source": Source.CHAT})
        try:
            event_id = await self._door.ask(wish, f"slack/{view.id}")
        except NotStored:
            return window.mistaken(_not_stored(_), action, view.state.values), None
        return await self._submitted(opened, Asked(wish, other=asked.other), event_id, where)

    async def _submitted(
        self, opened: Opened, asked: Asked, event_id: str, where: Where
    ) -> tuple[Block, BackgroundTask | None]:
        happened = await self._door.wait_for_answer(event_id, SHOW_WITHIN_S)
        now = await self._again(opened)
        _ = now.words
        refused = _refused(happened)
        if refused is not None:
            text = refusal_text(refused, now.seen.owner, _)
            return window.result(_("This was not done"), text, (_page_name(_), now.url), _), None
        if not happened:
            return window.result(_("Thank you"), _stored(_), None, _), None
        text = _done(asked, now, self._door)
        beside = {
            "replace_original": False,
            "response_type": "in_channel",
            "text": text,
            "blocks": self._told(text, now),
            **({"thread_ts": where.thread_ts} if where.thread_ts else {}),
        }
        return (
            window.result(_("Thank you"), text, None, _),
            BackgroundTask(self._respond, where, beside),
        )

    # --- words

    async def hear(self, event: Happened) -> BackgroundTask | None:
        """Says what somebody wrote in the thread of a message of ours. Raises NotStored."""
        written = words_of(event)
        if written is None:
            return None
        person = person_at(Channel.SLACK, written.user, self._door)
        if person is None:
            return None
        about = await self._about(event.channel, written.thread_ts)
        if about is None:
            text = how_to_answer(words(person.language))
            return BackgroundTask(self._reply, event.channel, written, text)
        if about.person_id != person.id:
            log.warning("chat.not_theirs", channel=Channel.SLACK, issue=about.issue_id)
            return None
        message = said(about, plain(written.text), self._door)
        if message.text:
            edited = f"/{written.edited.ts}" if event.message and written.edited else ""
            name = f"slack/{event.channel}/{written.ts}{edited}"
            await self._door.say_more(message, name)
        url = self._door.links.status(about.issue_id, about.person_id, clock.now())
        return BackgroundTask(self._heard, event.channel, written, url)

    async def _about(self, channel: str, thread: str) -> ChatMessage | None:
        """Our message that began the thread. Of one that was only just sent the word may be on its
        way."""
        until = clock.elapsed_s() + SHOW_WITHIN_S
        while thread:
            found = await message_at(Channel.SLACK, channel, [thread], self._door)
            if found is not None or clock.elapsed_s() >= until:
                return found
            await asyncio.sleep(LOOK_AGAIN_S)
        return None

    async def _heard(self, channel: str, written: Written, url: str) -> None:
        """A sign that the words are stored; and where files go."""
        if written.text:
            asked = {"channel": channel, "timestamp": written.ts, "name": "white_check_mark"}
            await self._call("reactions.add", asked)
        if written.files:
            await self._reply(channel, written, files_text(self._words(written.user)), url)

    async def _reply(self, channel: str, written: Written, text: str, url: str = "") -> None:
        asked = {
            "channel": channel,
            "thread_ts": written.thread_ts or written.ts,
            "text": f"{escaped(text)} {url}".strip(),
            "unfurl_links": False,
        }
        await self._call("chat.postMessage", asked)

    # --- both

    async def _open(self, url: str, user_id: str) -> Opened:
        """Raises Refused, with words for whoever pressed."""
        door, _ = self._door, self._words(user_id)
        try:
            link = _read(url, door)
        except (LinkInvalid, LinkExpired) as error:
            raise Refused(_bad_link(error, _)) from error
        if not is_at(link.person_id, Channel.SLACK, user_id, door):
            log.warning("chat.not_theirs", channel=Channel.SLACK, issue=link.issue_id)
            raise Refused(_("This button is somebody else's. Nothing was done."))
        view = await door.look(link.issue_id)
        eyes = door.eyes(link.person_id, view) if view is not None else Eyes.NOBODY
        if view is None or eyes is Eyes.NOBODY:
            raise Refused(_("Only those whom it concerns can see it. Ask whoever told you of it."))
        _ = words(door.language(link.person_id))
        return Opened(link, url, view, await door.see(view, eyes, _, link.person_id), _)

    async def _again(self, opened: Opened) -> Opened:
        """The same as it is now."""
        view = await self._door.look(opened.link.issue_id) or opened.view
        eyes = self._door.eyes(opened.link.person_id, view)
        seen = await self._door.see(view, eyes, opened.words, opened.link.person_id)
        return Opened(opened.link, opened.url, view, seen, opened.words)

    def _words(self, user_id: str) -> Words:
        person = person_at(Channel.SLACK, user_id, self._door)
        return words(person.language if person else self._door.organisation.language)

    async def _whisper(self, where: Where, text: str, url: str = "") -> None:
        """Only whoever pressed sees it."""
        said = f"{escaped(text)} {url}".strip()
        whisper = {"response_type": "ephemeral", "replace_original": False, "text": said}
        if where.thread_ts:
            whisper["thread_ts"] = where.thread_ts
        await self._respond(where, whisper)

    async def _respond(self, where: Where, said: Block) -> None:
        if where.response_url:
            await self._post(where.response_url, said, {}, TIMEOUT)

    async def _call(self, method: str, asked: Block, within: httpx.Timeout = TIMEOUT) -> bool:
        return await self._post(f"{self._url}/{method}", asked, self._bot, within, method)

    async def _post(
        self,
        url: str,
        content: Block,
        headers: dict[str, str],
        within: httpx.Timeout,
        what: str = "response_url",
    ) -> bool:
        """Whether Slack took it. What was asked for is done either way, so it is tried once."""
        try:
            answer = await self._calls.post(url, json=content, headers=headers, timeout=within)
            taken = answer.is_success and _is_yes(answer)
            error = "" if taken else _error_of(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as failed:
            taken, error = False, type(failed).__name__
        if not taken:
            log.warning("chat.slack_unheard", what=what, error=error)
        return taken


def slack_routes(slack: Slack) -> Router:
    """Nobody gets anything here but Slack."""
    return Router(
        "/chat/slack",
        route_handlers=[take_interaction, take_event],
        dependencies={"slack": Provide(lambda: slack, sync_to_thread=False)},
        request_max_body_size=LARGEST_BYTES,
    )


@post("/", status_code=200, include_in_schema=False)
async def take_interaction(request: Request[Any, Any, Any], slack: Slack) -> Response[Any]:
    """A button that was pressed, or a window that was sent."""
    body = await slack.body(request)
    if body is None:
        return _empty(401)
    try:
        (payload,) = parse_qs(body.decode("ascii"), strict_parsing=True)["payload"]
        kind = json.loads(payload)["type"]
        match kind:
            case "block_actions":
                later = await slack.press(Pressed.model_validate_json(payload))
                return _empty(later=later)
            case "view_submission":
                answer, beside = await slack.submit(Submitted.model_validate_json(payload))
                return Response(answer, background=beside)
            case _:
                return _empty()
    except (ValueError, KeyError, TypeError, ValidationError):
        log.warning("chat.slack_unreadable")
        return _empty(400)


@post("/events", status_code=200, include_in_schema=False)
async def take_event(request: Request[Any, Any, Any], slack: Slack) -> Response[Any]:
    """Something that was written. What can't be stored now is said by Slack again."""
    body = await slack.body(request)
    if body is None:
        return _empty(401)
    try:
        said = json.loads(body)
        match said["type"]:
            case "url_verification":
                return Response({"challenge": str(said["challenge"])})
            case "event_callback":
                event = Callback.model_validate(said).event
            case _:
                return _empty()
    except (ValueError, KeyError, TypeError, ValidationError):
        log.warning("chat.slack_unreadable")
        return _empty(400)
    try:
        return _empty(later=await slack.hear(event))
    except NotStored:
        return _empty(503)


def _empty(status: int = 200, later: BackgroundTask | None = None) -> Response[Any]:
    return Response(b"", status_code=status, media_type=MediaType.TEXT, background=later)


def _read(url: str, door: Door) -> Link:
    """The link that a button carries; raises LinkInvalid or LinkExpired."""
    purpose, _, token = urlsplit(url.removeprefix(f"{door.links.base_url}/")).path.partition("/")
    if purpose not in (Purpose.ACTION, Purpose.UNDO):
        raise LinkInvalid
    link = door.links.read(Purpose(purpose), token, clock.now())
    if link.purpose is Purpose.ACTION and link.action is None:
        raise LinkInvalid
    return link


def _action_of(link: Link) -> Action:
    return link.action if link.action is not None else Action.UNDO


def _proposed(url: str) -> str:
    return clean.one_line((parse_qs(urlsplit(url).query).get("to") or [""])[0], 200)


def _wish(link: Link, action: Action) -> ActionRequested:
    return ActionRequested(
        occurred_at=clock.now(),
        issue_id=link.issue_id,
        person_id=link.person_id,
        action=action,
        assignment=link.assignment,
        source=Source.CHAT,
        undoes=link.about or None,
    )


def _must_be_current(opened: Opened) -> None:
    """Raises Refused where the button belongs to an assignment that is over."""
    snapshot = opened.seen.snapshot
    if snapshot is not None and snapshot.assignment != opened.link.assignment:
        raise Refused(refusal_text(Refusal.OVERTAKEN, opened.seen.owner, opened.words))


def _refused(happened: list[Happening]) -> Refusal | None:
    refused = [one for one in happened if one.subject == ActionRefused.subject]
    return Refusal(refused[0].said["refusal"]) if refused else None


def _done(asked: Asked, now: Opened, door: Door) -> str:
    _ = now.words
    if asked.wish.action is Action.UNDO:
        return _("It is as it was before. Everybody who had heard of it is told.")
    return done_text(asked, now.seen, door, _)


def _bad_link(error: Exception, _: Words) -> str:
    if isinstance(error, LinkExpired):
        return _("Look for a newer message about the same issue and use its link.")
    return _("This button can't be read. Please use the newest message about the issue.")


def _stored(_: Words) -> str:
    return _("It is stored and will be done in a moment. You need not send it again.")


def _not_stored(_: Words) -> str:
    return _("It can't be done just now. Please try again in a minute.")


def _page_name(_: Words) -> str:
    return _("See how it stands")


def _is_yes(answer: httpx.Response) -> bool:
    """Methods say `ok`; a response_url says it in plain text, or nothing."""
    if "json" not in answer.headers.get("content-type", ""):
        return True
    return _field(answer, "ok") is not False


def _error_of(answer: httpx.Response) -> str:
    return f"{answer.status_code} {str(_field(answer, 'error') or '')[:60]}".strip()


def _field(answer: httpx.Response, name: str) -> Any:
    try:
        found = answer.json()
    except ValueError:
        return None
    return found.get(name) if isinstance(found, dict) else None
