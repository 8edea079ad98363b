"""Commands by mail: the first line of a reply may do what a link does.

Only a whole line is a command. A sentence that merely begins with such a word is a sentence
(了解ですが、担当は…; "Done with the analysis, but"), and nothing happens that nobody asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.intake.mail import later
from shared.contracts.issue import Action, DeclineReason, WaitingFor
from shared.contracts.organisation import Calendar, Organisation, Person, Text

_LONGEST_LINE = 200
_MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Command:
    """What the first line asks for. Whether the sender may do it is decided elsewhere."""

    action: Action
    """`resolve` from a carrier means that they confirm."""
    reason: DeclineReason | None
    proposed: str | None
    """A person's or a team's id."""
    cause: str | None
    """A cause's id."""
    rest: str
    """The words beneath the line; of a reopening also those after its colon."""
    understood: bool
    """False where it is clearly meant as a command, but something in it isn't known to us."""
    line: str
    """As it was written."""
    until: datetime | None = None
    """The end of a snooze, or the promised date."""
    waiting_for: WaitingFor | None = None
    words: str = ""
    """What else stands in the line, such as why it is put off."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What is understood of the words after the command itself."""

    reason: DeclineReason | None = None
    proposed: str | None = None
    cause: str | None = None
    unknown: str = ""

    @property
    def is_nothing(self) -> bool:
        return self.reason is None and self.proposed is None and self.cause is None


def command(
    new_text: str, organisation: Organisation, now: datetime, calendar: Calendar
) -> Command | None:
    """The command in the first line that isn't blank, or None where there is none.

    Takes what `reply.new_text` gives. Width, case and polite endings make no difference. Days are
    the writer's own: `calendar`.
    """
    line, rest = _first_line(new_text)
    said = _plain(line)
    if not said or len(said) > _LONGEST_LINE:
        return None
    wish = later.read(line, now, calendar) or _help(line, organisation)
    if wish is not None:
        return Command(
            action=wish.action,
            reason=None,
            proposed=wish.proposed,
            cause=None,
            rest=rest,
            understood=wish.understood,
            line=line,
            until=wish.until,
            waiting_for=wish.waiting_for,
            words=wish.words,
        )
    for action, words in _COMMANDS:
        found = words.match(said)
        after = _AFTER.fullmatch(said[found.end() :]) if found else None
        if found is None or after is None:
            continue
        separator, tail = after["separator"] or "", after["tail"] or ""
        is_meant = any(sign in separator for sign in _MEANT)
        is_meant = is_meant or _ALWAYS_MEANT.match(said) is not None
        if action is Action.REOPEN and is_meant and tail:
            rest = f"{_MEANT_AT.split(line, maxsplit=1)[-1].strip()}\n{rest}".strip()
            tail = ""
        heard = _hear(tail, action, organisation)
        if heard.unknown and not is_meant and not _is_tried(heard, tail):
            continue
        if action is Action.DECLINE and heard.reason is None and found["area"]:
            heard = replace(heard, reason=DeclineReason.NOT_MY_AREA)
        return Command(
            action=action,
            reason=heard.reason,
            proposed=heard.proposed,
            cause=heard.cause,
            rest=rest,
            understood=not heard.unknown,
            line=line,
        )
    return None


def _help(line: str, organisation: Organisation) -> later.Wish | None:
    """Whom the owner asks for help. Somebody may be called so, or the line is words."""
    plain = later.evened(line)
    for words, is_meant in _HELP:
        found = words.fullmatch(plain)
        if found is None:
            continue
        named = found["who"].split()[:_MOST_WORDS]
        for length in range(len(named), 0, -1):
            called = _unwrapped(" ".join(named[:length]), _NEVER, _AFTER_HELPER)
            somebody = _somebody(called, organisation)
            if somebody in organisation.person:
                beside = " ".join(named[length:]).strip("、,。:;")
                return later.Wish(Action.ASK, proposed=somebody, words=beside)
        if is_meant or _HONORIFIC.search(named[0]):
            return later.Wish(Action.ASK, understood=False)
    return None


