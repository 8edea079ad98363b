"""Somebody is left alone with what they carry: asked, accompanied, and thanked; by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import lxml.html
import pytest

from services.intake.api.tokens import TOKENS, Scope, TokenFile
from shared.contracts.metrics import Evidence, Level, Move, PersonIsolated, PersonSupported
from tests.installation import Installation, page_text, running, shown_form
from tests.postbox import Letter

WHY = (
    Evidence(move=Move.WAITING, team_id="production", count=4, of=6, weight=2.3),
    Evidence(move=Move.DECLINED, team_id="production", count=2, weight=1.1),
)


class Story:
    """`brown` is left alone by production, as metrics says."""

    def __init__(self, banso: Installation) -> None:
        self.banso = banso
        self._said = 0

    def isolated(self, level: Level = Level.ASK, **more: Any) -> None:
        usual: dict[str, Any] = {
            "person_id": "brown",
            "level": level,
            "score": 0.37,
            "since": self.banso.now,
            "why": WHY,
            "silent_team_ids": ("production",),
        }
        self._say(PersonIsolated(occurred_at=self.banso.now, **(usual | more)))

    def supported(self, *, lasting: bool = False) -> None:
        said = {"person_id": "brown", "score": 0.1, "lasting": lasting}
        self._say(PersonSupported(occurred_at=self.banso.now, **said))

    def _say(self, event: PersonIsolated | PersonSupported) -> None:
        """As metrics would, which has another story of its own."""
        self._said += 1
        name = f"00000000-0000-4000-8000-{self._said:012d}"
        self.banso.say(event.subject, event.to_message(name, f"story/{self._said}"))
        self.banso.settle()

    def press(self, letter: Letter, button: str) -> str:
        """Opens a link of a mail and presses what it leads to; what the page says then."""
        return self.press_page(self.banso.browser.get(letter.link(button)))

    def press_page(self, page: httpx.Response, word: str | None = None) -> str:
        """Presses the button of a word, or the first one."""
        assert page.status_code == 200, page_text(page.text)
        form = shown_form(page)
        words = [str(one.get("value")) for one in form.xpath(".//button[@name='word']")]
        data = {**dict(form.fields), "word": word or words[0]}
        answer = self.banso.browser.post(str(page.url).partition("?")[0], data=data)
        self.banso.settle()
        return page_text(answer.text)

    @property
    def stage(self) -> tuple[str, str | None]:
        query = "select stage, companion_id from companionship order by began_at desc"
        stage, companion_id = self.banso.ask("router", query)[0]
        return str(stage), companion_id

    def begun(self) -> Letter:
        """`mori` runs alongside; what `brown` was told."""
        self.isolated()
        asked = self.banso.expect("brown", "Would you like somebody to run alongside you?")
        self.banso.expect("kato", "エミリー・ブラウンさんに伴走が必要かもしれません")
        self.press(asked, "Yes, please")
        self.press(self.banso.expect("mori", "伴走していただけませんか"), "はい、引き受けます")
        begun = self.banso.expect("brown", "runs alongside you")
        self.banso.expect("mori", "今日からエミリー・ブラウンさんに伴走します")
        self.banso.expect("kato", "森 美咲さんがエミリー・ブラウンさんに伴走します")
        return begun


@pytest.fixture
def story(banso: Installation) -> Story:
    return Story(banso)


@pytest.fixture
def story_with_issues(tmp_path: Path) -> Iterator[Story]:
    """Whose mails about issues are another story's matter."""
    with running(tmp_path, expecting=False) as banso:
        yield Story(banso)


def test_from_the_question_to_the_thanks(story: Story) -> None:
    banso = story.banso
    story.isolated()
    asked = banso.expect("brown", "Would you like somebody to run alongside you?")
    told = banso.expect("kato", "エミリー・ブラウンさんに伴走が必要かもしれません")

    assert "4 of 6 questions to Production unanswered for longer than usual" in asked.text
    assert "問い合わせ" not in told.text
    page = banso.browser.get(asked.link("Yes, please"))
    assert "4 of 6 questions to Production" in page_text(page.text)
    assert story.stage == ("offered", None)
    assert "We ask a colleague now" in story.press_page(page)
    assert story.stage == ("searching", "mori")

    candidate = banso.expect("mori", "伴走していただけませんか")
    assert "1日に30分" in candidate.text
    assert "You both get a message now" in story.press(candidate, "はい、引き受けます")
    begun = banso.expect("brown", "Misaki Mori runs alongside you")
    guide = banso.expect("mori", "今日からエミリー・ブラウンさんに伴走します")
    banso.expect("kato", "森 美咲さんがエミリー・ブラウンさんに伴走します")
    assert "In a week we ask you both whether it helps." in begun.text
    assert "1. 今日のうちに" in guide.text

    banso.advance("7d")
    helps = banso.expect("brown", "Does it help?")
    banso.expect("mori", "役に立っていますか")
    assert "It goes on like this." in story.press(helps, "It helps")
    assert story.stage == ("running", "mori")

    story.supported(lasting=True)
    thanks = banso.expect("mori", "エミリー・ブラウンさんへの伴走、ありがとうございました")
    banso.expect("brown", "You get your answers again")
    banso.expect("kato", "エミリー・ブラウンさんに、いま伴走は要りません")
    assert "2週間" in thanks.text
    assert story.stage[0] == "over"


