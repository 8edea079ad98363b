"""A mail that came back: whose address failed, for good or for now, and which of our mails it was.

Reports by RFC 3464 and RFC 3461, and the unstructured ones of qmail, Exim, old Sendmail, Postfix
without a report, Exchange, Lotus Notes, Gmail, Yahoo! Japan and the Japanese carriers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.intake import clean
from services.intake.mail.parse import ReadMail

LONGEST_DIAGNOSTIC = 200
_LONGEST_TEXT = 50_000
_MOST_RECIPIENTS = 50


class Outcome(StrEnum):
    """What became of a mail; the worst of its recipients counts."""

    PERMANENT = "permanent"
    """The address will not take mail."""
    TEMPORARY = "temporary"
    """This mail is given up, but the next one may get through."""
    DELAYED = "delayed"
    """Only a warning: the server is still trying. Nothing has failed."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address that the mail did not reach."""

    final: str | None
    """Where the last server tried to deliver it."""
    original: str | None
    """What we had written to, where the report says so."""
    status: str
    """By RFC 3463, such as `5.1.1`."""
    outcome: Outcome
    diagnostic: str
    """The server's words without any address."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """What we may have written to, the likelier first."""
        return tuple(one for one in dict.fromkeys((self.original, self.final)) if one)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What came of one of our mails."""

    recipients: tuple[Recipient, ...]
    status: str
    outcome: Outcome
    diagnostic: str
    message_id: str | None
    """Of the mail that came back, with its angle brackets."""

    @property
    def is_failure(self) -> bool:
        """A warning is none."""
        return self.outcome is not Outcome.DELAYED


def bounce(mail: ReadMail) -> Bounce | None:
    """What a mail says of another mail that did not arrive; None where it says nothing of the kind,
    as when it confirms that one has arrived."""
    reported = _reported(mail)
    if reported is None:
        reported = _told(mail) if _comes_from_a_mailer(mail) else ()
    if not reported:
        return None
    worst = min(reported, key=lambda one: list(Outcome).index(one.outcome))
    return Bounce(reported, worst.status, worst.outcome, worst.diagnostic, returned(mail))


def has_arrived(mail: ReadMail) -> bool:
    """Whether a report says that a mail of ours lies in the box of whomever it was for (RFC 3464).
    That it was handed on to a server that reports no more is not enough."""
    groups = [group for group in mail.report if "final-recipient" in group]
    return bool(groups) and all(_action(group) == "delivered" for group in groups)


# -- reports ---------------------------------------------------------------------------------------


def _reported(mail: ReadMail) -> tuple[Recipient, ...] | None:
    """By RFC 3464; None where there is no such report."""
    groups = [group for group in mail.report if "final-recipient" in group or "action" in group]
    if not groups or "disposition" in groups[0]:
        return None
    found = (_recipient(group) for group in groups[:_MOST_RECIPIENTS])
    return tuple(one for one in found if one is not None)


def _recipient(group: Mapping[str, str]) -> Recipient | None:
    action = _action(group)
    said = _after_type(group.get("diagnostic-code", ""))
    status = _status(group.get("status", "")) or _status(said)
    if action in ("delivered", "relayed", "expanded"):
        return None
    outcome = Outcome.DELAYED if action == "delayed" else _outcome(status)
    return Recipient(
        final=clean.address(_bare(_after_type(group.get("final-recipient", "")))),
        original=clean.address(_bare(_after_type(group.get("original-recipient", "")))),
        status=status or ("4.0.0" if outcome is Outcome.DELAYED else "5.0.0"),
        outcome=outcome,
        diagnostic=_without_addresses(said),
    )


def _action(group: Mapping[str, str]) -> str:
    return next(iter(group.get("action", "").lower().split()), "")


def _after_type(value: str) -> str:
    """`rfc822; emi@example.com` without its type."""
    kind, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon and " " not in kind.strip() else value.strip()


def _bare(value: str) -> str:
    return value.strip().strip("<>").strip()


def _outcome(status: str) -> Outcome:
    return Outcome.TEMPORARY if status.startswith("4") else Outcome.PERMANENT


# -- what is only told -----------------------------------------------------------------------------


def _comes_from_a_mailer(mail: ReadMail) -> bool:
    """A mail server wrote it, and about a mail. A person who passes such a mail on is a person."""
    local = (mail.from_address or "").partition("@")[0].lower()
    is_about_a_mail = _SUBJECT.search(mail.subject) is not None
    if "x-failed-recipients" in mail.headers and local in _MAILERS:
        return True
    if "x-failed-recipients" in mail.headers or local in ("mailer-daemon", "mail-daemon"):
        return is_about_a_mail or _FAILED.search(mail.text[:_LONGEST_TEXT]) is not None
    is_vacation = mail.headers.get("auto-submitted", "").lower().startswith("auto-replied")
    is_nobodys = mail.headers.get("return-path", "-").strip() == "<>" and not is_vacation
    is_mailers = local in _MAILERS or mail.from_address is None or is_nobodys
    return is_mailers and is_about_a_mail and not _ANSWERS.match(mail.subject)