def _is_tried(heard: _Said, tail: str) -> bool:
    """It begins with a reason, an owner or a cause, so the rest was meant as one too."""
    begins = not heard.is_nothing and not tail.startswith(heard.unknown.split()[0])
    return begins or _NAMES_SOMEBODY.search(heard.unknown) is not None


def _first_line(text: str) -> tuple[str, str]:
    """The first line that isn't blank, and the words beneath it."""
    line, _, rest = text.strip().partition("\n")
    return line.strip(), rest.strip()


def _plain(text: str) -> str:
    """Without differences of width, case and spaces, and without what ends a sentence."""
    even = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("`", "'")
    return " ".join(even.split()).strip("*_\"'「」 ").rstrip(" 。.!、,~〜♪…")


def _hear(tail: str, action: Action, organisation: Organisation) -> _Said:
    """Reason, proposed owner and cause in the words after a command."""
    heard = _Said()
    for part in _PARTS.split(tail):
        words = part.split()[:_MOST_WORDS]
        while words:
            # the longest start that means something, because names have spaces in them
            for length in range(len(words), 0, -1):
                found = _meaning(" ".join(words[:length]), action, organisation, heard)
                if found is not None:
                    heard, words = found, words[length:]
                    break
            else:
                unknown = f"{heard.unknown} {words[0]}".strip()
                heard, words = replace(heard, unknown=unknown), words[1:]
    return heard


def _meaning(words: str, action: Action, organisation: Organisation, heard: _Said) -> _Said | None:
    """What these words add to what was heard, or None where they mean nothing by themselves."""
    if _COURTESY.fullmatch(words):
        return heard
    if action is Action.DECLINE:
        bare = _unwrapped(words, _BEFORE_REASON, _AFTER_REASON)
        for reason, pattern in _REASONS.items():
            if pattern.fullmatch(bare):
                return replace(heard, reason=heard.reason or reason)
        proposed = _somebody(_unwrapped(words, _BEFORE_OWNER, _AFTER_OWNER), organisation)
        if proposed is not None and heard.proposed in (None, proposed):
            return replace(heard, proposed=proposed)
    if action is Action.RESOLVE:
        causes = ((one.id, one.id, one.name) for one in organisation.causes)
        cause = _only(_named(causes), _unwrapped(words, _BEFORE_CAUSE, _AFTER_CAUSE))
        if cause is not None and heard.cause in (None, cause):
            return replace(heard, cause=cause)
    return None


def _unwrapped(words: str, before: re.Pattern[str], after: re.Pattern[str]) -> str:
    """The words without those that lead up to them and follow them, unless nothing is left."""
    bare = after.sub("", before.sub("", words, count=1), count=1).strip()
    return bare or words


# -- names -----------------------------------------------------------------------------------------


def _somebody(words: str, organisation: Organisation) -> str | None:
    """The id of the one person or team that is called so."""
    people, teams = organisation.people, organisation.teams
    by_whole_name: dict[str, set[str]] = defaultdict(set)
    for names in (
        _named((one.id, one.id, one.name) for one in people),
        _named((one.id, address, one.name) for one in people for address in one.emails),
        _named((one.id, one.id, one.name) for one in teams),
    ):
        for key, ids in names.items():
            by_whole_name[key] |= ids
    by_short_name: dict[str, set[str]] = defaultdict(set)
    for person in people:
        for name in _short_names(person):
            by_short_name[_key(name)].add(person.id)
    for bare in (words, _HONORIFIC.sub("", words), _DEPARTMENT.sub("", words)):
        found = _only(by_whole_name, bare) or _only(by_short_name, bare)
        if found is not None:
            return found
    return None


def _short_names(person: Person) -> Iterator[str]:
    """What colleagues call a person: 佐藤 of 佐藤 健; Brown and Emily of Emily Brown."""
    family_first = person.name.ja.split()
    if len(family_first) > 1:
        yield family_first[0]
    for names in (person.name.en.split(), person.name.ja.split("・")):
        if len(names) > 1:
            yield from (names[0], names[-1])


