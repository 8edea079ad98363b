"""A companion: who hears of it, in which words, and by which links they say their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Connection, select

from services.notifier import store, timing
from services.notifier.audience import asks_in_vain, audience
from services.notifier.channels.layout import as_plain, places
from services.notifier.letters import as_html, as_text
from services.notifier.message import Message
from shared.contracts.event import Event
from shared.contracts.issue import State, Step, WaitingFor
from shared.contracts.metrics import Evidence, Move
from shared.contracts.notifier import DigestMade, Reason, Relation
from shared.contracts.organisation import Language
from shared.contracts.router import (
    CompanionAsked,
    CompanionAssigned,
    CompanionBecause,
    CompanionChecked,
    CompanionEscalated,
    CompanionOffered,
    CompanionReleased,
    Concern,
    IssueAcknowledged,
    IssueEscalated,
    IssueReminded,
    ReleasedBecause,
)
from shared.links import Link, Purpose
from tests.unit.build import HOUR, ISSUE_ID, MONDAY
from tests.unit.notifier.telling import LINKS, ORGANISATION, said, tell
from tests.unit.notifier.test_held import answered, hear, open_ledger, opened, take
from tests.unit.notifier.test_held import said as about_issue

KANA = re.compile("[ぁ-ヿ]")
WHY = (
    Evidence(move=Move.WAITING, team_id="product", count=4, of=6, weight=2.2),
    Evidence(move=Move.DECLINED, team_id="product", count=2, weight=1.1),
)
BEGUN: dict[str, Any] = {
    "occurred_at": MONDAY,
    "companionship_id": ISSUE_ID,
    "carrier_id": "emi",
    "companion_id": "yui",
    "why": WHY,
}
SILENT = ("product",)


def offered(**more: Any) -> CompanionOffered:
    return CompanionOffered(**(BEGUN | {"companion_id": None} | more), silent_team_ids=SILENT)


def assigned(because: CompanionBecause = CompanionBecause.AGREED, **more: Any) -> CompanionAssigned:
    return CompanionAssigned(**BEGUN, because=because, **more)


def escalated(because: Concern, *person_ids: str, **more: Any) -> CompanionEscalated:
    how = {"because": because, "person_ids": person_ids, "silent_team_ids": SILENT}
    return CompanionEscalated(**BEGUN, **(how | more))


def released(because: ReleasedBecause, **more: Any) -> CompanionReleased:
    return CompanionReleased(**(BEGUN | {"because": because} | more))


ASKED = CompanionAsked(**BEGUN, answer_by=MONDAY + timedelta(hours=8))
CHECKED = CompanionChecked(**BEGUN)
CARRIER, COMPANION = Relation.CARRIER, Relation.COMPANION
COORDINATOR = Relation.COORDINATOR
COPY = IssueReminded(**said(), step=Step.ANSWER, person_id="ren")

ALONGSIDE: list[tuple[Reason, Relation, Event]] = [
    (Reason.COMPANION_OFFERED, CARRIER, offered(coordinator_id="aki")),
    (Reason.COMPANION_OFFERED, CARRIER, offered(again=True)),
    (Reason.COMPANION_OFFERED, CARRIER, offered(why=())),
    (Reason.COMPANION_WANTED, COORDINATOR, offered(coordinator_id="aki")),
    (Reason.COMPANION_ASKED, COMPANION, ASKED),
    (Reason.COMPANION_CHECK, CARRIER, CHECKED),
    (Reason.COMPANION_CHECK, COMPANION, CHECKED),
    *(
        (Reason.COMPANION_WANTED, COORDINATOR, assigned(because, coordinator_id="aki"))
        for because in CompanionBecause
    ),
    *(
        (Reason.COMPANION_BEGUN, relation, assigned(because))
        for because in CompanionBecause
        for relation in (CARRIER, COMPANION)
    ),
    *((Reason.COMPANION_CONCERN, Relation.LEAD, escalated(because, "mio")) for because in Concern),
    (
        Reason.COMPANION_CONCERN,
        Relation.LEADER,
        escalated(Concern.ALARM, "kai", silent_team_ids=("gone",)),
    ),
    *(
        (Reason.COMPANION_OVER, relation, released(because))
        for because in ReleasedBecause
        for relation in (CARRIER, COMPANION)
    ),
    *(
        (Reason.COMPANION_WANTED, COORDINATOR, released(because, coordinator_id="aki"))
        for because in ReleasedBecause
    ),
    (Reason.COMPANION_OVER, COMPANION, released(ReleasedBecause.REPLACED, began=False)),
    *(
        (
            Reason.COMPANION_COPY,
            COMPANION,
            IssueReminded(**said(), step=step, person_id="ren"),
        )
        for step in (Step.ACKNOWLEDGE, Step.ANSWER, Step.RESOLVE)
    ),
]


@pytest.mark.parametrize(("reason", "relation", "event"), ALONGSIDE)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_everything_is_said_in_whole_words_in_both_languages(
    reason: Reason, relation: Relation, event: Event, language: Language
) -> None:
    message = tell(event, reason, relation, to="yui", language=language)

    buttons = [button.words for button in message.buttons]
    for words in (message.heading, *message.lines, *buttons):
        assert words
        assert "%(" not in words
        assert bool(KANA.search(words)) == (language == "ja")
    assert message.heading in as_text(message)
    assert as_html(message)


def test_anything_else_is_no_such_message() -> None:
    with pytest.raises(TypeError, match="IssueReminded"):
        tell(COPY, Reason.COMPANION_ASKED, COMPANION)


# --- words


def words_of(message: Message) -> str:
    return "\n".join((message.heading, *message.lines))


def test_only_the_carrier_reads_what_it_is_made_of() -> None:
    to_carrier = tell(offered(), Reason.COMPANION_OFFERED, CARRIER, to="emi")

    assert "4 of 6 questions to Product" in words_of(to_carrier)
    for reason, relation, event in ALONGSIDE:
        if reason is not Reason.COMPANION_OFFERED:
            assert "4 of 6" not in as_text(tell(event, reason, relation, to="yui"))


def test_the_carrier_answers_by_their_own_links_and_sees_their_figure() -> None:
    message = tell(offered(), Reason.COMPANION_OFFERED, CARRIER, to="emi")

    yes, no, figure = message.buttons

    assert spoken(yes.url) == ("emi", ISSUE_ID, "yes")
    assert spoken(no.url) == ("emi", ISSUE_ID, "no")
    token = figure.url.rpartition("/g/")[2]
    assert LINKS.read(Purpose.FIGURE, token, MONDAY).person_id == "emi"
    assert yes.is_main
    assert not no.is_main


def test_both_say_by_one_click_whether_it_helps() -> None:
    for relation, who in ((CARRIER, "emi"), (COMPANION, "yui")):
        message = tell(CHECKED, Reason.COMPANION_CHECK, relation, to=who)

        assert [spoken(one.url) for one in message.buttons] == [
            (who, ISSUE_ID, "helps"),
            (who, ISSUE_ID, "helps_not"),
            (who, ISSUE_ID, "end"),
        ]


def test_a_companions_page_shows_what_is_open() -> None:
    message = tell(assigned(), Reason.COMPANION_BEGUN, COMPANION, to="yui")

    (button,) = message.buttons

    assert spoken(button.url) == ("yui", ISSUE_ID, "")


def spoken(url: str) -> tuple[str, str, str]:
    """Whose link it is, about which companionship, and which word it leads to."""
    parts = urlsplit(url)
    link: Link = LINKS.read(Purpose.COMPANION, parts.path.rpartition("/c/")[2], MONDAY)
    (word,) = parse_qs(parts.query).get("say", [""])
    return link.person_id, link.about, word


def test_the_heads_of_silent_teams_read_which_answers_are_missing() -> None:
    message = tell(escalated(Concern.ALARM, "mio"), Reason.COMPANION_CONCERN, Relation.LEAD)

    assert "Answers are missing from: Product." in message.lines


def test_a_copy_names_the_issue_and_leads_to_its_page() -> None:
    message = tell(COPY, Reason.COMPANION_COPY, COMPANION, to="yui")

    (button,) = message.buttons

    assert message.subject.startswith("[7K3M-9QWX]")
    assert "/s/" in button.url
    assert message.answered is None


# --- who hears


def told(event: Event, companion_id: str | None = None) -> dict[str, tuple[Relation, Reason]]:
    notices = audience(event, ORGANISATION, companion_id)
    return {one.person_id: (one.relation, one.reason) for one in notices}


def test_who_hears_of_each_step() -> None:
    assert told(offered(coordinator_id="aki")) == {
        "emi": (CARRIER, Reason.COMPANION_OFFERED),
        "aki": (COORDINATOR, Reason.COMPANION_WANTED),
    }
    assert told(offered(again=True)) == {"emi": (CARRIER, Reason.COMPANION_OFFERED)}
    assert told(ASKED) == {"yui": (COMPANION, Reason.COMPANION_ASKED)}
    assert told(assigned(coordinator_id="aki")) == {
        "emi": (CARRIER, Reason.COMPANION_BEGUN),
        "yui": (COMPANION, Reason.COMPANION_BEGUN),
        "aki": (COORDINATOR, Reason.COMPANION_WANTED),
    }
    assert told(CHECKED) == {
        "emi": (CARRIER, Reason.COMPANION_CHECK),
        "yui": (COMPANION, Reason.COMPANION_CHECK),
    }
    assert told(released(ReleasedBecause.SUPPORTED)) == {
        "emi": (CARRIER, Reason.COMPANION_OVER),
        "yui": (COMPANION, Reason.COMPANION_OVER),
    }


def test_those_who_lead_hear_each_as_what_they_are() -> None:
    assert told(escalated(Concern.ALARM, "mio", "kai")) == {
        "mio": (Relation.LEAD, Reason.COMPANION_CONCERN),
        "kai": (Relation.LEADER, Reason.COMPANION_CONCERN),
    }
    assert told(escalated(Concern.UNANSWERED, "kai")) == {
        "kai": (COORDINATOR, Reason.COMPANION_CONCERN)
    }


def test_who_ended_it_need_not_be_told() -> None:
    assert set(told(released(ReleasedBecause.ENDED, said_by_id="emi"))) == {"yui"}
    assert set(told(released(ReleasedBecause.ENDED, said_by_id="yui"))) == {"emi"}


def test_a_carrier_who_wants_none_hears_nothing_more_and_whoever_sees_to_it_hears_that() -> None:
    declined = released(
        ReleasedBecause.DECLINED,
        began=False,
        companion_id=None,
        said_by_id="emi",
        coordinator_id="aki",
    )

    assert told(declined) == {"aki": (COORDINATOR, Reason.COMPANION_WANTED)}


def test_who_was_only_asked_hears_that_they_need_not_answer() -> None:
    assert told(released(ReleasedBecause.REPLACED, began=False)) == {
        "yui": (COMPANION, Reason.COMPANION_OVER)
    }


def test_nobody_who_has_left_is_told() -> None:
    left = released(ReleasedBecause.LEFT, companion_id="gone")

    assert set(told(left)) == {"emi"}


@pytest.mark.parametrize(
    "event",
    [
        *(
            IssueReminded(**said(), step=step, person_id="ren")
            for step in (Step.ACKNOWLEDGE, Step.ANSWER, Step.RESOLVE)
        ),
        IssueEscalated(**said(), step=Step.ANSWER, person_id="mio"),
        IssueEscalated(**said(), step=Step.ANSWER, person_id="kai", gives=True),
    ],
)
def test_a_companion_gets_copies_of_what_is_asked_in_vain(event: Event) -> None:
    assert told(event, "yui")["yui"] == (COMPANION, Reason.COMPANION_COPY)
    assert "yui" not in told(event)


@pytest.mark.parametrize(
    "event",
    [
        IssueReminded(**said(), step=Step.ANSWER, person_id="ren", before=True),
        IssueReminded(**said(), step=Step.CONFIRM, person_id="emi"),
        IssueReminded(**said(), step=Step.WAIT, person_id="emi"),
        IssueReminded(**said(confidential=True), step=Step.ANSWER, person_id="ren"),
        IssueEscalated(**said(confidential=True), step=Step.ANSWER, person_id="kai"),
        IssueAcknowledged(**said(), actor_id="ren"),
    ],
)
def test_a_companion_gets_no_copy_of_what_is_not_late_or_not_for_them(event: Event) -> None:
    assert not asks_in_vain(event)
    assert "yui" not in told(event, "yui")


def test_whoever_owns_it_is_reminded_as_that() -> None:
    assert told(COPY, "ren") == {"ren": (Relation.OWNER, Reason.REMINDER)}


def test_what_is_about_a_person_never_stands_in_a_list() -> None:
    reasons = {one for one in Reason if one.startswith("companion_")}

    assert reasons - timing.ALONE == {Reason.COMPANION_COPY}
    assert timing.QUESTIONS < timing.ALONE


# --- answered elsewhere


@pytest.mark.parametrize("language", ["ja", "en"])
def test_who_waits_says_by_one_click_that_they_had_their_answer(language: Language) -> None:
    event = IssueAcknowledged(**said(), actor_id="ren")
    message = tell(event, Reason.TAKEN, CARRIER, to="emi", language=language)

    assert message.answered is not None
    token = message.answered.url.rpartition("/a/")[2]
    link = LINKS.read(Purpose.ACTION, token, MONDAY)

    assert (link.person_id, link.issue_id, link.action) == ("emi", ISSUE_ID, "answered_elsewhere")
    assert message.answered.url in as_text(message)
    assert message.answered.url in as_html(message)


@pytest.mark.parametrize(
    ("to", "issue"),
    [
        ("ren", {}),
        ("x-1", {"reporter_id": "x-1"}),
        ("yui", {}),
        ("emi", {"owner_id": "emi"}),
        ("emi", {"state": State.RESOLVED}),
        ("emi", {"state": State.ACKNOWLEDGED, "waiting_for": WaitingFor.CARRIER}),
    ],
)
def test_nobody_else_is_asked_whether_they_had_an_answer(to: str, issue: dict[str, Any]) -> None:
    event = IssueAcknowledged(**said(**issue))

    assert tell(event, Reason.TAKEN, CARRIER, to=to).answered is None


# --- what is kept of it


@pytest.fixture
def connection() -> Iterator[Connection]:
    yield from opened()


def at(event: Any, now: datetime, version: int) -> Any:
    return event.model_copy(
        update={"occurred_at": now, "version": version, "event_id": f"{event.subject}/{version}"}
    )


def late(now: datetime) -> IssueReminded:
    """Of an old issue, so that nothing of it is still on its way."""
    about = about_issue(now, carrier_id="emi")
    return IssueReminded(**about, step=Step.ANSWER, person_id="ren")


def copied(connection: Connection, now: datetime) -> bool:
    hear(connection, late(now), now=now)
    query = select(store.deliveries.c.person_id).where(
        store.deliveries.c.reason == Reason.COMPANION_COPY, store.deliveries.c.made_at == now
    )
    return [row.person_id for row in connection.execute(query)] == ["yui"]


def test_copies_go_from_the_beginning_to_the_end(connection: Connection) -> None:
    hear(connection, at(ASKED, MONDAY, 2), now=MONDAY)
    assert not copied(connection, MONDAY)
    hear(connection, at(assigned(), MONDAY, 3), now=MONDAY)
    assert copied(connection, MONDAY + HOUR)
    hear(connection, at(escalated(Concern.ALARM, "mio"), MONDAY, 3), now=MONDAY)
    assert copied(connection, MONDAY + 2 * HOUR)
    hear(connection, at(CHECKED, MONDAY, 4), now=MONDAY)
    assert copied(connection, MONDAY + 3 * HOUR)
    hear(connection, at(released(ReleasedBecause.ENDED), MONDAY, 5), now=MONDAY)
    assert not copied(connection, MONDAY + 4 * HOUR)


def test_what_is_heard_too_late_changes_nothing(connection: Connection) -> None:
    other = "0f1e1c8a-7d2b-5c3e-9a4f-0b1c2d3e4f50"
    hear(connection, at(released(ReleasedBecause.ENDED), MONDAY + HOUR, 5), now=MONDAY + HOUR)
    hear(connection, at(assigned(), MONDAY, 3), now=MONDAY + HOUR)
    older = at(assigned(), MONDAY, 9).model_copy(update={"companionship_id": other})
    hear(connection, older, now=MONDAY + HOUR)

    assert not copied(connection, MONDAY + 2 * HOUR)


def test_what_waits_for_the_morning_goes_by_itself(connection: Connection) -> None:
    night, morning = MONDAY + 13 * HOUR, MONDAY + 24 * HOUR + timing.GATHER
    hear(connection, at(offered(), night, 1), now=night)
    hear(connection, answered(night), now=night)

    parcels = take(connection, morning)

    reasons = [[one.delivery.reason for one in parcel.ready] for parcel in parcels]
    assert sorted(reasons) == [[Reason.ANSWER], [Reason.COMPANION_OFFERED]]


def test_a_question_that_is_answered_by_then_is_not_asked(connection: Connection) -> None:
    night, morning = MONDAY + 13 * HOUR, MONDAY + 24 * HOUR + timing.GATHER
    hear(connection, at(offered(), night, 1), now=night)
    ready = [one for parcel in take(connection, morning) for one in parcel.ready]

    assert store.answered(connection, ready) == frozenset()
    hear(connection, at(ASKED, night, 3), now=night)
    assert store.answered(connection, ready) == {one.delivery.delivery_id for one in ready}


def test_a_summary_says_alongside_whom_its_reader_runs(connection: Connection) -> None:
    hear(connection, at(assigned(), MONDAY, 3), now=MONDAY)

    assert open_ledger(connection, MONDAY).accompanied_by("yui") == ["emi"]
    assert open_ledger(connection, MONDAY).accompanied_by("emi") == []
    made = DigestMade(
        occurred_at=MONDAY,
        person_id="yui",
        since=MONDAY,
        until=MONDAY,
        daily=True,
        accompanies=("emi",),
    )
    message = tell(made, Reason.DIGEST, Relation.THEMSELVES, to="yui")
    assert "You run alongside Emi. A few minutes of talk today do good." in message.lines


def test_a_chat_leads_there_too() -> None:
    event = IssueAcknowledged(**said(), actor_id="ren")
    message = tell(event, Reason.TAKEN, CARRIER, to="emi")

    assert message.answered is not None
    assert (message.answered.words, message.answered.url) in places(message)
    assert message.answered.url in as_plain(message)
