"""Commands by mail: a whole line acts, a sentence does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.command import Command, command
from services.intake.mail.parse import read_mail
from services.intake.mail.reply import new_text
from shared.contracts.issue import Action, DeclineReason, WaitingFor
from shared.contracts.organisation import Cause, Team, Text
from tests.unit.build import MONDAY, at, organisation, person

MAILS = Path(__file__).parents[3] / "mails" / "command"
ACKNOWLEDGE, DECLINE = Action.ACKNOWLEDGE, Action.DECLINE
RESOLVE, REOPEN = Action.RESOLVE, Action.REOPEN
COMPANY = organisation(
    people=(
        *organisation().people,
        person("ito", "shipping", name={"ja": "伊藤 翔", "en": "Sho Ito"}),
        person("brown", "sales", name={"ja": "エミリー・ブラウン", "en": "Emily Brown"}),
        person("sato-k", name={"ja": "佐藤 健", "en": "Ken Sato"}),
        person("sato-m", name={"ja": "佐藤 恵", "en": "Megumi Sato"}),
    ),
    teams=(
        *organisation().teams,
        Team(id="manuals", name=Text(ja="説明書", en="User manuals"), lead="mio"),
    ),
    causes=(
        Cause(id="fault", name=Text(ja="製品の不具合", en="A fault of the product")),
        Cause(id="manual", name=Text(ja="説明書がわかりにくかった", en="The manual")),
        Cause(id="error", name=Text(ja="エラー", en="An error")),
    ),
)


def said(line: str) -> Command | None:
    return command(line, COMPANY, MONDAY, COMPANY.calendar_of("ren"))


@pytest.mark.parametrize(
    ("action", "lines"),
    [
        (
            ACKNOWLEDGE,
            (
                "了解|了解です|了解しました。|了解いたしました！|承知しました|承知いたしました。|承りました"
                "|引き受けます|かしこまりました|対応します|はい、了解です|本件、承知しました"
                "|ack|ACK.|Acknowledged|OK, I take it|ok, I’ll take it|I will take this|taking it"
                "|I'm on it|ＡＣＫ|**ack**|了解しました。よろしくお願いいたします。|ack, thanks"
            ),
        ),
        (
            DECLINE,
            (
                "却下|却下します|辞退|辞退いたします|担当外|担当外です|対象外です。|私の担当ではありません"
                "|decline|Declined.|not mine|This is not my area|decline it, sorry"
            ),
        ),
        (
            RESOLVE,
            (
                "解決|解決しました|解決済み|解決済みです。|完了|完了しました|対応しました|直りました"
                "|done|Done!|solved|resolved|fixed|it is solved now|問題は解決しました"
                "|解決しました、ありがとうございました。|solved, thank you very much"
            ),
        ),
        (
            REOPEN,
            (
                "未解決|未解決です|再開|再開してください|解決していません|まだ直っていません"
                "|not solved|Not solved yet.|It's not fixed|reopen|please reopen it|still broken"
            ),
        ),
    ],
)
def test_a_whole_line_is_a_command_however_politely_it_is_said(action: Action, lines: str) -> None:
    for line in lines.split("|"):
        found = said(line)

        assert found is not None, line
        assert (found.action, found.understood, found.line) == (action, True, line)


@pytest.mark.parametrize(
    "line",
    [
        "解決策を検討しています",
        "了解を得ました",
        "了解ですが、担当は誰ですか",
        "了解です？",
        "了解しました。ただ、来週になります。",
        "完了予定は金曜です",
        "完了しましたら連絡します",
        "解決しましたか",
        "却下の理由を教えてください",
        "対応しますが時間がかかります",
        "Done with the analysis, but the part is missing",
        "done?",
        "Decline in sales is worrying",
        "Solved the puzzle",
        "Resolved issues are listed below",
        "Ack the alarm first",
        "Mine is broken",
        "reopen the valve slowly",
        "Fixed price is 300",
        "Thank you",
        "お世話になっております。",
        "ack " + "x" * 300,
        "",
        " \n ",
    ],
)
def test_a_sentence_is_no_command(line: str) -> None:
    assert said(line) is None


@pytest.mark.parametrize(
    ("line", "reason", "proposed"),
    [
        ("担当外です", DeclineReason.NOT_MY_AREA, None),
        ("decline: not my area, shipping", DeclineReason.NOT_MY_AREA, "shipping"),
        ("decline: not my area, to Emily Brown", DeclineReason.NOT_MY_AREA, "brown"),
        ("Decline - no time, ITO@example.com", DeclineReason.NO_TIME, "ito"),
        ("decline (no skill) -> user manuals", DeclineReason.LACKS_SKILL, "manuals"),
        ("declined: I'm away, please ask Sho Ito", DeclineReason.AWAY, "ito"),
        ("not mine, shipping please", DeclineReason.NOT_MY_AREA, "shipping"),
        ("却下 担当外 → 説明書", DeclineReason.NOT_MY_AREA, "manuals"),
        ("却下：担当外、説明書チームへ", DeclineReason.NOT_MY_AREA, "manuals"),
        ("却下 時間なし 伊藤さんへ", DeclineReason.NO_TIME, "ito"),
        ("却下 時間がないため、伊藤さんにお願いします。", DeclineReason.NO_TIME, "ito"),
        ("却下 理由：不在 提案：伊藤 翔さん", DeclineReason.AWAY, "ito"),
        ("辞退します。知識が足りないので、佐藤 健さんへ", DeclineReason.LACKS_SKILL, "sato-k"),
        ("却下：Ｓｈｉｐｐｉｎｇ", None, "shipping"),
        ("却下、ブラウンさん", None, "brown"),
    ],
)
def test_a_decline_may_say_why_and_who_else(
    line: str, reason: DeclineReason | None, proposed: str | None
) -> None:
    found = said(line)

    assert found is not None
    assert (found.action, found.reason, found.proposed) == (DECLINE, reason, proposed)
    assert found.understood


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("done: fault", "fault"),
        ("done (manual)", "manual"),
        ("Resolved: a fault of the product.", "fault"),
        ("solved, cause: an error", "error"),
        ("solved", None),
        ("解決：製品の不具合", "fault"),
        ("解決 原因：説明書がわかりにくかった", "manual"),
        ("解決しました。原因はエラーです。", "error"),
    ],
)
def test_a_solution_may_name_its_cause(line: str, cause: str | None) -> None:
    found = said(line)

    assert found is not None
    assert (found.action, found.cause, found.understood) == (RESOLVE, cause, True)


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("decline: not my area, the moon", DECLINE),
        ("却下 担当外 → 物流部", DECLINE),
        ("却下 田中さんへ", DECLINE),
        ("却下：佐藤さんへ", DECLINE),
        ("却下：伊藤さん、佐藤 健さん", DECLINE),
        ("decline because of the weather", DECLINE),
        ("却下 天気が悪いので", DECLINE),
        ("done: gremlins", RESOLVE),
        ("ack: but who pays?", ACKNOWLEDGE),
    ],
)
def test_what_is_meant_as_a_command_but_not_understood_is_told_apart(
    line: str, action: Action
) -> None:
    found = said(line)

    assert found is not None
    assert (found.action, found.understood) == (action, False)


@pytest.mark.parametrize(
    ("line", "until", "words"),
    [
        ("保留 3日 部品待ち", "2026-06-04 09:00", "部品待ち"),
        ("保留3日", "2026-06-04 09:00", ""),
        ("保留：３営業日、部品待ち", "2026-06-04 09:00", "部品待ち"),
        ("保留 2週間 部品待ち", "2026-06-15 09:00", "部品待ち"),
        ("保留 10/15まで 部品待ち", "2026-10-15 09:00", "部品待ち"),
        ("保留 2026年10月15日まで", "2026-10-15 09:00", ""),
        ("保留 1月5日 正月明け", "2027-01-05 09:00", "正月明け"),
        ("保留 明日 電話します", "2026-06-02 09:00", "電話します"),
        ("保留 来週 部品待ち", "2026-06-08 09:00", "部品待ち"),
        ("保留 月曜日まで 部品待ち", "2026-06-08 09:00", "部品待ち"),
        ("保留 土曜日まで 部品待ち", "2026-06-08 09:00", "部品待ち"),
        ("snooze 3d the part is on its way", "2026-06-04 09:00", "the part is on its way"),
        ("Snooze until 2026-10-15: The part comes", "2026-10-15 09:00", "The part comes"),
        ("please snooze it for 1 week", "2026-06-08 09:00", ""),
        ("snooze 2 working days - holiday", "2026-06-03 09:00", "holiday"),
        ("snooze until 15 October 2026", "2026-10-15 09:00", ""),
        ("snooze until oct 15, the part comes", "2026-10-15 09:00", "the part comes"),
        ("snooze tomorrow", "2026-06-02 09:00", ""),
    ],
)
def test_an_owner_puts_it_off_until_a_morning_of_theirs(line: str, until: str, words: str) -> None:
    found = said(line)

    assert found is not None
    assert (found.action, found.understood) == (Action.SNOOZE, True)
    assert (found.until, found.words) == (at(until), words)


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("10/15までに", "2026-10-15 18:00"),
        ("10月15日までに解決いたします。", "2026-10-15 18:00"),
        ("明日までに直します", "2026-06-02 18:00"),
        ("by 2026-10-15", "2026-10-15 18:00"),
        ("Fixed by Friday", "2026-06-05 18:00"),
        ("I promise it by 20 June", "2026-06-20 23:59"),
    ],
)
def test_an_owner_promises_an_evening_of_theirs(line: str, until: str) -> None:
    found = said(line)

    assert found is not None
    assert (found.action, found.understood, found.until) == (Action.PROMISE, True, at(until))


@pytest.mark.parametrize(
    ("line", "waiting_for", "words"),
    [
        ("お客様待ち", WaitingFor.CUSTOMER, ""),
        ("お客様の返事待ちです：シリアル番号は？", WaitingFor.CUSTOMER, "シリアル番号は?"),
        ("ご返事待ちです", WaitingFor.CARRIER, ""),
        ("waiting for customer", WaitingFor.CUSTOMER, ""),
        ("Waiting for your answer: which number?", WaitingFor.CARRIER, "which number?"),
    ],
)
def test_an_owner_waits_for_an_answer(line: str, waiting_for: WaitingFor, words: str) -> None:
    found = said(line)

    assert found is not None
    assert (found.action, found.waiting_for, found.words) == (Action.WAIT, waiting_for, words)


@pytest.mark.parametrize(
    ("line", "helper", "words"),
    [
        ("応援 伊藤さん", "ito", ""),
        ("応援：伊藤 翔さん 図面を見てください", "ito", "図面を見てください"),
        ("応援をお願いします：伊藤さんにも", "ito", ""),
        ("伊藤さんに応援をお願いします", "ito", ""),
        ("Ask Emily Brown for help, please", "brown", ""),
        ("ask: brown", "brown", ""),
        ("help from Sho Ito", "ito", ""),
    ],
)
def test_an_owner_asks_a_colleague_for_help(line: str, helper: str, words: str) -> None:
    found = said(line)

    assert found is not None
    assert (found.action, found.proposed, found.words) == (Action.ASK, helper, words)


@pytest.mark.parametrize(
    "line", ["引き取ります", "私が引き取ります。", "take", "I'll take it over"]
)
def test_somebody_takes_it_over(line: str) -> None:
    found = said(line)

    assert found is not None
    assert found.action is Action.TAKE


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("保留", Action.SNOOZE),
        ("snooze", Action.SNOOZE),
        ("保留 部品がまだ届きません", Action.SNOOZE),
        ("保留 2/30 部品待ち", Action.SNOOZE),
        ("保留 2026/1/1 部品待ち", Action.SNOOZE),
        ("保留 3日ほど", Action.SNOOZE),
        ("by 2020-01-01", Action.PROMISE),
        ("応援 田中さん", Action.ASK),
        ("応援：山", Action.ASK),
        ("help: nobody", Action.ASK),
    ],
)
def test_a_time_or_a_helper_that_is_not_understood_is_told_apart(line: str, action: Action) -> None:
    found = said(line)

    assert found is not None
    assert (found.action, found.understood) == (action, False)


@pytest.mark.parametrize(
    "line",
    [
        "保留します",
        "保留中です",
        "保留3日でよいですか",
        "保留 3日でお願いできますか",
        "snoozed the alarm",
        "Snooze it, if you like",
        "返事待ちです",
        "waiting for the truck",
        "お客様待ち時間が長いです",
        "10/15までにお送りください",
        "10/15までに届きます",
        "2/30までに",
        "by Friday we need it",
        "by the way",
        "応援ありがとうございます",
        "応援 ありがとうございます",
        "ask him for help",
        "Ask Sho Ito",
        "ask Sho Ito about it",
        "Help is on its way",
        "Take the blue one",
        "take over the world",
    ],
)
def test_a_sentence_with_a_time_or_a_name_is_no_command(line: str) -> None:
    assert said(line) is None


def test_words_beneath_the_command_are_kept() -> None:
    found = said("\n了解しました。\n\n金曜日までに確認します。\n佐藤\n")

    assert found is not None
    assert found.rest == "金曜日までに確認します。\n佐藤"


def test_who_reopens_may_say_why_on_the_same_line() -> None:
    found = said("未解決：まだエラーが出ます\n写真を送ります")

    assert found is not None
    assert (found.action, found.understood) == (REOPEN, True)
    assert found.rest == "まだエラーが出ます\n写真を送ります"


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("ack-ja", ACKNOWLEDGE),
        ("ack-ja-polite", ACKNOWLEDGE),
        ("ack-en", ACKNOWLEDGE),
        ("ack-full-width", ACKNOWLEDGE),
        ("decline-ja", DECLINE),
        ("decline-ja-person", DECLINE),
        ("decline-en", DECLINE),
        ("decline-unknown", DECLINE),
        ("resolve-ja", RESOLVE),
        ("resolve-en", RESOLVE),
        ("reopen-ja", REOPEN),
        ("no-command-sentence-ja", None),
        ("no-command-but-ja", None),
        ("no-command-sentence-en", None),
    ],
)
def test_stored_replies_do_what_they_say(name: str, action: Action | None) -> None:
    mail = read_mail((MAILS / f"{name}.eml").read_bytes())

    found = said(new_text(mail.text, subject=mail.subject))

    assert (found and found.action) == action


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(("了解", "却下", "解決", "done", "decline", "not", "solved", "ack", "出荷"))
        | st.sampled_from((":", "→", " ", "、", "。", "(", "さんへ", "fault", "shipping", "\n"))
        | st.text(max_size=6),
        max_size=10,
    ).map("".join)
)
def test_any_words_are_read_and_a_command_keeps_what_stands_beneath(text: str) -> None:
    found = said(text)

    lines = [line.strip() for line in text.strip().split("\n")]
    assert found is None or found.line == lines[0]
    assert found is None or found.rest.endswith("\n".join(text.strip().split("\n")[1:]).strip())