def _named(things: Iterable[tuple[str, str, Text]]) -> dict[str, set[str]]:
    """The ids by what something is called: its id or address, and its name in each language."""
    found: dict[str, set[str]] = defaultdict(set)
    for its_id, written, name in things:
        for one in (written, name.ja, name.en):
            found[_key(one)].add(its_id)
    return found


def _only(ids: Mapping[str, set[str]], words: str) -> str | None:
    """The one that is called so; two of a name are nobody."""
    found = ids.get(_key(words), set())
    return next(iter(found)) if len(found) == 1 else None


def _key(name: str) -> str:
    return re.sub(r"[\s・]", "", unicodedata.normalize("NFKC", name).casefold())


# -- words -----------------------------------------------------------------------------------------

_THIS = r"(?:(?:本件|この件|こちら|当件)(?:は|について(?:は)?|につきまして(?:は)?)?[、,: ]*)?"
_DID = r"(?:です|でした|しました|いたしました|致しました|した|済み?(?:です|でした)?)?"
_DO = r"(?:です|します|いたします|致します|しました|させていただきます|させて頂きます)?"

_REOPEN = (
    r"(?:まだ|問題は)?未解決(?:です|のまま(?:です)?)?"
    r"|再開(?:です|します|いたします|を?(?:お願い(?:いた|致)?します|希望(?:します|です)?)"
    r"|して(?:ください|下さい)|希望(?:です)?)?"
    r"|(?:まだ)?(?:解決|解消|復旧)(?:して|は|できて|されて)(?:い|おり)?(?:ません|ない(?:です)?)"
    r"|(?:まだ)?直って(?:い|おり)?(?:ません|ない(?:です)?)"
    r"|(?:please )?re-?open(?:ed|ing)?(?: it| this)?(?: please)?"
    r"|(?:it's |it is |this is |still )?not (?:yet )?(?:solved|resolved|fixed)(?: yet)?"
    r"|unsolved|unresolved|still (?:broken|not working)"
)
_RESOLVE = (
    rf"(?:無事に?)?(?:問題)?(?:は)?(?:解決|解消|復旧|対応完了|修正完了|完了){_DID}"
    r"|(?:対応|修正)済み?(?:です)?|(?:対応|修正)(?:いたし|致し|し)ました|直りました"
    r"|(?:it's |it is |it has been |this is |the (?:problem|issue) is |all |now )?"
    r"(?:done|solved|resolved|fixed)(?: now)?|it works now|works now"
)
_DECLINE = (
    rf"却下{_DO}|辞退{_DO}|お断り{_DO}|断ります"
    r"|(?P<area>(?:私の|うちの|当方の|当部の)?(?:担当|対象|管轄|専門|範囲)外"
    r"(?:です|になります|でございます|のため(?:却下|辞退)(?:します)?)?"
    r"|(?:私|うち|当方|当部)の担当では(?:ありません|ないです|ございません)"
    r"|(?:sorry,? )?(?:this is |it's |it is |that's )?not (?:mine|my area|our area|ours|my job)"
    r"|not for (?:me|us))"
    r"|(?:i )?(?:decline[ds]?|declining|reject(?:ed)?)(?: it| this)?"
)
_ACKNOWLEDGE = (
    r"(?:はい[、,。 ]*)?(?:了解|諒解|承知)(?:です|しました|いたしました|致しました|した"
    r"|しております)?"
    r"|承り(?:ました|ます)|かしこまりました|畏まりました"
    r"|(?:私が|当方で|こちらで|当部で)?(?:担当|対応)(?:し|いたし|致し)ます"
    r"|(?:私が|当方で|こちらで|当部で)?引き?受け(?:ます|ました|いたします)|お引き?受け(?:いた"
    r"|致)?します"
    r"|ack(?:ed|nowledged?)?|accept(?:ed)?|got it|will do|roger(?: that)?|understood"
    r"|(?:(?:ok|okay|yes),? )?(?:i(?:'ll| will)?(?: gladly)? take (?:it|this(?: one)?|care of (?:it"
    r"|this))|taking (?:it|this)|(?:i'm |i am )?on it|i(?:'ve| have) got (?:it|this)|it's mine"
    r"|mine)"
)

