"""Whose mail is it: a person's, or a machine's that must never start a conversation with ours.

Read in this order; the first that holds counts, and doubt means a person:

1. *Ourselves*: our mark, or one of our addresses as From.
2. *Reports* (RFC 3464, RFC 8098, RFC 5965), and what mail servers write about a mail in words of
   their own. They say of themselves that they are automatic too, so that comes later.
3. *Machines that answer* (RFC 3834, RFC 5230 and what was there before them). A vacation notice
   carries our Message-ID and an empty envelope sender, so this comes before both.
4. *Spam*, where the receiving server says so.
5. *Bounces* that say nothing: sent by nobody.
6. *Other ticket systems*. People speak through them, so their mails are wanted, but never answered
   by a machine of ours.
7. *Lists* (RFC 2919, RFC 2369). A newsletter is not said to us. A group's or Mailman's mail may be
   a person's words to us: to an address or a list of ours it is simply a person's; to any other
   list it is the list's, but still wanted, because many a company's support@ is such a group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.intake.mail.bounce import bounce
from services.intake.mail.parse import ReadMail

_NOBODY_SENT_IT = "Its envelope names no sender, as that of a bounce."
_MAIL_SERVERS = "A mail server wrote it, from an address that no person has."

OUR_MARK = "x-banso"
"""The header on everything that Banso sends."""


class Origin(StrEnum):
    PERSON = "person"
    AUTO_REPLY = "auto-reply"
    """A machine's: a vacation notice, a receipt, an alert, a report."""
    BOUNCE = "bounce"
    """Of what became of another mail; `bounce.py` reads it."""
    LIST = "list"
    """A newsletter's, or a mailing list's."""
    SELF = "self"
    SPAM = "spam"
    TICKET_SYSTEM = "ticket-system"
    """Another helpdesk's or tracker's, with the words of a person perhaps."""
    NOBODY = "nobody"
    """There is no address that could be answered."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Who wrote a mail, and what that means for us."""

    kind: Origin
    why: tuple[str, ...]
    """Each in one English sentence."""
    is_wanted: bool
    """It carries a person's words to us: an issue or a message comes of it."""
    may_be_answered: bool
    """A machine of ours may answer it."""


def origin(
    mail: ReadMail, envelope_from: str | None, our_addresses: frozenset[str] = frozenset()
) -> Whose:
    """Who wrote it. `our_addresses` are in small letters; where they are unknown, none is ours.

    `envelope_from` is empty (or `<>`) for a mail that nobody sent, and None where it isn't known:
    then the Return-Path header counts, if there is one.
    """
    sent_by = mail.headers.get("return-path") if envelope_from is None else envelope_from
    is_nobodys = sent_by is not None and sent_by.strip() in ("", "<>")
    for kind, why in (
        (Origin.SELF, _ourselves(mail, our_addresses)),
        *_reports(mail),
        (Origin.BOUNCE, _returned(mail)),
        (Origin.AUTO_REPLY, _automatic(mail)),
        (Origin.SPAM, _spam(mail)),
        (Origin.BOUNCE, _NOBODY_SENT_IT if is_nobodys else None),
        (Origin.AUTO_REPLY, _MAIL_SERVERS if _is_mail_servers(mail) else None),
    ):
        if why:
            return Whose(kind, (why,), is_wanted=False, may_be_answered=False)
    is_answerable = mail.from_address is not None
    system = _ticket_system(mail)
    if system:
        return _of_a_system(mail, system, is_answerable)
    if (why := _newsletter(mail)) is not None:
        return Whose(Origin.LIST, (why,), is_wanted=False, may_be_answered=False)
    if not is_answerable:
        why = "There is no From address that could be answered."
        return Whose(Origin.NOBODY, (why,), is_wanted=False, may_be_answered=False)
    if _is_through_a_list(mail) or _bears_a_lists_name(mail):
        return _through_a_list(mail, our_addresses)
    return Whose(
        Origin.PERSON,
        ("Nothing says that a machine wrote it.",),
        is_wanted=True,
        may_be_answered=True,
    )


# -- ourselves -------------------------------------------------------------------------------------


def _ourselves(mail: ReadMail, our_addresses: frozenset[str]) -> str | None:
    if OUR_MARK in mail.headers:
        return "It bears our own mark, X-Banso."
    if (mail.from_address or "").lower() in our_addresses:
        return "Its From is one of our own addresses."
    if any(value.strip(" <>").lower() in our_addresses for value in _all(mail, "x-loop")):
        return "It has gone through us before: X-Loop names one of our addresses."
    return None


