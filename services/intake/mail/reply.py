"""The new words of a reply, apart from the quoted history and the signature.

Errors leave too much, never lose any: what is not surely history or a signature stays, words
between or beneath quotes stay together with the quotes that they answer, a forwarded mail stays
whole, and where nothing would be left everything is. The time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from services.intake.mail.parse import ReadMail
from shared.replies import REPLY_ABOVE

_MOST_LINES_OF_ATTRIBUTION = 4
_LONGEST_ATTRIBUTION = 400
_MOST_LINES_OF_HEADERS = 24
_MOST_BLANK_LINES = 6
_MOST_LINES_OF_SIGNATURE = 24
_MOST_LINES_OF_CARD = 14
_LONGEST_SIGNATURE = 3_000

_QUOTE_MARKS = ">＞"
_COLONS = (":", "：")


class _Kind(Enum):
    WORDS = auto()
    QUOTE = auto()
    """Quoted lines, with whoever said them when."""
    HISTORY = auto()
    """The mail that was answered, unquoted, down to the end."""
    FORWARD = auto()
    """A mail that was passed on."""


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: _Kind
    start: int
    end: int


def new_words(mail: ReadMail) -> str:
    """What the sender of a mail has written now."""
    is_answer = bool(mail.references) or _ANSWERS.match(mail.subject) is not None
    return new_text(mail.text, subject=mail.subject, is_answer=is_answer)


def new_text(text: str, *, subject: str = "", is_answer: bool = True) -> str:
    """What the sender has written now. Doing it again changes nothing.

    A mail whose subject says that it passes another one on is taken whole. Outlook passes on and
    answers with the same headers, so a mail that answers none is taken whole where it has those.
    """
    whole = text.strip()
    lines = whole.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if _FORWARDED_SUBJECT.match(subject.strip()):
        return whole
    kept = _new_lines(lines, is_answer)
    return "\n".join(kept).strip() or whole


def _new_lines(lines: list[str], is_answer: bool) -> Sequence[str]:
    pieces = list[_Piece]()
    for piece in _pieces(lines):
        if piece.kind is _Kind.FORWARD:
            return ()
        if piece.kind is _Kind.HISTORY:
            if not is_answer and _has_only_headers(lines, piece.start):
                return ()
            words = [line for one in _words(pieces) for line in lines[one.start : one.end]]
            if _ANSWERS_BELOW.search("\n".join(words)):
                return ()
            break
        pieces.append(piece)
    while pieces:
        last = pieces.pop()
        if last.kind is _Kind.QUOTE:
            continue
        end = _without_signature(lines, last.start, last.end)
        if end > last.start:
            above = [*_words(pieces)]
            start = pieces[0].start if above else last.start
            return lines[start:end]
    return ()


def _words(pieces: list[_Piece]) -> Iterator[_Piece]:
    return (piece for piece in pieces if piece.kind is _Kind.WORDS)


# -- what the lines are ----------------------------------------------------------------------------


def _pieces(lines: list[str]) -> Iterator[_Piece]:
    """The lines as words and quotes in turn, up to and with the first history or forward."""
    start = at = 0
    has_quotes = False
    while at < len(lines):
        found = _beginning(lines, at, start, has_quotes)
        if found is None or found.kind is _Kind.WORDS:
            at = found.end if found else at + 1
            continue
        if any(lines[n].strip() for n in range(start, found.start)):
            yield _Piece(_Kind.WORDS, start, found.start)
        yield found
        has_quotes = True
        start = at = found.end
    if any(lines[n].strip() for n in range(start, len(lines))):
        yield _Piece(_Kind.WORDS, start, len(lines))


def _beginning(lines: list[str], at: int, after: int, has_quotes: bool) -> _Piece | None:
    """The quote, history or forward that begins with this line, if one does; or words that only
    look like a quote."""
    line = lines[at].strip()
    if not _MAY_BEGIN.match(line):
        return None
    if line[0] in _QUOTE_MARKS:
        return _bare_quote(lines, at, after, has_quotes)
    if any(marker in line for marker in REPLY_ABOVE.values()):
        return _Piece(_Kind.HISTORY, at, len(lines))
    if _FORWARDED.match(line):
        return _Piece(_Kind.FORWARD, at, len(lines))
    end, is_certain = _head(lines, at, line)
    if end is None:
        return None
    start = _above(lines, at, after)
    quoted = _next_line(lines, end)
    if quoted is not None and lines[quoted].strip()[0] in _QUOTE_MARKS:
        return _Piece(_Kind.QUOTE, start, _end_of_quote(lines, quoted))
    if quoted is not None and any(marker in lines[quoted] for marker in REPLY_ABOVE.values()):
        return _Piece(_Kind.HISTORY, start, len(lines))
    return _Piece(_Kind.HISTORY, start, len(lines)) if is_certain else None


def _bare_quote(lines: list[str], at: int, after: int, has_quotes: bool) -> _Piece:
    """Lines that are marked as a quote, though nobody is said to have written them.

    They are words where they may be anything (`> 5 V`, `＞佐藤さん`), as the first single line, and
    where they were announced by a colon.
    """
    end = _end_of_quote(lines, at)
    first = lines[at].strip().lstrip(f"{_QUOTE_MARKS} ")
    single = not has_quotes and sum(1 for n in range(at, end) if lines[n].strip()) == 1
    above = next((lines[n].strip() for n in range(at - 1, after - 1, -1) if lines[n].strip()), "")
    is_announced = above.endswith(_COLONS) and not _said_by(first)[0]
    return _Piece(_Kind.WORDS if single or is_announced else _Kind.QUOTE, at, end)


def _end_of_quote(lines: list[str], at: int) -> int:
    """Behind the last of the quoted lines; blank ones between them belong to it."""
    end = at
    for n in range(at, len(lines)):
        line = lines[n].strip()
        if line and line[0] not in _QUOTE_MARKS:
            break
        if line:
            end = n + 1
    return end


def _next_line(lines: list[str], at: int) -> int | None:
    """The first line from here on that isn't blank, if it is near."""
    for n in range(at, min(at + _MOST_BLANK_LINES, len(lines))):
        if lines[n].strip():
            return n
    return None


