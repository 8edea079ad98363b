"""How somebody wants to be told, of what no more, and who was told what."""

from __future__ import annotations

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.intake import store, wishes
from services.intake.api.body import read
from services.intake.api.guard import (
    Caller,
    caller_of,
    find_issue,
    speaker,
    speaks_for_another,
)
from services.intake.api.models import (
    MuteOut,
    NotificationOut,
    NotificationsOut,
    PreferencesIn,
    PreferencesOut,
)
from services.intake.api.problems import AnyRequest, Problem, language_of_request, no_such_issue
from services.intake.door import Door
from services.intake.tellings import may_look
from services.intake.wishes import Somebody
from shared import clock
from shared.contracts.intake import IssueMuted, PreferenceSet
from shared.contracts.issue import Snapshot
from shared.language import Words

MOST_SHOWN = 1000


async def show_preferences(
    request: AnyRequest, person_id: FromPath[str], door: NamedDependency[Door]
) -> Response[PreferencesOut]:
    """A token of a person shows their own."""
    _ = language_of_request(request)
    who = await _somebody(person_id, caller_of(request), door, _)
    return Response(await _preferences(person_id, who, door))


async def set_preferences(
    request: AnyRequest, person_id: FromPath[str], door: NamedDependency[Door]
) -> Response[PreferencesOut]:
    """All of them at once: what is left out is as usual. Of somebody outside only the language
    counts."""
    _ = language_of_request(request)
    who = await _somebody(person_id, caller_of(request), door, _)
    said, _files = await read(request, PreferencesIn)
    wanted = said.preferences
    if who.person is None:
        wanted = said.only_language
    elif not set(wanted.channels) <= set(wishes.ways_of(who.person, door.organisation)):
        raise _not_done(_("This person can't be reached by one of these channels."), _)
    elif (wanted.opens is None) != (wanted.closes is None) or (
        wanted.opens is not None and wanted.opens == wanted.closes
    ):
        raise _not_done(_("Please say from when until when, such as 08:30 and 17:00."), _)
    event = PreferenceSet(occurred_at=clock.now(), person_id=person_id, preferences=wanted)
    await door.say_preferences(event)
    return Response(await _preferences(person_id, who, door))


async def mute(
    request: AnyRequest,
    reference: FromPath[str],
    person_id: FromPath[str],
    door: NamedDependency[Door],
) -> Response[MuteOut]:
    """No more messages about it, but for what only they can do. Twice changes nothing."""
    return await _mute(request, reference, person_id, door, muted=True)


async def unmute(
    request: AnyRequest,
    reference: FromPath[str],
    person_id: FromPath[str],
    door: NamedDependency[Door],
) -> Response[MuteOut]:
    """They want to hear of it again."""
    return await _mute(request, reference, person_id, door, muted=False)


async def find_notifications(
    request: AnyRequest, reference: FromPath[str], door: NamedDependency[Door]
) -> Response[NotificationsOut]:
    """Who was told what about an issue; a token of a person shows it to whom the page does."""
    _ = language_of_request(request)
    caller = caller_of(request)
    view, _eyes = await find_issue(reference, caller, door, _)
    snapshot = Snapshot.model_validate_json(view.snapshot) if view.snapshot else None
    if caller.person_id and not may_look(snapshot, caller.person_id, door.organisation):
        raise no_such_issue(_)
    found = await door.read(lambda connection: store.told_of(connection, view.issue_id, MOST_SHOWN))
    return Response(NotificationsOut(notifications=[NotificationOut.of(one) for one in found]))


async def _mute(
    request: AnyRequest, reference: str, said: str, door: Door, *, muted: bool
) -> Response[MuteOut]:
    _ = language_of_request(request)
    caller = caller_of(request)
    view, _eyes = await find_issue(reference, caller, door, _)
    person_id = await speaker(said, caller, door, _)
    known = await door.mute(person_id, view.issue_id)
    if (known is not None and known.since is not None) != muted:
        event = IssueMuted(
            occurred_at=clock.now(), issue_id=view.issue_id, person_id=person_id, muted=muted
        )
        await door.say_mute(event)
    return Response(MuteOut(reference=view.reference, person=person_id, muted=muted))


async def _somebody(person_id: str, caller: Caller, door: Door, _: Words) -> Somebody:
    if caller.person_id not in (None, person_id):
        raise speaks_for_another(_)
    who = await door.somebody(person_id)
    if who is None:
        detail = _("Name a person by the id or the address in the organisation.")
        raise Problem(404, _("Nobody here is called so"), detail)
    return who


async def _preferences(person_id: str, who: Somebody, door: Door) -> PreferencesOut:
    """As they hold now, with what the organisation says where they have said nothing."""
    wanted = await door.preferences(person_id)
    channels = (
        wishes.order_of(wanted, who.person, door.organisation) if who.person is not None else ()
    )
    return PreferencesOut.of(person_id, wanted, wishes.language_for(wanted, who), channels)


def _not_done(detail: str, _: Words) -> Problem:
    return Problem(409, _("It was not done"), detail)