def _told(mail: ReadMail) -> tuple[Recipient, ...]:
    text = _own_words(mail.text[:_LONGEST_TEXT])
    is_warning = _WARNING.search(f"{mail.subject}\n{text}") is not None and not _GIVEN_UP.search(
        text
    )
    line = _telling_line(text)
    status = _status(line) or _status(text) or _status_by_words(f"{mail.subject}\n{text}")
    if is_warning:
        status = f"4{status[1:]}"
    outcome = Outcome.DELAYED if is_warning else _outcome(status)
    diagnostic = _without_addresses(line)
    return tuple(
        Recipient(address, None, status, outcome, diagnostic) for address in _failed(mail, text)
    ) or (Recipient(None, None, status, outcome, diagnostic),)


def _own_words(text: str) -> str:
    """The mailer's words, without the mail that it gives back."""
    found = _COPY.search(text)
    return text[: found.start()] if found and text[: found.start()].strip() else text


def _failed(mail: ReadMail, text: str) -> list[str]:
    """The addresses, where the mailer names them as the usual ones do; else any but ours."""
    header = mail.headers.get("x-failed-recipients", "")
    named = _addresses(_ADDRESS.findall(header))
    if not named:
        named = _addresses(found for groups in _NAMED.findall(text) for found in groups)
    if not named:
        named = _addresses(_ADDRESS.findall(text))
    ours = {address.lower() for address in mail.to}
    others = [address for address in named if address.lower() not in ours]
    return (others or named)[:_MOST_RECIPIENTS]


def _addresses(found: Iterable[str]) -> list[str]:
    known = dict.fromkeys(clean.address(one.rstrip(".")) for one in found if one)
    return [
        one
        for one in known
        if one and one.partition("@")[0].lower() not in _MAILERS | {"mailer-daemon"}
    ]