def _above(lines: list[str], at: int, after: int) -> int:
    """Where history begins whose headers begin here: with the ruled line above them, if any."""
    for n in range(at - 1, max(after, at - 4) - 1, -1):
        line = lines[n].strip()
        if line:
            return n if _RULE.fullmatch(line) else at
    return at


# -- who said it when ------------------------------------------------------------------------------


def _head(lines: list[str], at: int, line: str) -> tuple[int | None, bool]:
    """Behind the lines that say who wrote what follows, and whether they can be nothing else."""
    if _ORIGINAL.match(line):
        below = _next_line(lines, at + 1)
        end = None if below is None else _headers(lines, below, is_announced=True)
        return end or at + 1, True
    end = _headers(lines, at, is_announced=False)
    if end is not None:
        return end, True
    return _attribution(lines, at, line)


def _label(line: str) -> str | None:
    """What kind of header a line is, such as `from`."""
    if not (":" in line[:34] or "：" in line[:34]):
        return None
    found = _LABEL.match(line)
    return _LABELS.get(" ".join(found[1].lower().split())) if found else None


def _headers(lines: list[str], at: int, *, is_announced: bool) -> int | None:
    """Behind a block of headers as Outlook puts them above the mail that is answered."""
    found = dict[str, str]()
    end = at
    was_blank = False
    for n in range(at, min(at + _MOST_LINES_OF_HEADERS, len(lines))):
        line = lines[n].strip()
        kind = _label(line) if line else None
        if kind is not None and (kind not in found or kind == "other"):
            found[kind] = line
        elif line and found and not was_blank and _goes_on(lines[n]):
            found["other"] = line
        elif line or was_blank or not found:
            break
        was_blank = not line
        end = n + 1 if line else end
    if "from" not in found:
        return None
    if is_announced:
        return end
    is_whole = "date" in found and ("to" in found or "subject" in found)
    is_mail = "subject" in found or any("@" in line for line in found.values())
    return end if is_whole and is_mail else None


def _has_only_headers(lines: list[str], at: int) -> bool:
    """History that begins with headers and no words about them, but for a ruled line."""
    first = at + 1 if _RULE.fullmatch(lines[at].strip()) else at
    below = _next_line(lines, first)
    return below is not None and _headers(lines, below, is_announced=False) is not None