# -- reports ---------------------------------------------------------------------------------------


def _reports(mail: ReadMail) -> Iterator[tuple[Origin, str | None]]:
    """By its type, or by its fields where a gateway has changed the type."""
    fields = {name for group in mail.report for name in group}
    if mail.report_type == "disposition-notification" or "disposition" in fields:
        yield Origin.AUTO_REPLY, "It is a read receipt (RFC 8098)."
    if mail.report_type == "feedback-report" or "feedback-type" in fields:
        yield Origin.AUTO_REPLY, "It is a report of abuse from another mail server (RFC 5965)."
    if mail.report_type == "delivery-status" or "final-recipient" in fields:
        yield Origin.BOUNCE, "It is a delivery report (RFC 3464)."


def _returned(mail: ReadMail) -> str | None:
    """The unstructured ones."""
    is_one = bounce(mail) is not None
    return "A mail server wrote it about a mail that did not arrive." if is_one else None


# -- machines that answer --------------------------------------------------------------------------


def _automatic(mail: ReadMail) -> str | None:
    """What says that a machine wrote it; a human's words through another ticket system do so too,
    where that system marks every mail as generated."""
    headers = mail.headers
    submitted = _keyword(headers.get("auto-submitted", "no"))
    if submitted not in ("no", "") and not (
        submitted == "auto-generated" and _speaks_for_people(mail)
    ):
        return f"Auto-Submitted says {_shown(submitted)} (RFC 3834)."
    for precedence in (*_all(mail, "precedence"), *_all(mail, "x-precedence")):
        if _keyword(precedence) in ("auto_reply", "auto-reply", "autoreply", "junk"):
            return f"Precedence says {_shown(_keyword(precedence))}."
    for name in _ANSWERING_HEADERS:
        if headers.get(name, "no").strip().lower() not in ("no", "false", "0", ""):
            return f"It has the header {name}, which answering machines write."
    if "autoresponder" in headers.get("x-post-messageclass", "").lower():
        return "X-POST-MessageClass says that an autoresponder wrote it."
    if headers.get("x-freescout-mail-type", "").strip().lower() == "auto.reply":
        return "X-FreeScout-Mail-Type says that it is an automatic reply."
    if _ANSWERING_SUBJECT.match(mail.subject) or _ANSWERING_MARK.match(mail.subject):
        return "Its subject is that of an automatic reply."
    if _is_an_answer_to_an_invitation(mail):
        return "It is a calendar's answer to an invitation (METHOD:REPLY)."
    if _asks_for_a_proof(mail):
        return "It asks to prove that a person has written."
    if _is_bulk(mail) and mail.in_reply_to and not _is_any_list(mail) and not _ticket_system(mail):
        return "It answers a mail, and Precedence says bulk."
    is_unread = _NOBODY_READS.match(mail.from_address or "") and not mail.reply_to
    if is_unread and _SAYS_IT_IS_A_MACHINES.search(mail.text):
        return "It says that a machine sent it, from an address that nobody reads."
    return None


def _is_an_answer_to_an_invitation(mail: ReadMail) -> bool:
    if mail.content_type == "text/calendar" and "method=reply" in mail.headers.get(
        "content-type", ""
    ).lower().replace('"', ""):
        return True
    return any(
        one.content_type in ("text/calendar", "application/ics")
        and _METHOD_REPLY.search(one.content[:100_000]) is not None
        for one in mail.attachments
    )


def _is_mail_servers(mail: ReadMail) -> bool:
    return (mail.from_address or "").lower().startswith("mailer-daemon@")


def _asks_for_a_proof(mail: ReadMail) -> bool:
    domain = (mail.from_address or "").rpartition("@")[2]
    is_known = domain.endswith(_CHALLENGERS) or "x-tmda-fingerprint" in mail.headers
    return is_known and _CHALLENGE.search(mail.subject) is not None


# -- spam ------------------------------------------------------------------------------------------


def _spam(mail: ReadMail) -> str | None:
    """What the receiving server thinks; we don't judge ourselves."""
    for name, says_so in _SPAM_HEADERS.items():
        for value in _all(mail, name):
            if says_so.match(value.strip()):
                return f"The receiving server says so in {name}."
    if _SPAM_SUBJECT.match(mail.subject):
        return "The receiving server has marked its subject as spam."
    return None


# -- other ticket systems --------------------------------------------------------------------------