_TAKE = (
    r"(?:私が|当方で|こちらで|当部で)?引き?取(?:ります|りました|らせて(?:いただき|頂き)ます)"
    r"|take over|take|taking (?:it |this )?over|i(?:'ll| will)? take (?:it |this )?over"
)
_HELP = tuple(
    (re.compile(words, re.IGNORECASE), is_meant)
    for words, is_meant in (
        (
            (
                r"応援(?:を?(?:お願い(?:します|いたします)?|依頼(?:します)?|頼みます))?"
                r"[:→](?P<who>.+)"
            ),
            True,
        ),
        (
            (
                r"応援(?:を?(?:お願い(?:します|いたします)?|依頼(?:します)?|頼みます))?"
                r"[\s、](?P<who>.+)"
            ),
            False,
        ),
        (
            (
                r"(?P<who>.+)に応援を?(?:お願い(?:し|いたし|致し)ます|依頼(?:します|しました)|頼みます"
                r"|頼みました)"
            ),
            False,
        ),
        (r"(?:please )?ask (?P<who>.+?) (?:for help|to help)(?:,? please)?", False),
        (r"(?:ask for )?help ?(?::|from )(?P<who>.+)", True),
        (r"ask ?:(?P<who>.+)", True),
    )
)
"""How help is asked for, and whether the line is meant so even where nobody is called like that."""
_NEVER = re.compile(r"(?!)")
_AFTER_HELPER = re.compile(r"(?:にも?|へ|、|,|:|please)$")

_COMMANDS = (
    (Action.TAKE, re.compile(f"{_THIS}(?:{_TAKE})")),
    (Action.REOPEN, re.compile(f"{_THIS}(?:{_REOPEN})")),
    (Action.RESOLVE, re.compile(f"{_THIS}(?:{_RESOLVE})")),
    (Action.DECLINE, re.compile(f"{_THIS}(?:{_DECLINE})")),
    (Action.ACKNOWLEDGE, re.compile(f"{_THIS}(?:{_ACKNOWLEDGE})")),
)
"""What begins a command. Reopening comes first: "not solved" has "solved" in it."""

_ALWAYS_MEANT = re.compile(r"(?:却下|辞退)\s|decline (?!(?:in|of|by|since)\b)")
"""No sentence to a customer begins with these: what follows was meant as a reason."""

_AFTER = re.compile(r"(?:(?P<separator>[\s、,。.;:/!(→⇒=>-]+)(?P<tail>.*?))??[\s)。.!、,]*")
"""A command ends its line, or a sign follows."""
_MEANT = (":", "→", "⇒", ">", " - ", "(")
"""The signs after which no sentence goes on."""
_MEANT_AT = re.compile(r"[:：→⇒>＞(（]|\s[-－]\s")
_PARTS = re.compile(r"[、,。;:/→⇒()「」]|[-=]?>|\s-\s|\.\s")

_COURTESY = re.compile(
    r"(?:どうも|大変|誠に)?ありがとう(?:ございます|ございました)?|感謝(?:します|いたします)"
    r"|(?:どうぞ|何卒)?(?:よろしく|宜しく)?お?願い(?:いた|致|申し上げ)?(?:し)?ます|よろしく|宜しく"
    r"|お疲れ様(?:です|でした)?|お世話になりました|助かりました|恐れ入ります"
    r"|(?:すみません|申し訳(?:ありません|ございません)|ごめんなさい)(?:が)?"
    r"|理由|原因|提案|担当|次の担当|reason|cause|proposal|owner|next"
    r"|(?:many )?thanks?(?: you)?(?: a lot| so much| very much| again)?|thx|cheers|please|sorry"
    r"|regards"
)