def _telling_line(text: str) -> str:
    """The line that says why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for pattern in (_ENHANCED, _REPLY_CODE, _WHY):
        for n, line in enumerate(lines):
            if pattern.search(line):
                goes_on = n + 1 < len(lines) and len(line) < 60 and line.endswith((":", ","))
                return f"{line} {lines[n + 1]}" if goes_on else line
    return next(iter(lines), "")


def _status(text: str) -> str:
    found = _ENHANCED.search(text)
    return found[0] if found else ""


def _status_by_words(text: str) -> str:
    """What the words mean, with the class of the SMTP reply if there is one."""
    code = _REPLY_CODE.search(text)
    status = next((status for status, words in _WORDS if words.search(text)), "5.0.0")
    return f"{code[0][0]}{status[1:]}" if code else status


def _without_addresses(text: str) -> str:
    bare = re.sub(r"[<(\[]?\s*" + _ADDRESS.pattern + r"\s*[>)\]]?", "…", text)
    return clean.one_line(bare, LONGEST_DIAGNOSTIC)


def returned(mail: ReadMail) -> str | None:
    """The Message-ID of the mail that a report is about, with its angle brackets."""
    enclosed = _ID.search(mail.enclosed.get("message-id", ""))
    if enclosed:
        return enclosed[0]
    told = [one for one in _ID_LINE.findall(mail.text[:_LONGEST_TEXT]) if one != mail.message_id]
    if told:
        return str(told[0])
    return mail.references[-1] if mail.references else None


# -- the words of mail servers ---------------------------------------------------------------------

_MAILERS = frozenset(
    (
        "mailer-daemon",
        "mail-daemon",
        "postmaster",
        "mdaemon",
        "double-bounce",
        "mailsystem",
        "mailer",
    )
)

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'=@「」（）、。]{1,64}@[A-Za-z0-9.-]{1,190}[A-Za-z0-9]")
_ID = re.compile(r"<[^<>\s]{1,900}>")
_ID_LINE = re.compile(
    r"^[\s>]{0,8}message-id:\s{0,8}(<[^<>\s]{1,900}>)", re.IGNORECASE | re.MULTILINE
)
_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
_REPLY_CODE = re.compile(r"(?<![\d.:/-])[45][0-5]\d(?=[\s-])(?!-?\d)")

_ANSWERS = re.compile(r"(?:re|fwd?|aw|sv|返信|転送)\s{0,2}[:：]", re.IGNORECASE)

_SUBJECT = re.compile(
    r"undeliver|non-?deliverable|not delivered|non-?delivery|delivery (?:status|fail|has failed"
    r"|problem"
    r"|report|notification|incomplete|delayed|error)|mail delivery|returned (?:mail|to sender)"
    r"|returning"
    r"|failure notice|mail (?:system )?error|mail failure|could ?n[o']t (?:be )?(?:deliver|sen[dt])"
    r"|message (?:delayed|not sent|status)|mail could not|unable to deliver|warning:? (?:message"
    r"|could)"
    r"|delayed|user unknown|address not found|unzustellbar|nicht zugestellt|non remis|rebotad"
    r"|(?:配信|配送|送信|送達)(?:不能|失敗|エラー|でき|遅延|状況|ステータス)|宛先不明|不達|未達"
    r"|届きませんでした"
    r"|届けられません|届けることが|戻されました|エラーメール|アドレス不明|遅延(?:通知|しています)",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"(?:addresse?s?|recipients?|message|mail)\b.{0,120}\b(?:fail|reject|could ?n[o']t"
    r"|was ?n[o']t|not be"
    r"|unable|undeliver|permanent|unknown|delayed)|user unknown|unknown user|host unknown"
    r"|no such user"
    r"|permanent (?:error|fatal)|(?:宛先|あて先|アドレス).{0,60}(?:不明|見つか|存在|届|配信|配送"
    r"|エラー)"
    r"|(?:配信|配送|送信)(?:でき|されませ|に失敗)",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^[\s>]{0,4}(?:-{2,}|={2,}|_{2,}).{0,20}(?:below this line|copy of the message"
    r"|original message"
    r"|message header|returned message|your message|unsent message|送信(?:された)?メ|元のメ"
    r"|オリジナル)"
    r"|^[\s>]{0,4}(?:original message (?:follows|headers)|a copy of (?:the"
    r"|your) (?:original )?message"
    r"|your original message|the original message (?:was|follows)|return-path:\s|received: )",
    re.IGNORECASE | re.MULTILINE,
)
_NAMED = re.compile(
    rf"^[\s*]{{0,8}}<?({_ADDRESS.pattern})>?(?:\s?[:：]|\s{{0,4}}$|\s(?:on\s\d|[(（]|->|\.\.\.))"
    rf"|(?:recipient|to|宛先|あて先"
    rf"|受信者)\s{{0,2}}[:：]\s{{0,20}}(?:rfc822;\s?)?<?({_ADDRESS.pattern})"
    rf"|(?:delivered to|deliver (?:it |your message )?to|delivery to|message to"
    rf"|mail to)\s<?({_ADDRESS.pattern})"
    rf"|({_ADDRESS.pattern})>?\s?(?:が見つから|に(?:配信|送信|届)|への(?:配信|送信|メッセージ"
    rf"|メール)|宛)",
    re.IGNORECASE | re.MULTILINE,
)
_WARNING = re.compile(
    r"\bdelayed\b|\bwarning\b|will (?:be|keep) (?:retr|try|attempt)|will (?:retry|try again"
    r"|continue)"
    r"|still (?:trying|being)|do(?:es)? not need to (?:re-?send|do)|this is a warning"
    r"|遅延|遅れ|再送(?:信)?(?:し|を|され)ま|再試行|引き続き",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"permanent|gave up|giving up|given up|could not be delivered within|expired|no longer (?:be"
    r"|try)"
    r"|has failed|delivery failed|断念|配信できませんでした|配信を中止",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"unknown|no such|not (?:found|exist|listed|known)|does ?n[o']t exist|invalid|reject|refused"
    r"|full"
    r"|quota|timed? ?out|unrouteable|disabled|because|couldn't|could not|不明|存在しな|見つか"
    r"|容量|拒否|ため",
    re.IGNORECASE,
)
_WORDS = tuple(
    (status, re.compile(words, re.IGNORECASE))
    for status, words in {
        "5.1.2": (
            r"host (?:unknown|not found)|unknown host|unrouteable|name or service"
            r"|domain.{0,40}(?:not found|does ?n[o']t exist|couldn't be found)"
            r"|ドメイン.{0,20}見つか"
        ),
        "5.2.2": (
            r"(?:mailbox|inbox|メールボックス).{0,30}(?:full|いっぱい|満杯|一杯)"
            r"|over ?quota|quota exceeded|容量(?:オーバー|超過|を超え)"
        ),
        "5.1.1": (
            r"(?:user|recipient|address|mailbox|account).{0,40}"
            r"(?:unknown|not found|does ?n[o']t exist|not listed|invalid|couldn't be found)"
            r"|(?:unknown|no such|invalid) (?:user|recipient|address|mailbox)"
            r"|(?:宛先|アドレス|ユーザー?).{0,30}(?:不明|存在し|見つか)|が見つから"
        ),
        "4.4.7": r"timed? ?out|expired|too long|gave up|giving up",
        "5.7.1": r"spam|blocked|policy|拒否",
    }.items()
)
"""What the words mean where no figure says it; the first that fits counts."""