def _ticket_system(mail: ReadMail) -> str | None:
    """Which one sent it."""
    for name, value in mail.headers.items():
        for begins, system in _TICKET_SYSTEMS.items():
            if name.startswith(begins):
                return system
        if name in ("x-mailer", "user-agent", "x-powered-by", "x-generated-by", "managed-by"):
            found = _TICKET_MAILER.search(value)
            if found:
                return found[0]
    return None


def _speaks_for_people(mail: ReadMail) -> bool:
    """Zendesk, Jira and Redmine mark people's words as generated; only a confirmation is."""
    return (
        _ticket_system(mail) is not None
        and not _is_bulk(mail)
        and _CONFIRMATION.search(mail.subject) is None
    )


def _of_a_system(mail: ReadMail, system: str, is_answerable: bool) -> Whose:
    # RT writes bulk on every mail, and its people's words with it
    is_automatic = (_is_bulk(mail) and system != "RT") or _CONFIRMATION.search(mail.subject)
    if is_automatic:
        why = f"It is an automatic mail of another ticket system ({system})."
        return Whose(Origin.AUTO_REPLY, (why,), is_wanted=False, may_be_answered=False)
    why = f"It comes through another ticket system ({system})."
    return Whose(Origin.TICKET_SYSTEM, (why,), is_wanted=is_answerable, may_be_answered=False)


# -- lists -----------------------------------------------------------------------------------------


def _newsletter(mail: ReadMail) -> str | None:
    """What says that it went to many and asks for no answer."""
    headers = mail.headers
    if headers.get("list-post", "").strip().lower().startswith("no"):
        return "It went to a list to which nobody can write (List-Post: NO)."
    if _is_bulk(mail) and not _is_through_a_list(mail):  # fml and ezmlm say bulk of people's words
        return "Precedence says bulk."
    unsubscribe = "list-unsubscribe" in headers
    if not unsubscribe or mail.in_reply_to:  # sales programs write it on people's answers too
        return None
    if "list-unsubscribe-post" in headers or _is_a_campaign(mail):
        return "It is a newsletter: it has List-Unsubscribe and a campaign's marks."
    if not _is_through_a_list(mail):
        return "It is a newsletter: it has List-Unsubscribe, and no list to write to."
    return None


def _is_a_campaign(mail: ReadMail) -> bool:
    return any(name.startswith(_CAMPAIGNS) for name in mail.headers)


def _is_through_a_list(mail: ReadMail) -> bool:
    """A group's or a mailing list's to which people write."""
    is_open = not _OPEN_LISTS.isdisjoint(mail.headers)
    return is_open or ("list-id" in mail.headers and _says_list(mail))


def _bears_a_lists_name(mail: ReadMail) -> bool:
    """Of what kind of list it can't be said; many a shared address is one."""
    return "list-id" in mail.headers or _says_list(mail)


def _says_list(mail: ReadMail) -> bool:
    return any(_keyword(value) == "list" for value in _all(mail, "precedence"))


def _is_any_list(mail: ReadMail) -> bool:
    return any(name.startswith("list-") for name in mail.headers) or _is_through_a_list(mail)


def _through_a_list(mail: ReadMail, our_addresses: frozenset[str]) -> Whose:
    ours = {address.lower() for address in mail.to} & our_addresses
    if ours:
        why = "A person wrote it to an address of ours, and a list passed it on."
    elif _is_our_list(mail, our_addresses):
        why = "A person wrote it to a list of our own."
    else:
        why = "A person wrote it to a mailing list; it may be meant for us."
        return Whose(Origin.LIST, (why,), is_wanted=True, may_be_answered=False)
    return Whose(Origin.PERSON, (why,), is_wanted=True, may_be_answered=True)


def _is_our_list(mail: ReadMail, our_addresses: frozenset[str]) -> bool:
    """The list is one of our addresses, or lives at our domain."""
    names = " ".join(
        value.lower()
        for name in ("list-id", "list-post", "x-beenthere")
        for value in _all(mail, name)
    )
    domains = {address.rpartition("@")[2] for address in our_addresses}
    return any(
        found == domain or found.endswith((f".{domain}", f"@{domain}"))
        for found in _LIST_NAMES.findall(names)
        for domain in domains
    )


def _is_bulk(mail: ReadMail) -> bool:
    return any(_keyword(value) == "bulk" for value in _all(mail, "precedence"))


# -- headers ---------------------------------------------------------------------------------------


def _all(mail: ReadMail, name: str) -> Iterator[str]:
    return (value for key, value in mail.all_headers if key.lower() == name)