_BEFORE_REASON = re.compile(
    r"^(?:理由(?:は|が)?|reason(?: is)?|because|as|since)\b\s*|^理由(?:は|が)?\s*"
)
_AFTER_REASON = re.compile(
    r"(?:の?ため|なので|ので|だから|から|による|です|でした|になります|で)+$"
)
_REASONS = {
    DeclineReason.NO_TIME: re.compile(
        r"時間(?:が|も)?(?:ない|無い|なし|無し|ありません|取れない|とれない|取れません"
        r"|とれません)?|時間不足"
        r"|手一杯|手いっぱい|多忙|忙しい|余裕(?:が|も)?(?:ない|なし|ありません)|手が(?:回らない"
        r"|回りません|空かない)"
        r"|(?:i have |i've )?no[ -]time|(?:i'm |i am |too )*busy|overload(?:ed)?|no capacity|time"
    ),
    DeclineReason.NOT_MY_AREA: re.compile(
        r"(?:私の|うちの|当方の|当部の)?(?:担当|対象|管轄|専門|範囲)外|担当では?(?:ない"
        r"|ありません)|担当違い|部署違い"
        r"|(?:it's |it is )?not[ _-](?:my|our)[ _-](?:area|job|team)|not (?:mine|ours)"
        r"|wrong (?:team|person)"
        r"|out of scope"
    ),
    DeclineReason.LACKS_SKILL: re.compile(
        r"(?:知識|技術|スキル|経験|技能)(?:が|も)?(?:ない|無い|なし|無し|ありません|不足|足りない"
        r"|足りません)?"
        r"|わから(?:ない|ず|ません)|分から(?:ない|ず|ません)"
        r"|(?:i )?lacks?(?: the| of)? (?:skills?|knowledge|experience)|lacks_skill|skills?"
        r"|knowledge"
        r"|no (?:skills?|knowledge|experience)|(?:i )?do(?:n't| not) know(?: how| enough)?"
    ),
    DeclineReason.AWAY: re.compile(
        r"不在|(?:長期)?休暇(?:中)?|休み|お休み|出張(?:中)?|外出(?:中)?|留守"
        r"|(?:i'm |i am )?(?:away|on (?:leave|holiday|vacation)|out of (?:the )?office|ooo"
        r"|travelling)"
    ),
}

_BEFORE_OWNER = re.compile(
    r"^(?:(?:please )?(?:ask|give(?: it)? to|hand(?: it)? over to|pass(?: it)? (?:on )?to"
    r"|forward(?: it)? to"
    r"|try|propose)|to|for|it's for|better|次は|次の担当(?:は)?|担当は|提案(?:は)?|正しくは)\s+"
    r"|^(?:次は|次の担当(?:は)?|担当は|提案(?:は)?|正しくは)"
)
_AFTER_OWNER = re.compile(
    r"(?:(?:さん|様|氏|殿|くん|君)?(?:へ|に|宛(?:て)?に|の方(?:へ|に)?)(?:お願い(?:いた"
    r"|致)?(?:し)?ます|お願い"
    r"|依頼(?:します|してください)?|回して(?:ください|下さい)?|渡して(?:ください|下さい)?"
    r"|振って(?:ください|下さい)?"
    r"|転送(?:します|してください)?)?|(?:さん|様)?(?:が|の)担当(?:です|だと思います)?|(?:さん"
    r"|様)?(?:を提案(?:します)?"
    r"|が(?:適任|よい|良い|いい)(?:です|と思います)?|です|でお願いします)|\s+please|\s+instead)$"
)
_HONORIFIC = re.compile(r"\s?(?:さん|さま|様|氏|殿|くん|君|先生|課長|部長|係長|主任|-san)$")
_DEPARTMENT = re.compile(
    r"(?<=.)\s?(?:チーム|グループ|部門|部署|部|課|室|係|担当|の方|(?:the )?team|department|dept"
    r"|group)(?:さん)?$"
)
_NAMES_SOMEBODY = re.compile(r"(?:さん|様|氏|部|課|チーム)(?:へ|に)?$|^(?:to|ask)\s")

_BEFORE_CAUSE = re.compile(
    r"^(?:原因(?:は|が)?|cause(?: is| was)?|because of|due to|it was|was)\s*"
)
_AFTER_CAUSE = re.compile(r"(?:が原因)?(?:です|でした|のため)?$")
