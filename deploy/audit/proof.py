"""Proves journals and streams against each other, going on from where the last audit stopped."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta

from deploy.audit import checks
from deploy.audit.checks import Advisory
from deploy.audit.databases import Databases
from deploy.audit.lane import Lane
from deploy.audit.memory import Memory, Post, Unread
from deploy.audit.promises import Finding, Promise, Repeat
from shared.bus import STREAM_AGE
from shared.contracts.event import Speaker
from shared.contracts.traffic import ADVISORIES_STREAM, DEAD_STREAM, SAYS
from shared.streams import PAGE, Place, Streams, causes_of

JUST_RECORDED = timedelta(seconds=5)
"""The journal is read up to here: later events may still be on their way to the stream."""
NEARLY_TOO_OLD = timedelta(days=1)
"""A stream forgets what is older than `STREAM_AGE`; near that age nothing is missed."""
MOST_LEFT = 50_000
"""So much may be left over on either side before that side waits for the other."""
MOST_REPEATED = 5_000
"""Events of one speaker that are repeated after one audit; more belong to a replay."""


class StreamsOf:
    """The streams on which a service says something, and which of their subjects are its own."""

    def __init__(self, speaker: Speaker) -> None:
        self.subjects = {DEAD_STREAM: f"dead.{speaker}.>"}
        if SAYS[speaker]:
            self.subjects[speaker.upper()] = ">"


async def prove(
    speaker: Speaker, memory: Memory, databases: Databases, streams: Streams, now: datetime
) -> list[Finding]:
    """What stands in this speaker's journal and on no stream, or the reverse."""
    of = StreamsOf(speaker)
    places = {stream: await streams.place(stream) for stream in of.subjects}
    unsaid = await _made_anew(speaker, databases, places)
    if unsaid:
        memory.lanes.pop(speaker, None)
        return unsaid
    epochs = {stream: place.epoch for stream, place in places.items()}
    lane = memory.lanes.get(speaker)
    if lane is None or lane.epochs != epochs:
        lane = memory.lanes[speaker] = Lane(epochs)
    await _read_on(speaker, lane, databases, streams, now)
    return await _left_over(speaker, lane, databases, now)


async def _made_anew(
    speaker: Speaker, databases: Databases, places: dict[str, Place]
) -> list[Finding]:
    """A stream that was lost is said again by its speaker itself, all of it, and is proven then."""
    stream = speaker.upper()
    if stream not in places:
        return []
    known = await asyncio.to_thread(databases.epoch, speaker, stream)
    if known is None or known == places[stream].epoch:
        return []
    return [Finding(Promise.KEPT, stream, f"{stream}/{places[stream].epoch}")]


async def _read_on(
    speaker: Speaker, lane: Lane, databases: Databases, streams: Streams, now: datetime
) -> None:
    """Reads journal and streams to their ends, side by side."""
    since, until = now - STREAM_AGE + NEARLY_TOO_OLD, now - JUST_RECORDED
    subjects = StreamsOf(speaker).subjects
    unread = {"journal", *subjects}
    while unread:
        if "journal" in unread and len(lane.missing) < MOST_LEFT:
            after = (lane.recorded_at, lane.event_id)
            rows = await asyncio.to_thread(
                databases.journal_page, speaker, after, since, until, PAGE
            )
            lane.recorded(rows)
            if len(rows) < PAGE:
                unread.discard("journal")
        for stream, subject in subjects.items():
            if stream not in unread:
                continue
            messages = await streams.read(stream, lane.sequences.get(stream, 0), subject=subject)
            lane.kept(stream, [(one.event_id, one.sequence) for one in messages])
            if len(messages) < PAGE:
                unread.discard(stream)
        if len(lane.strange) > MOST_LEFT:
            await _explain(speaker, lane, databases)
        if unread == {"journal"} and len(lane.missing) >= MOST_LEFT:
            return


async def _explain(speaker: Speaker, lane: Lane, databases: Databases) -> dict[str, datetime]:
    found = await asyncio.to_thread(databases.recorded, speaker, list(lane.strange))
    lane.explain(found)
    return found


async def _left_over(
    speaker: Speaker, lane: Lane, databases: Databases, now: datetime
) -> list[Finding]:
    found = await _explain(speaker, lane, databases)
    findings = [
        Finding(Promise.RECORDED, event_id or f"{lane.strange[event_id]}: no id", event_id)
        for event_id in lane.unknown(found)
    ]
    late = lane.late(now, checks.GRACE)
    stored = await asyncio.to_thread(databases.stored, speaker, late)
    lane.forgive(event_id for event_id in late if event_id not in stored)
    return findings + [
        Finding(
            Promise.KEPT if was_stored else Promise.SAID,
            event_id,
            event_id,
            lane.missing[event_id],
            Repeat(speaker, event_id),
        )
        for event_id, was_stored in stored.items()
    ]


async def unread_letters(post: Post, streams: Streams) -> list[Finding]:
    """Messages that a service gave up on, and that nobody has looked at."""
    await _begin_anew(post.letters, DEAD_STREAM, streams)
    while messages := await streams.read(DEAD_STREAM, post.letters.sequence):
        post.read_letters(messages)
    return checks.looked_at(sorted(post.letters.open))


async def given_up(post: Post, databases: Databases, streams: Streams) -> list[Finding]:
    """What the server gave up on, for a consumer of ours, and its service never decided."""
    await _begin_anew(post.advisories, ADVISORIES_STREAM, streams)
    while messages := await streams.read(ADVISORIES_STREAM, post.advisories.sequence):
        post.read_advisories(messages)
    advisories = [await _advisory(number, streams) for number in sorted(post.advisories.open)]
    ours = [one for one in advisories if one is not None]
    known = {
        service: await asyncio.to_thread(
            databases.decided,
            service,
            [cause for one in ours if one.service == service for cause in one.causes],
        )
        for service in {one.service for one in ours}
    }
    findings = checks.given_up(ours, known)
    post.advisories.open = {int(one.key) for one in findings}
    return findings


async def _begin_anew(unread: Unread, stream: str, streams: Streams) -> None:
    """A stream that was made anew is read from the beginning."""
    place = await streams.place(stream)
    if unread.epoch != place.epoch:
        unread.epoch, unread.sequence = place.epoch, 0
        unread.open.clear()


async def _advisory(number: int, streams: Streams) -> Advisory | None:
    """What the server says there; None where that is about nobody of ours."""
    found = await streams.read(ADVISORIES_STREAM, number - 1, most=1)
    said = json.loads(found[0].body) if found and found[0].sequence == number else {}
    if said.get("consumer") not in set(Speaker):
        return None
    stream, sequence = str(said["stream"]), int(said["stream_seq"])
    kept = await streams.read(stream, sequence - 1, most=1)
    given = [one for one in kept if one.sequence == sequence]
    causes = tuple(cause for one in given for cause in causes_of(one))
    return Advisory(number, stream, sequence, Speaker(said["consumer"]), causes)