def _goes_on(line: str) -> bool:
    """A header that was too long for one line."""
    return line[:1].isspace() or "@" in line or line.rstrip().endswith((";", ">"))


def _attribution(lines: list[str], at: int, line: str) -> tuple[int | None, bool]:
    """Behind "On Tuesday X wrote:", on one line or on several, and whether it is certain."""
    if line.endswith((*_COLONS, "-")):
        is_said, is_certain = _said_by(line)
        if is_said:
            return at + 1, is_certain
    if not _STARTS.match(line) or not any(char.isdigit() for char in line):
        return None, False
    said = line
    is_folded = _IN_MESSAGE.match(line) is not None
    for n in range(at + 1, min(at + _MOST_LINES_OF_ATTRIBUTION, len(lines))):
        more = lines[n].strip()
        is_another = not is_folded and _STARTS.match(more) and _DAY.search(more)
        is_quote = more[:1] in _QUOTE_MARKS and not _END_OF_ADDRESS.match(more)
        if not more or is_quote or is_another:
            break
        said = f"{said} {more}"
        if more.endswith(_COLONS):
            is_said, is_certain = _said_by(said)
            return (n + 1, is_certain) if is_said else (None, False)
    return None, False


def _said_by(line: str) -> tuple[bool, bool]:
    """Whether a line may say who wrote what follows, and whether it can be nothing else."""
    if len(line) > _LONGEST_ATTRIBUTION:
        return False, False  # nobody's mail program writes that much
    if line.startswith("--") and _DASHED.match(line):
        return True, True
    if not line.endswith(_COLONS):
        return False, False
    has_verb = _WROTE.search(line) is not None
    has_address = "@" in line and _ADDRESS.search(line) is not None
    if not has_verb and not has_address:
        return _IN_MESSAGE.match(line) is not None, False
    has_day = _DAY.search(line) is not None
    has_time = _TIME.search(line) is not None
    may_be = has_verb or has_day or _IN_MESSAGE.match(line) is not None
    starts = _STARTS.match(line) is not None
    if has_verb:
        named = _NAMED.search(line) is not None
        is_plain = named or not _NARRATIVE.search(line)
        is_certain = has_day and is_plain and (has_address or (starts and has_time))
    else:
        is_certain = starts and has_time and has_day and _ENDS_WITH_ADDRESS.search(line) is not None
    return may_be, is_certain


# -- signatures ------------------------------------------------------------------------------------


def _without_signature(lines: list[str], start: int, end: int) -> int:
    """Where words end that may be followed by a signature, a notice or a phone's own line."""
    while True:
        while end > start and not lines[end - 1].strip():
            end -= 1
        if end == start:
            return end
        last = lines[end - 1].strip()
        if len(last) < _LONGEST_ATTRIBUTION and _SENT_FROM.fullmatch(last):
            end -= 1
            continue
        cut = _signature(lines, start, end)
        if cut is None:
            return end
        end = cut


def _signature(lines: list[str], start: int, end: int) -> int | None:
    """Where the signature begins that ends these lines, if they end with one."""
    for at in range(max(start, end - _MOST_LINES_OF_SIGNATURE - 1), end):
        line = lines[at]
        if not _MAY_DELIMIT.match(line):
            continue
        below = [one.strip() for one in lines[at + 1 : end] if one.strip()]
        ruled = line.strip()
        if line.startswith("-- ") and ruled == "--":
            is_one = _is_signature(below)
        elif ruled in ("--", "—", "—-", "––"):
            is_one = _is_signature(below) and not any(_SENTENCE.search(one) for one in below)
        elif _RULE.fullmatch(ruled):
            is_card = _is_card(below) and not _is_announced(lines, start, at)
            is_one = is_card or _is_notice(below)
        else:
            is_one = _HEADING.match(ruled) is not None and _is_notice([ruled, *below])
        if is_one:
            return at
    return None


def _is_signature(below: list[str]) -> bool:
    """Short, and without a word in it that somebody should read."""
    is_short = len(below) <= _MOST_LINES_OF_SIGNATURE and sum(map(len, below)) <= _LONGEST_SIGNATURE
    return is_short and not any(
        line[0] in _QUOTE_MARKS or _POSTSCRIPT.match(line) for line in below
    )