def test_where_nobody_agrees_the_leader_runs_alongside(story: Story) -> None:
    banso = story.banso
    story.isolated()
    asked = banso.expect("brown", "Would you like somebody to run alongside you?")
    banso.expect("kato", "伴走が必要かもしれません")
    story.press(asked, "Yes, please")

    said = story.press(banso.expect("mori", "伴走していただけませんか"), "今回は見送ります")
    assert "nobody keeps count" in said
    second = banso.expect("garcia", "Would you run alongside Emily Brown?")
    banso.advance("1d")

    leader = banso.expect("hayashi", "今日からエミリー・ブラウンさんに伴走します")
    begun = banso.expect("brown", "Keiko Hayashi runs alongside you")
    banso.expect("kato", "林 恵子さんがエミリー・ブラウンさんに伴走します")
    assert "1営業日のうちにほかに引き受けられる人がいませんでした" in leader.text
    assert "If a colleague can later, they take over." in begun.text

    late = banso.browser.get(second.link("Yes, I will"))
    assert "Keiko Hayashi does it meanwhile" in page_text(late.text)
    story.press_page(late)
    banso.expect("hayashi", "エミリー・ブラウンさんへの伴走、ありがとうございました")
    banso.expect("garcia", "You run alongside Emily Brown from now on")
    banso.expect("brown", "Somebody else runs alongside you soon")
    banso.expect("brown", "Maria Garcia runs alongside you")
    banso.expect("kato", "マリア・ガルシアさんがエミリー・ブラウンさんに伴走します")
    assert story.stage == ("running", "garcia")


def test_a_carrier_who_wants_none_is_left_in_peace_until_it_is_much_worse(story: Story) -> None:
    banso = story.banso
    story.isolated()
    asked = banso.expect("brown", "Would you like somebody to run alongside you?")
    banso.expect("kato", "伴走が必要かもしれません")

    assert "Nobody asks you again for two weeks" in story.press(asked, "No, thank you")
    banso.expect("kato", "エミリー・ブラウンさんに、いま伴走は要りません")
    again = banso.browser.get(asked.link("Yes, please"))
    assert "Nobody runs alongside you now" in page_text(again.text)
    assert not lxml.html.fromstring(again.text).xpath("//button[@name='word']")
    banso.advance("7d")
    story.isolated()
    assert story.stage[0] == "over"

    story.isolated(Level.ALARM, score=0.84)
    banso.expect("brown", "Would you like somebody to run alongside you?")
    banso.expect("kato", "伴走が必要かもしれません")
    told = banso.expect("okada", "エミリー・ブラウンさんに、ほとんど返事が届いていません")
    assert "返事が足りないチーム：生産" in told.text


def test_a_carrier_who_does_not_answer_is_asked_once_more_and_then_somebody_talks_to_them(
    story: Story,
) -> None:
    banso = story.banso
    story.isolated()
    banso.expect("brown", "Would you like somebody to run alongside you?")
    banso.expect("kato", "伴走が必要かもしれません")

    banso.advance("1d")
    second = banso.expect("brown", "Would you like somebody to run alongside you?")
    assert "We ask just this once more." in second.text
    banso.advance("1d")
    banso.expect("kato", "エミリー・ブラウンさんと話してみてください")
    banso.advance("7d")

    assert story.stage == ("offered", None)