def _keyword(value: str) -> str:
    """The word of a header such as `auto-replied; owner="..." (rejected)`."""
    return re.split(r"[;(\s]", value.strip(), maxsplit=1)[0].lower()


def _shown(keyword: str) -> str:
    return keyword[:40]


# -- the marks of machines -------------------------------------------------------------------------

_ANSWERING_HEADERS = (
    "x-autoreply",
    "x-auto-reply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-respond",
    "x-autoreply-from",
    "x-autoreply-domain",
    "x-mail-autoreply",
    "x-vacation",
    "x-vacation-message",
    "x-fc-machinegenerated",
    "x-ms-exchange-autoreply",
    "x-amazon-auto-reply",
    "x-cron-env",
)
"""X-Auto-Response-Suppress is none: Exchange and many programs write it on people's mails."""

_NOTICES = (
    r"automatic (?:reply|response)"
    r"|auto(?:matic)?[- ]?(?:reply|response|responder|answer)"
    r"|ooo|out[- ]of[- ](?:the )?office(?: (?:auto-?reply|reply|response|message))?"
    r"|vacation (?:reply|response|message|notice)"
    r"|away from (?:my )?mail"
    r"|abwesenheits(?:notiz|meldung|nachricht|assistent)|autom(?:atische|\.) antwort"
    r"|réponse automatique|absence du bureau"
    r"|respuesta automática|fuera de (?:la )?oficina|resposta automática|risposta automatica"
    r"|automatisch antwoord|afwezigheid|autosvar"
    r"|自動(?:返信|応答)(?:メール|メッセージ)?|自動回答|自動返答"
    r"|不在(?:通知|連絡|返信|応答|(?:中)?のお知らせ|の(?:ご)?連絡|のため自動返信)"
    r"|休暇中(?:のお知らせ|です|のため)?|休暇のお知らせ|休業のお知らせ"
    r"|自动回复|自動回覆"
    r"|부재중(?: 자동 ?응답)?|자동 ?(?:회신|응답|답장)"
)
_WHOLE_NOTICES = (
    r"automatic reply|auto-?reply|auto(?:matic)? response|out of (?:the )?office"
    r"|自動(?:返信|応答)(?:メール|メッセージ)?|不在のお知らせ|休暇中のお知らせ|自动回复"
)
_ANSWERING_SUBJECT = re.compile(
    rf"[\s【\[（(＜<「*]{{0,4}}"
    rf"(?:(?:{_NOTICES})(?:\s{{0,2}}[:：\]】)）＞>」](?![がをのはにもとでへ])|\s{{1,2}}(?:re|fwd?"
    rf"|aw|返信)\s?[:：])"
    rf"|(?:{_WHOLE_NOTICES})\W{{0,3}}$"
    rf"|auto: .{{0,200}}(?:out of (?:the )?office|is away|不在|休暇))",
    re.IGNORECASE,
)
"""At the very beginning: a person who answers such a mail writes `Re:` before it. A colon or a
bracket must follow: 不在通知が届かない is a customer's trouble with a parcel."""

_ANSWERING_MARK = re.compile(
    r"(?!\s*(?:re|fwd?|aw|返信|転送)\s?[:：])"
    r".*[【\[（(]\s?(?:自動(?:返信|応答|送信|配信)(?:メール)?|auto(?:matic)?[- ]?(?:reply"
    r"|response))"
    r"\s?[】\])）](?![がをのはにもとでへ])",
    re.IGNORECASE,
)

_NOBODY_READS = re.compile(
    r"(?:no|not?|do-?not|donot|never)[-_.]?(?:reply|respond|replies)|auto(?:matic)?[-_.]?(?:reply"
    r"|mail)",
    re.IGNORECASE,
)
_SAYS_IT_IS_A_MACHINES = re.compile(
    r"自動(?:返信|応答|送信|配信)|送信専用|返信(?:いただ|頂|され)[^。]{0,30}(?:できません|お答え"
    r"|ご?了承)"
    r"|automatic(?:ally)?[ -](?:generated|sent|reply|response|message|e-?mail)|auto-?generated"
    r"|do not reply|this mailbox is not monitored",
    re.IGNORECASE,
)

_METHOD_REPLY = re.compile(rb"^METHOD:REPLY\s*$", re.IGNORECASE | re.MULTILINE)

_CHALLENGERS = ("spamarrest.com", "boxbe.com", "bluebottle.com", "sendio.com")
_CHALLENGE = re.compile(r"confirm|verif|approv|waiting|challenge|action required", re.IGNORECASE)