def _is_notice(below: list[str]) -> bool:
    """What lawyers and mailing lists put beneath each mail."""
    if not below:
        return False
    is_lawyers = _NOTICE.match(below[0]) and _CONFIDENTIAL.search(" ".join(below)[:5_000])
    return bool(is_lawyers or _LIST_NOTICE.match(below[0])) and _is_signature(below)


def _is_card(below: list[str]) -> bool:
    """Name, company, telephone: and neither a sentence nor a customer's own."""
    said = [line for line in below if not _RULE.fullmatch(line)]
    return (
        0 < len(said) <= _MOST_LINES_OF_CARD
        and any(_CONTACT.search(line) for line in said)
        and not any(_SENTENCE.search(line) or _SOMEBODY_ELSES.search(line) for line in said)
        and _is_signature(below)
    )


def _is_announced(lines: list[str], start: int, at: int) -> bool:
    """The words above say that what follows is meant."""
    above = next((lines[n].strip() for n in range(at - 1, start - 1, -1) if lines[n].strip()), "")
    return above.endswith(_COLONS) or _ANNOUNCES.search(above) is not None


# -- the words by which mail programs and people are known -----------------------------------------

_MAY_BEGIN = re.compile(r"[>＞]|(?=...)(?:[^\w\s]|[_ー]|[^:：]{0,400}[:：]|.{0,400}[\d#])")
"""Looked at first, because most lines are just words."""

_ANSWERS = re.compile(
    r"\s*(?:re|aw|sv|antw|rv|ref|返信|回复|答复)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]", re.IGNORECASE
)
_FORWARDED_SUBJECT = re.compile(
    r"(?:\[[^\]]{0,40}\]\s*)?(?:fwd?|転送|wg|tr|rv|enc|i)\s*[:：]", re.IGNORECASE
)

_RULE = re.compile(
    r"[-_=*]{3}"
    r"|[-=_*＊━─―ー＝┏┓┗┛┌┐└┘╔╗╚╝═…☆★◆◇■□●○▲△▼▽◎~～〜+＋#＃/／.・:：;；｡。*ﾟ゜'’`´^＾〇♪♦♢✿❀"
    r"＿‐–—|｜<>＜＞ 　彡]{4,200}"
)
"""A line of ornament."""

_MAY_DELIMIT = re.compile(
    r"\s{0,4}(?:[^\w\s]|[_ー―〇]|disclaimer|confidential|legal|免責)", re.IGNORECASE
)

_LABEL = re.compile(r"[\s*_]{0,4}([^\W\d_][^:：*]{0,28}?)[\s*]{0,4}[:：]")

_KINDS = {
    "from": (
        "from", "差出人", "送信元", "送信者", "発信者",
        "von", "de", "da", "van", "fra", "från", "od", "от",
        "发件人", "寄件者", "寄件人", "보낸 사람", "보낸사람", "발신", "lähettäjä", "kimden",
    ),
    "date": (
        "date", "sent", "送信日時", "送信済み", "送信時刻", "日時", "日付", "送信日", "受信日時",
        "gesendet", "datum",
        "envoyé", "date d'envoi", "enviado", "enviado el", "enviada em", "fecha", "data", "inviato",
        "verzonden", "sendt", "dato", "skickat", "wysłano", "отправлено", "дата", "发送时间",
        "发送日期", "日期", "寄件日期", "傳送時間", "보낸 날짜", "날짜", "보낸날짜", "lähetetty",
    ),
    "to": (
        "to", "宛先", "宛て先", "受信者", "an", "à", "para", "a", "aan", "til", "till", "do",
        "кому", "收件人", "收件者", "받는 사람", "받는사람", "수신", "vastaanottaja",
    ),
    "subject": (
        "subject", "件名", "題名", "標題", "表題", "betreff", "objet", "asunto", "assunto",
        "oggetto", "onderwerp", "emne", "ämne", "temat", "тема", "主题", "主題", "主旨", "제목",
        "aihe", "konu",
    ),
    "other": (
        "cc", "bcc", "copie à", "kopie", "kopi", "kopia", "ｃｃ", "抄送", "副本", "참조", "копия",
        "reply-to", "返信先", "importance", "重要度", "priority", "優先度", "attachments",
        "attachment", "添付ファイル", "添付", "anlagen", "organization", "message-id",
    ),
}  # fmt: skip
_LABELS = {label: kind for kind, labels in _KINDS.items() for label in labels}