def test_where_it_does_not_help_somebody_else_comes_and_the_leader_hears(story: Story) -> None:
    banso = story.banso
    begun = story.begun()
    page = banso.browser.get(begun.link("How it goes on"))

    assert "the leader hears of it" in story.press_page(page, "helps_not")
    told = banso.expect("hayashi", "エミリー・ブラウンさんには、伴走だけでは足りませんでした")
    banso.expect("mori", "ありがとうございました")
    banso.expect("brown", "Somebody else runs alongside you soon")
    next_one = banso.expect("garcia", "Would you run alongside Emily Brown?")
    assert "返事が足りないチーム：生産" in told.text
    story.press(next_one, "Yes, I will")
    banso.expect("garcia", "You run alongside Emily Brown from now on")
    banso.expect("brown", "Maria Garcia runs alongside you")
    banso.expect("kato", "伴走します")

    story.isolated(score=0.6, in_spite_of_companion=True)
    banso.expect("hayashi", "エミリー・ブラウンさんに、まだ返事が届いていません")


def test_a_companion_sees_what_is_open_and_gets_copies_of_what_is_asked_in_vain(
    story_with_issues: Story,
) -> None:
    story, banso = story_with_issues, story_with_issues.banso
    story.begun()
    guide = next(one for one in banso.postbox.letters if "進行中の件を見る" in one.text)
    missing = banso.raise_issue(category="no-stock", summary="Forty meters are missing")
    banso.raise_issue(category="no-stock", summary="Only for us", confidential=True)
    banso.advance("3h")

    copies = [one for one in banso.inbox() if one["reason"] == "companion_copy"]
    told = "select count(distinct issue_id) from delivery where reason = ?"

    assert {one["person_id"] for one in copies} == {"mori"}
    assert {one["reference"] for one in copies} == {missing}
    assert banso.ask("notifier", told, "reminder") == [(2,)]
    assert banso.ask("notifier", told, "companion_copy") == [(1,)]
    page = banso.browser.get(guide.link("進行中の件を見る"), params={"lang": "en"})
    assert "Forty meters are missing" in page_text(page.text)
    assert "Only for us" not in page_text(page.text)
    link = lxml.html.fromstring(page.text).xpath("//a[.='Forty meters are missing']/@href")[0]
    assert "Forty meters are missing" in page_text(banso.browser.get(link).text)


def test_whoever_was_answered_elsewhere_says_so_from_their_own_page_and_from_every_message(
    story_with_issues: Story,
) -> None:
    story, banso = story_with_issues, story_with_issues.banso
    reference = banso.raise_issue()
    received = banso.expect("brown", "We have received it")
    story.isolated()
    asked = banso.expect("brown", "Would you like somebody to run alongside you?")

    own = banso.browser.get(asked.link("See what it is made of"))
    text = page_text(own.text)
    assert "Answers come clearly more slowly to you than to others" in text
    assert "The figure: 37 of 100." in text
    assert "declined 2 times" in text
    link = lxml.html.fromstring(own.text).xpath("//a[.='I got my answer another way']/@href")[0]
    banso.submit(banso.browser.get(link), proposed="ito", text="He called me back.")
    banso.settle()

    query = "select actor_id from history where subject = 'issue.responded.v1'"
    assert banso.ask("intake", query) == [("ito",)]
    by_mail = banso.browser.get(received.link("I got my answer another way"))
    assert "By telephone, in the corridor" in page_text(by_mail.text)
    assert banso.issue(reference)["state"] == "assigned"


def test_a_machine_that_presses_every_button_says_nothing(story: Story) -> None:
    banso = story.banso
    story.isolated()
    asked = banso.expect("brown", "Would you like somebody to run alongside you?")
    banso.expect("kato", "伴走が必要かもしれません")
    page = banso.browser.get(asked.link("Yes, please"))

    for form in lxml.html.fromstring(page.text).forms:
        for button in form.xpath(".//button"):
            pressed = {button.get("name"): button.get("value")} if button.get("name") else {}
            url = str(page.url).partition("?")[0]
            answer = banso.browser.post(url, data={**dict(form.fields), **pressed})
    banso.settle()
    assert "nothing was done" in page_text(answer.text)
    assert story.stage == ("offered", None)
    assert banso.stored("companion.said.v1") == 0

    banso.advance_only("1m")
    assert "We ask a colleague now" in story.press(asked, "Yes, please")
    banso.expect("mori", "伴走していただけませんか")


def test_the_same_click_twice_is_one_word(story: Story) -> None:
    banso = story.banso
    story.isolated()
    asked = banso.expect("brown", "Would you like somebody to run alongside you?")
    banso.expect("kato", "伴走が必要かもしれません")
    page = banso.browser.get(asked.link("Yes, please"))

    story.press_page(page)
    story.press_page(page)

    banso.expect("mori", "伴走していただけませんか")
    assert story.stage == ("searching", "mori")


