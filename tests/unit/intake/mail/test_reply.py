"""The new words of a reply: none is lost, and what was quoted goes where that is certain."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.reply import REPLY_ABOVE, new_text

WORDS = "金曜日に届きます。\n\nよろしくお願いいたします。"
HEADERS = (
    "差出人: Banso <banso@example.com>\n送信日時: 2025年11月25日 9:00\n件名: ご担当\n\n古い本文"
)


@pytest.mark.parametrize(
    "history",
    [
        HEADERS,
        f"-----Original Message-----\n{HEADERS}",
        f"________________________________\n{HEADERS}",
        f"----- 元のメッセージ -----\n{HEADERS}",
        f"---\n{HEADERS}",
        "送信元： 佐藤 <a@example.com>\n日時： 25/11/25 9:00\n宛先： b\n件名： x\n\n古い本文",
        "‐‐‐‐‐ Original Message ‐‐‐‐‐\nOn 25 Nov 2025, Ken wrote:\n> old\n> words",
        "-----Original Appointment-----\nFrom: A\nSent: Monday\n\nold words",
        "-----Original Message-----\nold words",
        "From: a@example.com\nSent: Monday\nTo: b@example.com\nSubject: x\n\nold words",
        "*From:* a@example.com\n*Date:* Monday\n*To:* b@example.com\n\nold words",
        "Von: A\nGesendet: Montag\nAn: B\nBetreff: x\n\nalt",
        "De : A\nEnvoyé : lundi\nÀ : B\nObjet : x\n\nvieux",
        "发件人: A\n发送时间: 2025年11月25日\n收件人: B\n主题: x\n\n旧",
        "보낸 사람: A\n보낸 날짜: 2025년\n받는 사람: B\n제목: x\n\n옛",
        "From: a@example.com\n\nSent: Monday\n\nTo: b@example.com\n\nSubject: x\n\nold words",
        "From: a@example.com\nSent: Monday\nTo: b@example.com;\n c@example.com\n\nold words",
        "2025年11月25日(火) 9:00 佐藤 健 <sato@example.com>:\n\n> 古い本文",
        "2025年11月25日(火) 9:00 佐藤 健 <sato@example.com>:\n\n古い本文",
        "2025年11月25日(火) 9:00 長い名前の相談窓口 <\nsato@example.com>:\n\n> 古い本文",
        "2025/11/25 9:00、佐藤 健 <sato@example.com>のメール:\n\n古い本文",
        "> 2025/11/25 9:00、佐藤 健 <sato@example.com>のメール:\n> \n> 古い本文",
        "On Tue, Nov 25, 2025 at 9:00 AM Ken Sato <sato@example.com> wrote:\n\n> old\n> words",
        "On Tue, Nov 25, 2025 at 9:00 AM Ken\nSato\n<sato@example.com>\nwrote:\n\n> old",
        "On 25 Nov 2025, at 09:00, Ken Sato <sato@example.com> wrote:\n\nold words",
        "On Tue, 25 Nov 2025 09:00:11 +0900\nKen Sato <sato@example.com> wrote:\n\n> old",
        "At Tue, 25 Nov 2025 09:00:11 +0900,\nKen Sato wrote:\n> \n> old",
        "In message <1@example.com>\n   on 25 Nov 2025, Ken Sato writes:\n> old\n> words",
        "---- On Tue, 25 Nov 2025 09:00:11 +0900 Ken <sato@example.com> wrote ----\n\nold",
        "佐藤さんは書きました:\n> 古い\n> 本文",
        "Am 25.11.2025 um 09:00 schrieb Ken Sato <sato@example.com>:\n> alt",
        "Le mar. 25 nov. 2025 à 09:00, Ken <sato@example.com> a écrit :\n\n> vieux",
        "El mar, 25 nov 2025 a las 9:00, Ken (<sato@example.com>) escribió:\n> viejo",
        "Ken <sato@example.com> 于2025年11月25日周二 08:00写道：\n> 旧",
        "2025년 11월 25일 (화) 오전 9:00, Ken <sato@example.com>님이 작성:\n> 옛",
        "> > two\n> levels",
        f"{REPLY_ABOVE[0]}\n\n古い本文",
        f"  {REPLY_ABOVE[1]}\n\nold words",
        f"佐藤さんは書きました:\n\n{REPLY_ABOVE[0]}\n\n古い本文",
    ],
)
def test_history_beneath_goes(history: str) -> None:
    assert new_text(f"{WORDS}\n\n{history}") == WORDS


@pytest.mark.parametrize(
    "signature",
    [
        "-- \n佐藤 健\nみなと計器株式会社",
        "--\n佐藤 健\nみなと計器株式会社",
        "iPhoneから送信",
        "Galaxyから送信",
        "Yahoo!メール for iPhoneから送信",
        "スマートフォンから送信",
        "Sent from my iPhone",
        "Sent from my Verizon Wireless BlackBerry",
        "Sent from Mail for Windows",
        "Sent from Outlook for iOS<https://aka.ms/o0ukef>",
        "Get Outlook for Android<https://aka.ms/AAb9ysg>",
        "Outlook for iOS<https://aka.ms/o0ukef>を入手する",
        "Von meinem iPhone gesendet",
        "Sent with Proton Mail secure email.",
        "┏━━━━━━━┓\n みなと計器株式会社\n 佐藤 健\n┗━━━━━━━┛",
        "Envoyé de mon iPhone",
        "━━━━━━━━\nみなと計器株式会社\n佐藤 健\nTEL 03-0000-0000\n━━━━━━━━",
        "＊＊＊＊＊＊＊＊\n佐藤 健\nE-mail: sato@example.net",
        "☆*:;;;:*☆*:;;;:*☆\n佐藤 健\nhttps://example.net/\n☆*:;;;:*☆*:;;;:*☆",
        "==========\n株式会社みなと\n〒105-0000 東京都港区\n----------\n携帯 090-0000-0000",
        "________________\nThis e-mail is confidential and intended solely for the addressee.",
        "-----------\n本メールには機密情報が含まれている場合があります。\n誤って受信された方は削除願います。",
        "Disclaimer\n\nThe information contained in this mail is confidential.",
        "____________\nusers mailing list\nusers@lists.example.org",
        "-- \n佐藤 健\n\nSent from my iPhone",
        "Virus-free.www.avast.com",
    ],
)
def test_a_signature_goes_and_polite_words_stay(signature: str) -> None:
    assert new_text(f"{WORDS}\n\n{signature}\n") == WORDS
    assert new_text(f"{WORDS}\n\n{signature}\n\n{HEADERS}") == WORDS


@pytest.mark.parametrize(
    "text",
    [
        "The customer wrote:\n\nIt is dead.\n\nWhat shall I tell them?",
        "On Monday at 9:30 the customer wrote:\n\nIt is dead.\n\nWhat shall I tell them?",
        "On 25 Nov 2025 at 9:30 the customer wrote:\n\nIt is dead.",
        "2025年11月25日(火) 9:00 打ち合わせの内容:\n\n部品が足りません。",
        f"{'9' * 500} wrote:\n> old\n> words",
        "-- On the other hand, a.b --\nwords",
        "11月25日 9:00にお客様から連絡がありました:\n電源が入らないそうです。",
        "From: Tokyo\nTo: Osaka\nDate: Monday\n\nTwo boxes are missing.",
        "件名: 在庫の件\n内容: 足りません",
        "上限は\n> 5 V\nです。",
        "I see this:\n> Error 12\n> at start\n> of the pump",
        "＞佐藤さん\n確認をお願いします。",
        "写真はメールで送信しました。",
        "Sent by mail on Monday.",
        "Sent from the customer's phone yesterday",
        "Sent from my desk, is much easier than my mobile phone.",
        "お客様の連絡先です。\n\n-----\n山本商店\nTEL 03-0000-0000\n-----",
        "届け先は変わりました。\n\n*****\n山本商店 御中\nTEL 03-0000-0000",
        "First.\n-----\nPlease send us two more.",
        "A\n--\nB is broken. Please help.",
        "- press the button\nThis message appears: E12",
        "-- \nKen\n\nP.S. The serial number is 12.",
        "＊＊＊ 重要 ＊＊＊\n至急お願いします。",
        "Fine.\n\n-----\nThis message appears: confirm E12?",
    ],
)
def test_what_only_looks_like_history_or_a_signature_stays(text: str) -> None:
    assert new_text(text) == text


def test_an_answer_beneath_the_quote_loses_the_quote() -> None:
    quote = "On 2025/11/25 9:00, Ken Sato wrote:\n> old\n> words"

    assert new_text(f"{quote}\n\n{WORDS}\n\n-- \nEmi") == WORDS


def test_answers_between_quotes_keep_what_they_answer() -> None:
    text = "On 2025/11/25 9:00, Ken wrote:\n> When?\n\nOn Friday.\n\n> Who?\nI."

    assert new_text(f"{text}\n\n> Regards\n> Ken\n\n-- \nEmi") == text


def test_words_above_and_beneath_a_quote_both_stay() -> None:
    head = "2025年11月25日(火) 9:00 佐藤 <sato@example.com>:"
    text = f"佐藤様\n\n{head}\n> いつですか\n> 急ぎです\n\n金曜です。"

    assert new_text(text) == text


@pytest.mark.parametrize(
    "said",
    [
        "下記に赤字で回答します。",
        "インラインで失礼します。",
        "My answers are below.",
        "See inline.",
    ],
)
def test_who_says_that_answers_stand_in_the_old_mail_is_believed(said: str) -> None:
    text = f"{said}\n\n{HEADERS}\n→ 金曜日です"

    assert new_text(text) == text


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "-------- 転送されたメッセージ --------",
        "----- 転送メッセージ -----",
        "-------- Weitergeleitete Nachricht --------",
    ],
)
def test_what_is_passed_on_stays_whole(mark: str) -> None:
    text = f"お客様からです。\n\n{mark}\n{HEADERS}\n\n-- \n山本"

    assert new_text(text) == text


@pytest.mark.parametrize("subject", ["Fwd: 電源", "FW: 電源", "転送: 電源", "[外部] Fw: 電源"])
def test_a_subject_that_passes_on_keeps_everything(subject: str) -> None:
    text = f"お客様からです。\n\n{HEADERS}"

    assert new_text(text, subject=subject) == text
    assert new_text(text, subject=f"Re: {subject}") == "お客様からです。"


@pytest.mark.parametrize("head", ["", "________________________________\n", "--------------\n\n"])
def test_outlooks_headers_in_a_mail_that_answers_none_pass_something_on(head: str) -> None:
    text = f"お客様からです。\n\n{head}{HEADERS}"

    assert new_text(text, is_answer=False) == text
    assert new_text(text) == "お客様からです。"


def test_what_can_only_be_history_goes_even_from_a_mail_that_answers_none() -> None:
    text = f"{WORDS}\n\n-----Original Message-----\n{HEADERS}"

    assert new_text(text, is_answer=False) == WORDS


@pytest.mark.parametrize(
    "text",
    [
        "> old\n> words",
        HEADERS,
        "iPhoneから送信",
        "-- \nKen",
        f"iPhoneから送信\n\n{HEADERS}",
        f"On 2025/11/25 9:00, Ken wrote:\n> {REPLY_ABOVE[1]}\n> old",
    ],
)
def test_where_nothing_would_be_left_everything_is(text: str) -> None:
    assert new_text(text) == text


def test_a_mail_without_words_has_none() -> None:
    assert new_text(" \n\n") == ""


TRICKY = (
    "",
    " ",
    "words",
    "金曜です。",
    "> quoted",
    ">",
    ">> twice",
    "＞佐藤さん",
    "-- ",
    "--",
    "-----",
    "━━━━━━",
    "TEL 03-0000-0000",
    "株式会社みなと",
    "iPhoneから送信",
    "Sent from my iPhone",
    "Disclaimer",
    "This e-mail is confidential.",
    "From: a@example.com",
    "Sent: Monday",
    "To: b@example.com",
    "件名: x",
    "差出人: 佐藤",
    "送信日時: 2025年",
    "-----Original Message-----",
    "Begin forwarded message:",
    "On 2025/11/25 9:00, Ken wrote:",
    "On Tue, 25 Nov 2025 09:00:11 +0900",
    "Ken <sato@example.com> wrote:",
    "2025年11月25日(火) 9:00 佐藤 <sato@example.com>:",
    "wrote:",
    "X wrote:",
    "see inline",
    "P.S. more",
    "as follows:",
    REPLY_ABOVE[0],
    f"> {REPLY_ABOVE[1]}",
)


def is_within(new: str, text: str) -> bool:
    """Each line of `new` comes from `text`, in order."""
    remaining = iter(line.strip() for line in text.replace("\r\n", "\n").split("\n"))
    return all(line.strip() in remaining for line in new.split("\n"))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(TRICKY) | st.text(max_size=12), max_size=14).map("\n".join))
def test_no_word_is_made_up_none_lost_to_nothing_and_twice_is_once(text: str) -> None:
    text = text.replace("\r", "")

    new = new_text(text)

    assert is_within(new, text)
    assert bool(new) == bool(text.strip())
    assert new_text(new) == new


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["words", "金曜です。", "-- ", "as follows:", "wrote:", ""]), max_size=8
    )
)
def test_words_beneath_a_quote_are_never_lost(above: list[str]) -> None:
    text = "\n".join([*above, "> quoted", "> twice", "the answer beneath", "> quoted again"])

    assert "the answer beneath" in new_text(text)


@pytest.mark.parametrize(
    "line",
    [
        "お世話になっております。\n",
        "\n",
        "> quoted\n",
        "From: a\n",
        "-- \n",
        "a b: c\n",
        "x" * 999 + "\n",
    ],
)
def test_a_megabyte_is_read_in_time_that_grows_with_it_only(line: str) -> None:
    small, large = line * (100_000 // len(line)), line * (1_000_000 // len(line))
    started = perf_counter()
    new_text(small)
    once = perf_counter() - started

    started = perf_counter()
    new_text(large)

    assert perf_counter() - started < 40 * once + 1