_ORIGINAL_WORDS = (
    "original (?:message|email|mail|appointment)|originalnachricht|original-nachricht"
    "|ursprüngliche nachricht"
    "|urspr\\. nachricht|message d['’]origine|message original|mensaje original|mensagem original"
    "|messaggio originale|messaggio originario|oorspronkelijk bericht|oprindelig meddelelse"
    "|opprinnelig melding|ursprungligt meddelande|wiadomość oryginalna|исходное сообщение"
    "|reply message|元のメッセージ|元のメール|オリジナルメッセージ|オリジナル メッセージ"
    "|元メッセージ"
    "|元メール|原始邮件|原始郵件|邮件原件|원본 메시지|원본 이메일|원본 메일"
)
_FORWARD_WORDS = (
    "forwarded (?:message|email|mail|by)[^-]{0,80}|begin forwarded message"
    "|weitergeleitete nachricht"
    "|anfang der weitergeleiteten nachricht|message transféré|début du message transféré"
    "|mensaje reenviado|messaggio inoltrato|mensagem encaminhada|doorgestuurd bericht"
    "|videresendt meddelelse|vidarebefordrat meddelande|пересланное сообщение"
    "|転送(?:された|する)?(?:メッセージ|メール)|転送メッセージ|転送開始|转发的?邮件|轉寄的?郵件"
    "|전달된 (?:메시지|메일)"
)
_ORIGINAL = re.compile(
    rf"[-‐–—=_*＊━─―－ー<\[]{{2,60}}\s{{0,4}}(?:{_ORIGINAL_WORDS})\s{{0,4}}:?[-‐–—=_*＊━─―－ー>\]]{{1,60}}"
    r"\s{0,4}$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    rf"(?:[-‐–—=_*＊━─―－ー<\[]{{2,60}}\s{{0,4}}(?:{_FORWARD_WORDS})\s{{0,4}}:?[-‐–—=_*＊━─―－ー>\]]{{0,60}}"
    r"|(?:begin forwarded message|転送されたメッセージ|以下[、,]?転送メッセージ"
    r"|anfang der weitergeleiteten nachricht|début du message transféré"
    r"|début du message réexpédié|inicio del mensaje reenviado|开始转发的邮件|전달된 메시지)"
    r"\s{0,4}[:：])\s{0,4}$",
    re.IGNORECASE,
)

_WROTE = re.compile(
    r"(?:\b(?:wrote|writes|a\s+écrit|ha\s+scritto|escribió|escreveu|napisał(?:\(a\)|a)?|skrev"
    r"|написал(?:\(а\)|а)?|пишет|geschrieben)\s{0,3}[:：]$"
    r"|>wrote[:：]$"
    r"|\b(?:schrieb|schreef|skrev)\b"
    r"|(?:写道|寫道|님이\s?작성(?:했습니다)?|작성|さんのメール|のメール|のメッセージ|からのメール"
    r"|(?:さん|様)?[はが](?:、|,)?書きました|[にへ]書きました|書かれました|の発言)\s{0,3}[:：]$"
    r"|\b(?:wrote|writes)\s{0,2}[(（][^)）]{4,60}[)）]\s{0,2}[:：]$"
    r"|\bwrote\s(?:on|at)\s[^:：]{4,60}[\d:： apmAPM+-]{3,20}[:：]$)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"[<(\[]\s?[^\s<>@]{1,100}@[^\s<>@]{1,100}\s?[>)\]]")
_NARRATIVE = re.compile(
    r"\bI\b|\b(?:you|we|he|she|they|it|the|my|our|your|me|us|customer|client|somebody)\b"
    r"|お客様|先方|顧客|弊社|当社|私",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s<>@(\[]{1,100}@[^\s<>@)\]]{1,100}")
_ENDS_WITH_ADDRESS = re.compile(
    r"[<(\[＜]?[^\s<>@(\[＜]{1,100}@[^\s<>@)\]]{1,100}\s?[>)\]＞]{1,2}\s?[:：]$"
)
_DAY = re.compile(
    r"\d{4}\s?[年년]|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}"
    r"|\d{1,2}月\d{1,2}日"
    r"|\b\d{1,2}(?:st|nd|rd|th|\.|º)?,?\s(?:de\s)?[^\W\d_]{3,12}\.?,?(?:\sde)?\s\d{4}"
    r"|\b[^\W\d_]{3,12}[.-]\d{1,2}[-.]\d{2,4}"
    r"|\b[^\W\d_]{3,12}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{4}",
)
_TIME = re.compile(r"\d{1,2}\s?[:：.h時시]\s?\d{2}|\d{1,2}時")
_STARTS = re.compile(
    r"(?:in (?:message|article)|on|at|am|le|el|il|em|op|den|dnia|w\sdniu|a|às|om)\b\s?"
    r"|\d{1,4}[年년月월/.\-\s]"
    r"|[月火水木金土日]曜|[^\W\d_]{2,4}\.?,?\s\d{1,2}[\s.]|在\s?\d|于\s?\d",
    re.IGNORECASE,
)
_END_OF_ADDRESS = re.compile(r">(?:\s?(?:wrote|のメール))?\s?[:：]$")
"""Gmail breaks long lines before it."""
_IN_MESSAGE = re.compile(r"(?:in (?:message|article|reply to)\b|--- )", re.IGNORECASE)
_DASHED = re.compile(
    r"-{2,8}\s{0,3}(?:on\b.{6,300}\bwrote|\d{4}.{6,200}(?:wrote|書きました|のメール))"
    r"\s{0,3}-{2,8}$",
    re.IGNORECASE,
)

_ANSWERS_BELOW = re.compile(
    r"赤字|青字|朱書き|色文字|インライン|(?:本文|文|引用|行)(?:中|間)に"
    r"|(?:下記|以下)(?:の(?:本文|メール|引用))?[にへ](?:て)?[ごお]?"
    r"(?:回答|返信|返答|コメント|追記|記入)"
    r"|\b(?:answer|comment|repl[iy]|respon|note|see|written|wrote|mark)[^\n]{0,40}"
    r"\b(?:in-?\s?line|in (?:red|blue|green|bold|colou?r|purple)|interspersed|below"
    r"|between the lines)\b"
    r"|^\W{0,3}in-?line\b|\bbelow\b[^\n]{0,20}\b(?:answer|comment|repl[iy]|respon)",
    re.IGNORECASE | re.MULTILINE,
)

_DEVICE = (
    "iphone|ipad|ipod|blackberry|android|galaxy|samsung|huawei|xiaomi|xperia|pixel|aquos|arrows"
    "|windows phone|nokia|htc|oneplus|oppo|motorola|outlook|gmail|yahoo!?|proton ?mail|thunderbird"
    "|mailbird|spark|sparrow|aquamail|k-9 mail|mail for windows|ドコモ|docomo|softbank"
)
_THING = "mobile(?: phone| device)?|phone|smartphone|tablet|device|handy|cell"
_SENT_FROM = re.compile(
    rf"sent (?:from|via|with|using) (?:my |a |an |the )?(?:{_DEVICE})\b(?: (?:mobile|smartphone"
    rf"|phone"
    r"|device|tablet|app|mail|edge|plus|pro|ultra|\d{1,2}))*"
    r"(?:[ ,]+(?:on|for|using|via|with|powered by)\s[\w .!-]{1,40})?"
    r"\s?(?:<[^<>]{0,200}>|\(https?:[^()\s]{0,200}\))?\.?"
    r"|sent (?:from|with) proton ?mail (?:android|ios|mobile|secure email)\.?"
    rf"|sent from (?:my|samsung) (?:[\w&!'-]{{1,20}} ){{0,4}}(?:{_DEVICE}|{_THING})\.?"
    rf"|get (?:{_DEVICE}) for (?:ios|android|mac|windows|mobile)\s?(?:<[^<>]{{0,200}}>)?"
    r"|outlook for (?:ios|android|mac)\s?(?:<[^<>]{0,200}>)?\s?を(?:入手|取得)(?:する)?"
    r"|(?:ios|android|mac)\s?版(?:の)?\s?outlook\s?を(?:入手|取得|ダウンロード)(?:する)?"
    r"\s?(?:<[^<>]{0,200}>)?"
    rf"|送信元\s?[:：]\s?(?:{_DEVICE})"
    rf"|(?:マイ|(?:私|ドコモ|ソフトバンク|au|ワイモバイル|楽天モバイル)の\s?)?(?:{_DEVICE}|スマートフォン|スマホ|携帯電話|携帯|タブレット)"
    r"[^。はをがに]{0,20}から(?:の)?(?:送信|返信)(?:しています|されました)?"
    rf"|(?:iphone|ipad|android|xperia|galaxy)から送信しました"
    rf"|(?:windows|mac) \d{{0,2}}\s?版のメールから送信"
    rf"|(?:envoyé|enviado|enviada|inviato|verzonden|verstuurd|sendt|skickat|von)\s"
    rf"(?:[a-zé]{{2,8}}\s){{0,2}}(?:{_DEVICE}|{_THING})(?: gesendet)?"
    rf"|(?:发自|從)?我的\s?(?:{_DEVICE})(?:傳送|发送)?|나의\s?(?:{_DEVICE})에서\s?보냄"
    r"|(?:virus-?free|ウイルス\s?フリー)[.。]?\s?(?:www\.)?(?:avast|avg)\.com[^\s]{0,40}",
    re.IGNORECASE,
)
"""A phone's own last line."""

_CONTACT = re.compile(
    r"〒|\btel\b|ＴＥＬ|電話|\bfax\b|ＦＡＸ|e-?mail|Ｅ-?ｍａｉｌ|メール|携帯|\bmobile\b|\bphone\b"
    r"|内線|直通"
    r"|https?://|\bwww\.|\burl\b|[^\s@]{1,64}@[^\s@]{1,100}\.[a-z]{2,}|株式会社|有限会社|合同会社"
    r"|㈱|㈲"
    r"|[(（]株[)）]|\b(?:inc|ltd|llc|gmbh|corp|k\.k)\b|\+?\d{1,4}[-(]\d{2,4}[-)]\d{3,4}",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"[。！？!?]$|(?:です|ます|ました|ません|ください|下さい|でしょうか|ですか|ますか|だった|ない"
    r"|たい)$"
    r"|\b(?:please|is|are|was|were|does|do|did|don't|doesn't|can|can't|will|would|should|have"
    r"|has)\b",
    re.IGNORECASE,
)
_SOMEBODY_ELSES = re.compile(
    r"様|御中|お客さま|客先|顧客|先方|届け先|届先|納品先|納入先|宛先|宛名|担当者|症状|型番|品番"
    r"|製造番号|注文|数量"
    r"|エラー|内容|日時|\b(?:customer|client|order|serial|model|error|symptoms?|quantity"
    r"|address)\b",
    re.IGNORECASE,
)
_ANNOUNCES = re.compile(
    r"下記|以下|次の|こちら|左記|連絡先|住所|情報|詳細|\b(?:below|following|follows|here is"
    r"|here are|contact)\b",
    re.IGNORECASE,
)
_POSTSCRIPT = re.compile(r"p\.?\s?s\.?\b|追伸|追記|※|注[:：]", re.IGNORECASE)
_NOTICE = re.compile(
    r"\W{0,3}(?:this (?:e-?mail|message|communication)|the (?:information|contents?)\b"
    r"|confidential|disclaimer|legal notice|if you are not the intended|diese e-?mail|ce message"
    r"|(?:本|この|当)(?:電子)?(?:e-?|Ｅ)?(?:メール|メッセージ)|免責|機密)",
    re.IGNORECASE,
)
"""How a lawyer's notice begins."""
_CONFIDENTIAL = re.compile(
    r"confidential|privileged|intended (?:only|solely|for|recipient)|vertraulich|confidentiel|virus"
    r"|機密|秘密|名宛人|受取人|誤って|意図しない|ウイルス",
    re.IGNORECASE,
)
_LIST_NOTICE = re.compile(
    r"\S{1,60} mailing list$|you received this message because you are subscribed",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"(?:disclaimer|confidentiality notice|legal notice|免責事項)\W{0,3}$", re.IGNORECASE
)