def test_a_link_that_was_changed_or_is_of_long_ago_does_nothing(story: Story) -> None:
    banso = story.banso
    story.isolated()
    asked = banso.expect("brown", "Would you like somebody to run alongside you?")
    banso.expect("kato", "伴走が必要かもしれません")
    url = asked.link("Yes, please")

    changed = banso.browser.get(url.replace("/c/brown", "/c/sato"))
    assert changed.status_code == 404
    banso.run("clock", "--data", str(banso.data), "advance", "61d")
    old = banso.browser.get(url)
    assert old.status_code == 404
    assert "This link has expired" in page_text(old.text)


def test_programs_see_and_say_only_what_is_their_persons(story: Story) -> None:
    banso = story.banso
    tokens = TokenFile(Path(banso.data) / TOKENS)
    scopes = [Scope.READ, Scope.ACT]
    own = {
        who: {"Authorization": f"Bearer {tokens.add(who, scopes, person=who)[1]}"}
        for who in ("brown", "mori", "kimura")
    }
    story.isolated()
    banso.expect("brown", "Would you like somebody to run alongside you?")
    banso.expect("kato", "伴走が必要かもしれません")

    figure = banso.api.get("/figure", headers=own["brown"]).json()
    assert (figure["level"], figure["score"]) == ("ask", 0.37)
    assert figure["why"][0]["words"] == (
        "4 of 6 questions to Production unanswered for longer than usual"
    )
    assert banso.api.get("/figure", headers=own["kimura"]).json()["level"] is None
    assert banso.api.get("/figure").status_code == 403
    (found,) = banso.api.get("/companionships", headers=own["brown"]).json()["companionships"]
    assert (found["part"], found["may_say"]) == ("is_offered", ["yes", "no"])
    assert banso.api.get("/companionships", headers=own["kimura"]).json() == {"companionships": []}

    words = f"/companionships/{found['id']}/words"
    assert banso.api.post(words, json={"word": "helps"}, headers=own["brown"]).status_code == 409
    assert banso.api.post(words, json={"word": "yes"}, headers=own["kimura"]).status_code == 404
    for _twice in range(2):
        said = banso.api.post(words, json={"word": "yes"}, headers=own["brown"])
        assert said.status_code in (200, 409)
    banso.settle()
    banso.expect("mori", "伴走していただけませんか")
    (asked,) = banso.api.get("/companionships", headers=own["mori"]).json()["companionships"]
    assert (asked["part"], asked["carrier"]) == ("is_asked", "brown")
    assert banso.stored("companion.said.v1") == 1


def test_somebody_who_is_really_ignored_is_asked_and_once_answered_thanked(
    story_with_issues: Story,
) -> None:
    """Nobody says anything to four issues for two days; metrics finds out by itself."""
    story, banso = story_with_issues, story_with_issues.banso
    references = [
        banso.raise_issue(category="no-stock", summary=f"Order {nth} has no meters")
        for nth in range(4)
    ]
    asked = until_asked(banso)

    assert "questions to Production unanswered for longer than usual" in asked.text
    own = page_text(banso.browser.get(asked.link("See what it is made of")).text)
    assert "your issues come before others of the same urgency" in own
    story.press(asked, "Yes, please")
    story.press(banso.expect("mori", "伴走していただけませんか"), "はい、引き受けます")
    assert story.stage == ("running", "mori")

    for reference in references:
        owner = banso.issue(reference)["owner"]["id"]
        act(banso, reference, owner, action="answer", text="The meters leave today.")
        act(banso, reference, owner, action="resolve", cause="production", text="They left.")
        act(banso, reference, "brown", action="confirm")
    for _week in range(3):
        banso.advance("7d")

    banso.expect("brown", "You get your answers again")
    banso.expect("mori", "エミリー・ブラウンさんへの伴走、ありがとうございました")
    assert story.stage[0] == "over"


def until_asked(banso: Installation) -> Letter:
    """What the carrier is told once they have been left alone for long enough."""
    for _half_day in range(6):
        banso.advance("12h")
        letter = banso.postbox.find("brown@example.com", "Would you like", within_s=1)
        if letter is not None:
            return letter
    raise AssertionError("nobody was asked within three days")


def act(banso: Installation, reference: str, person_id: str, **said: str) -> None:
    """By the API, in somebody's name."""
    body = {"person": person_id, **said}
    answer = banso.api.post(f"/issues/{reference}/actions", json=body)
    assert answer.status_code == 200, answer.text
    banso.settle()