_YES = re.compile(r"yes|true|spam\b|1\b", re.IGNORECASE)
_SPAM_HEADERS = {
    "x-spam-flag": _YES,
    "x-spam-status": re.compile(r"yes", re.IGNORECASE),
    "x-spam": _YES,
    "x-spamd-result": re.compile(r"[\w-]{1,40}: True\b", re.IGNORECASE),
    "x-spam-action": re.compile(r"reject|rewrite subject|add header", re.IGNORECASE),
    "x-barracuda-spam-flag": _YES,
    "x-bogosity": re.compile(r"spam|yes", re.IGNORECASE),
    "x-dspam-result": re.compile(r"spam", re.IGNORECASE),
    "x-crm114-status": re.compile(r"spam", re.IGNORECASE),
    "x-gnd-status": re.compile(r"spam", re.IGNORECASE),
    "x-ms-exchange-organization-scl": re.compile(r"[5-9]$"),
    "x-forefront-antispam-report": re.compile(r".*\bSFV:(?:SPM|SKS|SKB)\b", re.IGNORECASE),
}
_SPAM_SUBJECT = re.compile(
    r"\s{0,3}(?:\[\W{0,3}(?:suspected[ _])?(?:spam|junk|迷惑メール|meiwaku)\W{0,3}\]"
    r"|\*{2,6}\s?spam\s?\*{2,6}"
    r"|\{spam\??\}|【\s?(?:迷惑メール|spam)\s?】|spam:\s)",
    re.IGNORECASE,
)

_TICKET_SYSTEMS = {
    "x-zammad": "Zammad",
    "x-otrs": "OTRS",
    "x-znuny": "Znuny",
    "x-rt-": "RT",
    "rt-originator": "RT",
    "rt-ticket": "RT",
    "x-zendesk": "Zendesk",
    "x-freshdesk": "Freshdesk",
    "x-fw-": "Freshdesk",
    "x-jira-": "Jira",
    "x-atlassian": "Jira",
    "x-github-": "GitHub",
    "x-gitlab-": "GitLab",
    "x-redmine-": "Redmine",
    "x-backlog-": "Backlog",
    "x-trac-": "Trac",
    "x-bugzilla-": "Bugzilla",
    "x-roundup-": "Roundup",
    "x-osticket": "osTicket",
    "x-freescout-": "FreeScout",
    "x-hubspot-": "HubSpot",
    "x-sfdc-": "Salesforce",
    "x-helpscout": "Help Scout",
    "x-intercom": "Intercom",
    "x-servicenow": "ServiceNow",
    "x-kayako": "Kayako",
    "x-glpi": "GLPI",
    "x-mantis": "Mantis",
    "x-youtrack": "YouTrack",
}
"""The headers by which they are known, and their names."""
_TICKET_MAILER = re.compile(
    r"zammad|\botrs\b|znuny|zendesk|freshdesk|osticket|freescout|redmine|request tracker|\bRT\b"
    r"|helpscout|servicenow|glpi|mantisbt|kayako|jira",
    re.IGNORECASE,
)
_CONFIRMATION = re.compile(
    r"autoreply|\brequest received\b|\b(?:has been|was|we(?:'ve| have)?) (?:received|created"
    r"|opened)"
    r"|\b(?:ticket|case|request) (?:created|opened|received)|thank you for (?:contacting|your)"
    r"|new ticket|confirmation|受け付け(?:まし|た|ま)|受付(?:完了|のお知らせ|いたし|しまし|番号)"
    r"|お問い合わせありがとう"
    r"|お問合せありがとう",
    re.IGNORECASE,
)

_CAMPAIGNS = (
    "feedback-id",
    "x-campaign",
    "x-mc-user",
    "x-mailchimp",
    "x-mailer-recptid",
    "x-csa-complaints",
    "x-report-abuse",
    "x-newsletter",
    "x-job",
    "x-ens",
    "x-bulkmail",
    "x-cuenote",
    "x-mailpublisher",
    "x-haihaimail",
)
_OPEN_LISTS = frozenset(
    (
        "list-post",
        "mailing-list",
        "x-beenthere",
        "x-google-group-id",
        "x-mailman-version",
        "x-ml-name",
        "x-mailing-list",
    )
)
"""What the programs write that run lists to which people write."""
_LIST_NAMES = re.compile(r"[a-z0-9][a-z0-9._+=@-]{0,250}[a-z0-9]")
