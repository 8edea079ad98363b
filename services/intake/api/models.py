"""What the API takes and answers.

Each schema says exactly what is taken: what fits it is never refused for its form, and what does
not fit it always is (tests/stories/test_api_document.py holds both against a running Banso).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from services.intake import clean, store
from services.intake.alongside import Part
from services.intake.attachments import File
from services.intake.imported import LONGEST_ID, MOST_REMARKS_SENT
from services.intake.listing import MOST_LISTED, Listed
from services.intake.stations import Station
from services.intake.submission import (
    LONGEST_DESCRIPTION,
    LONGEST_SUMMARY,
    MOST_FOLLOWERS,
    is_plausible,
)
from services.intake.view import Seen
from services.intake.wishes import minutes_of, time_of
from shared.contracts.event import MAX_TEXT
from shared.contracts.intake import CompanionWord, Digest, Preferences, Told
from shared.contracts.issue import (
    Action,
    Attachment,
    DeclineReason,
    Source,
    State,
    Step,
    Urgency,
    WaitingFor,
)
from shared.contracts.metrics import Level, Move
from shared.contracts.organisation import Channel, Language, Way

MOST_FILES = 50
"""In one request; how many are taken, and how large, is a setting."""
MOST_IMPORTED = 100
MOST_ANSWERS = 30
LONGEST_ANSWER = 2000
LONGEST_ANSWERS = 10_000

_FILLED = (
    "[^\\s\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufffc-\\uffff]"
)
"""What is left of a text after cleaning has this in it."""
_MONTH_AND_DAY = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?"
_ZONE = "(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"
_DAY_OR_INSTANT = f"^%s-{_MONTH_AND_DAY}(T{_TIME}{_ZONE}?)?$"
_BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"

_OTHER_WORDS = {
    "medium": "normal",
    "urgent": "high",
    "critical": "high",
    "highest": "high",
    "lowest": "low",
}


def _urgency(value: Any) -> Any:
    """Other systems' words for the same thing are understood."""
    word = value.strip().lower() if isinstance(value, str) else value
    return _OTHER_WORDS.get(word, word) if isinstance(word, str) else word


_NOT_BY_API = frozenset({Action.UNDO, Action.DECOY})


def _doable(action: Action) -> Action:
    """What is taken back is taken back by its own link, and only machines press the decoy."""
    if action in _NOT_BY_API:
        raise ValueError("can only be asked for by a link")
    return action


def _filled_line(text: str) -> str:
    line = clean.one_line(text, LONGEST_SUMMARY)
    if not line:
        raise ValueError("must not be empty")
    return line


def _filled_text(text: str) -> str:
    cleaned = clean.several_lines(text)
    if not cleaned:
        raise ValueError("must not be empty")
    return cleaned


def _address(text: str) -> str:
    address = clean.address(text)
    if address is None:
        raise ValueError("must be a mail address such as yuki@example.com")
    return address


def _line(text: str | None) -> str | None:
    return clean.one_line(text, 200) or None if text is not None else None


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT: TypeAdapter[datetime] = TypeAdapter(datetime)


def _day_or_instant(value: Any) -> date | datetime | None:
    """A day, or an instant with or without a zone, as ISO 8601 writes them."""
    if value is None or isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.match(r"\d{4}-", value):
        raise ValueError("must be a day such as 2026-11-25, or an instant")
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
        return _INSTANT.validate_python(value)
    except (ValueError, ValidationError) as error:
        raise ValueError("must be a day such as 2026-11-25, or an instant") from error


def _plausible(day: date | None) -> date | None:
    if day is not None and not is_plausible(day):
        raise ValueError("must be a day between 2000 and 2199")
    return day


def _bygone(day: date) -> date:
    if not 1970 <= day.year < 2200:
        raise ValueError("must be a day between 1970 and 2199")
    return day


def _file_content(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError("must be Base64 (RFC 4648, section 4)") from error


def _answers(answers: dict[str, str]) -> dict[str, str]:
    if sum(len(answer) for answer in answers.values()) > LONGEST_ANSWERS:
        raise ValueError(f"all together at most {LONGEST_ANSWERS} characters")
    return answers


def text_schema(longest: int, **more: Any) -> WithJsonSchema:
    """Text of which something is left once it is cleaned."""
    return WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": longest, "pattern": _FILLED, **more}
    )


def _day_schema(years: str, example: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": _DAY_OR_INSTANT % years, "examples": [example]}
    )


Line = Annotated[Annotated[str, Field(max_length=10_000)] | None, AfterValidator(_line)]
Filled = Annotated[str, Field(max_length=10_000), AfterValidator(_filled_line), text_schema(10_000)]
Address = Annotated[
    str,
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "format": "email", "examples": ["sato@example.com"]}),
]
UrgencyWord = Annotated[
    Urgency,
    BeforeValidator(_urgency),
    WithJsonSchema({"type": "string", "enum": [*Urgency, *_OTHER_WORDS]}),
]
ActionWord = Annotated[
    Action,
    AfterValidator(_doable),
    WithJsonSchema({"type": "string", "enum": [one for one in Action if one not in _NOT_BY_API]}),
]
Day = Annotated[
    date | datetime,
    BeforeValidator(_day_or_instant),
    AfterValidator(_plausible),
    _day_schema("2[01][0-9]{2}", "2026-11-27"),
]
Bygone = Annotated[
    date | datetime,
    BeforeValidator(_day_or_instant),
    AfterValidator(_bygone),
    _day_schema("(19[7-9][0-9]|2[01][0-9]{2})", "2026-11-25T09:10:00+09:00"),
]
SHA256 = "^[0-9a-f]{64}$"


class In(BaseModel):
    """What a caller sends. An unknown field is a mistake, and is said."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """What the API answers."""


class Reporter(In):
    name: Annotated[Filled, Field(examples=["佐藤 健"])]
    email: Address


class FileIn(In):
    """A file within JSON; larger ones go more easily as `multipart/form-data`."""

    filename: Annotated[Filled, Field(examples=["photo.jpg"])]
    content_type: Annotated[str, Field(max_length=200)] = "application/octet-stream"
    content: Annotated[
        bytes,
        Field(max_length=200_000_000),
        BeforeValidator(_file_content),
        WithJsonSchema(
            {
                "type": "string",
                "contentEncoding": "base64",
                "pattern": _BASE64,
                "examples": ["44GT44KT44Gr44Gh44Gv"],
            }
        ),
    ]

    @property
    def file(self) -> File:
        return File(self.filename, self.content_type, self.content)


Files = Annotated[
    list[FileIn],
    Field(max_length=MOST_FILES, description="Within JSON; at most as many and as large as set."),
]


class IssueIn(In):
    """A problem that somebody brings in."""

    summary: Annotated[Filled, Field(description="One line; what is beyond 200 characters is cut.")]
    description: Annotated[
        str,
        Field(max_length=LONGEST_DESCRIPTION),
        AfterValidator(_filled_text),
        text_schema(LONGEST_DESCRIPTION),
    ]
    reporter: Annotated[
        Reporter | None,
        Field(description="Whoever writes. A token that belongs to a person may leave it out."),
    ] = None
    product: Line = Field(
        default=None, description="Id or name; an unknown one is kept as it was said."
    )
    category: Line = Field(
        default=None, description="Id or name; an unknown one is kept as it was said."
    )
    urgency: UrgencyWord | None = None
    language: str | None = Field(
        default=None, max_length=35, description="`ja` or `en`; guessed from the text otherwise."
    )
    customer: Line = Field(default=None, description="The customer concerned.")
    needed_by: Day | None = Field(
        default=None, description="A day, or an instant; without a zone it is the company's."
    )
    on_behalf_of: Reporter | Line = Field(
        default=None, description="The colleague or customer for whom the reporter writes."
    )
    fields: Annotated[
        dict[
            Annotated[str, Field(max_length=60)],
            Annotated[str, Field(max_length=LONGEST_ANSWER)],
        ],
        Field(
            max_length=MOST_ANSWERS,
            description="Answers to the form's own questions, by their ids.",
            examples=[{"serial": "AQ-2214"}],
        ),
        AfterValidator(_answers),
    ] = Field(default_factory=dict)
    followers: Annotated[
        list[Annotated[str, Field(max_length=320)]],
        Field(
            max_length=MOST_FOLLOWERS,
            description="Addresses or ids of people of the organisation to be kept informed.",
        ),
    ] = Field(default_factory=list)
    confidential: Annotated[
        StrictBool, Field(description="Only reporter, carrier, owner and leader may see it.")
    ] = False
    attachments: Files = Field(default_factory=list)


class CommentIn(In):
    """More words about an issue."""

    text: Annotated[
        str, Field(max_length=MAX_TEXT), AfterValidator(_filled_text), text_schema(MAX_TEXT)
    ]
    person: Annotated[
        str | None,
        Field(
            max_length=320,
            description="Id or address of whoever speaks. A token that belongs to a person may"
            " leave it out.",
            examples=["sato"],
        ),
        WithJsonSchema({"type": "string", "maxLength": 320}),
    ] = None
    attachments: Files = Field(default_factory=list)


class CorrectionIn(In):
    """What shall be otherwise; what is left out stays."""

    summary: Annotated[Filled | None, Field()] = None
    product: Line = None
    category: Line = None
    urgency: UrgencyWord | None = None
    customer: Line = None
    needed_by: Day | None = None


class ActionIn(In):
    """What a person wants to be done with an issue."""

    action: ActionWord
    person: Annotated[
        str | None,
        Field(
            max_length=320,
            description="Id or address of whoever acts. A token that belongs to a person may"
            " leave it out.",
            examples=["nguyen"],
        ),
        WithJsonSchema({"type": "string", "maxLength": 320}),
    ] = None
    text: Annotated[
        str | None, Field(max_length=MAX_TEXT, description="Words for the carrier.")
    ] = None
    reason: DeclineReason | None = Field(default=None, description="For `decline`.")
    proposed: Annotated[
        str | None,
        Field(
            max_length=200,
            description="For `decline` and `hand_over`: a person, a team, a rota or a schedule; for"
            " `ask`: a person.",
        ),
    ] = None
    cause: Annotated[
        str | None, Field(max_length=200, description="For `resolve`: what was wrong.")
    ] = None
    correction: CorrectionIn | None = Field(default=None, description="For `correct`.")
    until: Day | None = Field(
        default=None,
        description="For `snooze`: when it goes on; a day means its morning. For `promise`: by when"
        " it will be solved; a day means its evening.",
    )
    waiting_for: WaitingFor | None = Field(
        default=None, description="For `wait`: whose answer is needed."
    )
    into: Annotated[
        str | None,
        Field(max_length=40, description="For `merge` and `link`: the other issue's reference."),
    ] = None


_PERSON = WithJsonSchema({"type": "string", "maxLength": 320})
Somebody = Annotated[
    str | None,
    Field(max_length=320, description="Id or address of somebody of the organisation."),
    _PERSON,
]


class AbsenceIn(In):
    """Somebody will be away."""

    person: Somebody = None
    starts_at: Day = Field(description="A day means its beginning, in the company's zone.")
    ends_at: Day = Field(description="A day means its end, in the company's zone.")
    substitute: Somebody = None


class PauseIn(In):
    """Chasing rests for a while."""

    starts_at: Day = Field(description="A day means its beginning, in the company's zone.")
    ends_at: Day = Field(description="A day means its end, in the company's zone.")
    text: Annotated[
        str,
        Field(max_length=LONGEST_ANSWER, description="Why; everybody concerned reads it."),
        AfterValidator(_filled_text),
        text_schema(LONGEST_ANSWER),
    ]


TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["08:30"])]


class PreferencesIn(In):
    """How somebody wants to be told."""

    language: Language | None = Field(
        default=None, description="Null: as the organisation file says."
    )
    channels: tuple[Way, ...] = Field(
        default=(),
        max_length=10,
        description="The first that works is used, mail at the latest. None said means the"
        " organisation's order.",
    )
    told: Told = Field(
        default=Told.AT_WORK,
        description="When they may be told what can wait: at any hour, or in their working hours.",
    )
    opens: TimeOfDay | None = Field(
        default=None,
        description="With `closes`: from when until when on their working days, in their zone,"
        " instead of their working hours.",
    )
    closes: TimeOfDay | None = None
    urgent_passes: StrictBool = Field(default=True, description="What is urgent comes at any hour.")
    digest: Digest = Field(default=Digest.WEEKLY, description="How often they get a summary.")

    @property
    def preferences(self) -> Preferences:
        return Preferences(
            language=self.language,
            channels=self.channels,
            told=self.told,
            opens=minutes_of(self.opens),
            closes=minutes_of(self.closes),
            urgent_passes=self.urgent_passes,
            digest=self.digest,
        )

    @property
    def only_language(self) -> Preferences:
        return Preferences(language=self.language)


class AuthorIn(In):
    """Somebody in the old system: by address, or by name alone."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["name"]}, {"required": ["email"]}]}
    )

    name: Filled | None = None
    email: Address | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must have a name or an email")
        return self


class RemarkIn(In):
    at: Bygone
    author: AuthorIn | None = None
    text: Annotated[
        str,
        Field(max_length=LONGEST_DESCRIPTION),
        AfterValidator(_filled_text),
        text_schema(LONGEST_DESCRIPTION),
    ]


class ImportedIssueIn(In):
    """An issue of an old helpdesk that is over and done with."""

    id: Annotated[
        str,
        Field(max_length=LONGEST_ID),
        AfterValidator(_filled_line),
        text_schema(LONGEST_ID, examples=["12345"]),
    ]
    source: Source = Source.API
    summary: Filled
    description: Annotated[
        str,
        Field(max_length=LONGEST_DESCRIPTION),
        AfterValidator(_filled_text),
        text_schema(LONGEST_DESCRIPTION),
    ]
    reporter: AuthorIn
    owner: Line = Field(
        default=None, description="Address, id or name; somebody unknown is left out."
    )
    customer: Line = None
    product: Line = None
    category: Line = None
    cause: Line = None
    urgency: UrgencyWord | None = None
    language: str | None = Field(default=None, max_length=35)
    raised_at: Bygone
    closed_at: Bygone
    remarks: Annotated[list[RemarkIn], Field(max_length=MOST_REMARKS_SENT)] = Field(
        default_factory=list
    )


class ImportIn(In):
    """A part of an old helpdesk's history. Sent again, it changes nothing."""

    system: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
            description="Names the old system: an id counts within it.",
            examples=["zendesk"],
        ),
    ]
    issues: Annotated[list[ImportedIssueIn], Field(min_length=1, max_length=MOST_IMPORTED)]


def _limit(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"[1-9]\d{0,2}", value):
        raise ValueError(f"must be a number from 1 to {MOST_LISTED}")
    return value


class Filters(In):
    """Which issues are wanted. All that is said must hold."""

    state: Annotated[list[State], Field(max_length=10)] = Field(default_factory=list)
    owner: Annotated[str | None, Field(max_length=200)] = None
    team: Annotated[str | None, Field(max_length=200)] = None
    carrier: Annotated[str | None, Field(max_length=200)] = None
    product: Annotated[str | None, Field(max_length=200)] = None
    category: Annotated[str | None, Field(max_length=200)] = None
    urgency: Urgency | None = None
    source: Source | None = None
    raised_after: Bygone | None = None
    raised_before: Bygone | None = None
    changed_after: Bygone | None = None
    q: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    limit: Annotated[
        int,
        BeforeValidator(_limit),
        Field(ge=1, le=MOST_LISTED),
        WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": 50}),
    ] = 50
    cursor: str | None = None


class IssueAccepted(Out):
    """It is stored and will not be lost."""

    reference: str = Field(examples=["7K3M-9QWX"])
    status_url: str = Field(examples=["https://banso.example.com/s/sato~..."])


class OwnerOut(Out):
    id: str
    name: str
    team: str | None = Field(description="The team's id.")


class AttachmentOut(Out):
    filename: str
    content_type: str = Field(description="As it was said by whoever sent it.")
    size: int = Field(description="In bytes.")
    sha256: str
    url: str

    @classmethod
    def of(cls, attachment: Attachment, base: str) -> Self:
        return cls(
            filename=attachment.filename,
            content_type=attachment.content_type,
            size=attachment.size,
            sha256=attachment.sha256,
            url=f"{base}/attachments/{attachment.sha256}",
        )


class HistoryOut(Out):
    at: datetime
    event: str
    text: str
    words: str | None = Field(default=None, description="What a person wrote, if anything.")
    person: str | None = Field(default=None, description="The id of whoever did it.")
    attachments: list[AttachmentOut] = Field(default_factory=list)


class CommentOut(Out):
    at: datetime
    person: str | None = Field(description="The id of whoever wrote.")
    text: str
    attachments: list[AttachmentOut]


class StationOut(Out):
    """One owner's time with an issue."""

    owner: str = Field(description="The owner's id.")
    team: str | None = Field(description="The team's id.")
    since: datetime
    until: datetime | None = Field(description="Null where it still lies there.")
    sat_s: float | None = Field(
        description="Working seconds, in the owner's calendar; null where it still lies there."
    )
    waited_s: float | None = Field(description="How many of them it waited for an answer.")

    @classmethod
    def of(cls, station: Station) -> Self:
        """What grows by itself is left out, so that the same issue is the same answer."""
        is_over = station.until is not None
        return cls(
            owner=station.owner_id,
            team=station.team_id,
            since=station.since,
            until=station.until,
            sat_s=station.sat.total_seconds() if is_over else None,
            waited_s=station.waited.total_seconds() if is_over else None,
        )


class IssueOut(Out):
    """An issue as it is now."""

    reference: str
    state: State
    summary: str
    description: str
    owner: OwnerOut | None = Field(description="Null until it is decided.")
    next_step: Step | None = Field(description="Null once the issue is closed.")
    next_step_at: datetime | None
    reminders: int = Field(description="How often Banso has chased it for the carrier.")
    history: list[HistoryOut]
    comments: list[CommentOut] = Field(
        description="What people said besides answers to the carrier, in order."
    )
    attachments: list[AttachmentOut] = Field(description="Files that came with the issue itself.")
    product: str | None = None
    category: str | None = None
    urgency: Urgency | None = None
    source: Source | None = None
    reporter: str = Field(description="The id of whoever wrote.")
    carrier: str | None = Field(default=None, description="The id of whoever carries it.")
    customer: str | None = None
    needed_by: datetime | None = None
    fields: dict[str, str] = Field(description="Answers to the form's own questions.")
    followers: list[str] = Field(description="Ids of people who are kept informed.")
    confidential: bool
    raised_at: datetime
    why: str = Field(description="Why this owner, in a sentence.")
    why_in_full: list[str] = Field(description="What led there, and why not each of the others.")
    helpers: list[str] = Field(description="Ids of the colleagues who help.")
    waiting_for: WaitingFor | None = Field(
        default=None, description="Whose answer it waits for; the owner's clock stands still."
    )
    snoozed_until: datetime | None = None
    promised_at: datetime | None = Field(
        default=None, description="When its owner said that it will be solved."
    )
    queued: bool = Field(description="Nobody was free; it goes to somebody as soon as one is.")
    merged_into: str | None = Field(
        default=None, description="Reference of the issue that it is the same as."
    )
    part_of: str | None = Field(
        default=None, description="Reference of the problem that it is part of."
    )
    parts: list[str] = Field(description="References of the issues that are part of this problem.")
    stations: list[StationOut] = Field(description="Where it was, in order.")

    @classmethod
    def from_seen(cls, seen: Seen, said: dict[str, Any], reporter: str, base: str) -> Self:
        """`said`: what was said when it was brought in; `base`: where the API has the issue."""
        owner, snapshot, brought = seen.owner, seen.snapshot, seen.brought

        def files(attachments: tuple[Attachment, ...]) -> list[AttachmentOut]:
            return [AttachmentOut.of(one, base) for one in attachments]

        def told(name: str) -> Any:
            return getattr(snapshot, name) if snapshot else said.get(name)

        return cls(
            reference=seen.reference,
            state=seen.state,
            summary=seen.summary,
            description=seen.description,
            owner=OwnerOut(id=owner.id, name=owner.name, team=owner.team) if owner else None,
            next_step=seen.next_step,
            next_step_at=seen.next_step_at,
            reminders=seen.reminders,
            history=[
                HistoryOut(
                    at=line.at,
                    event=line.event,
                    text=line.text,
                    words=line.words,
                    person=line.person_id,
                    attachments=files(line.files),
                )
                for line in seen.history
            ],
            comments=[
                CommentOut(
                    at=line.at,
                    person=line.person_id,
                    text=line.words or "",
                    attachments=files(line.files),
                )
                for line in seen.history
                if line.event in ("commented", "imported")
            ],
            attachments=files(brought.files),
            product=told("product"),
            category=told("category"),
            urgency=told("urgency"),
            source=told("source"),
            reporter=reporter,
            carrier=snapshot.carrier_id if snapshot else None,
            customer=brought.customer,
            needed_by=brought.needed_by,
            fields=said.get("fields", {}),
            followers=list(snapshot.follower_ids if snapshot else said.get("follower_ids", ())),
            confidential=seen.confidential,
            raised_at=seen.raised_at,
            why=seen.why.sentence,
            why_in_full=[*seen.why.how, *seen.why.others],
            helpers=list(snapshot.helper_ids) if snapshot else [],
            waiting_for=snapshot.waiting_for if snapshot else None,
            snoozed_until=snapshot.snoozed_until if snapshot else None,
            promised_at=snapshot.promised_at if snapshot else None,
            queued=snapshot.queued if snapshot else False,
            merged_into=seen.family.main.reference if seen.family.main else None,
            part_of=seen.family.problem.reference if seen.family.problem else None,
            parts=[one.reference for one in seen.family.parts],
            stations=[StationOut.of(one) for one in seen.stations],
        )


class ListedOut(Out):
    """An issue in a list."""

    reference: str
    state: State
    summary: str
    owner: str | None = Field(description="The owner's id; null until it is decided.")
    team: str | None
    carrier: str | None
    product: str | None
    category: str | None
    urgency: Urgency | None
    source: Source | None
    confidential: bool
    next_step: Step | None
    next_step_at: datetime | None
    raised_at: datetime
    changed_at: datetime
    url: str

    @classmethod
    def of(cls, listed: Listed, url: str) -> Self:
        return cls(
            reference=listed.reference,
            state=listed.state,
            summary=listed.summary,
            owner=listed.owner_id,
            team=listed.team_id,
            carrier=listed.carrier_id,
            product=listed.product,
            category=listed.category,
            urgency=listed.urgency,
            source=listed.source,
            confidential=listed.confidential,
            next_step=listed.next_step,
            next_step_at=listed.next_step_at,
            raised_at=listed.raised_at,
            changed_at=listed.changed_at,
            url=url,
        )


class IssuesOut(Out):
    """A part of the list, the newest first."""

    issues: list[ListedOut]
    next: str | None = Field(
        description="Where the list goes on; also in the header `Link`. Null at its end."
    )


class CommentAccepted(Out):
    """It is stored and will not be lost."""

    reference: str
    event_id: str = Field(description="Of the event that says it.")


class ActionAccepted(Out):
    """It is stored and will be decided; the issue shows what comes of it."""

    reference: str
    event_id: str = Field(description="Of the event that says it.")


class AbsenceOut(Out):
    """A time in which somebody is away."""

    id: str
    person: str
    starts_at: datetime
    ends_at: datetime
    substitute: str | None = Field(description="Null: whoever the organisation or Banso names.")
    is_over: bool = Field(description="Called off, or over.")


class AbsencesOut(Out):
    absences: list[AbsenceOut] = Field(description="The next first.")


class PauseOut(Out):
    """A time in which Banso reminds nobody."""

    id: str
    starts_at: datetime
    ends_at: datetime
    text: str
    has_begun: bool
    is_over: bool = Field(description="Called off, or over.")


class PausesOut(Out):
    pauses: list[PauseOut] = Field(description="The next first.")


class PreferencesOut(Out):
    """How somebody is told."""

    person: str
    language: Language
    channels: list[Channel] = Field(
        description="In this order; none for somebody outside, who gets mail."
    )
    told: Told
    opens: str | None = Field(description="From when on their working days; null: as they work.")
    closes: str | None
    urgent_passes: bool
    digest: Digest

    @classmethod
    def of(
        cls,
        person_id: str,
        wanted: Preferences,
        language: Language,
        channels: Iterable[Channel],
    ) -> Self:
        return cls(
            person=person_id,
            language=language,
            channels=list(channels),
            told=wanted.told,
            opens=time_of(wanted.opens) or None,
            closes=time_of(wanted.closes) or None,
            urgent_passes=wanted.urgent_passes,
            digest=wanted.digest,
        )


class EvidenceOut(Out):
    """What one team's doing has moved."""

    move: Move
    team: str | None = Field(description="Its id; null where it is no single team's.")
    count: int = Field(description="How often; for `waiting`, of how many issues.")
    of: int | None = Field(description="Of how many issues that the team had, for `waiting`.")
    higher: bool = Field(description="It makes the figure higher, not lower.")
    words: str = Field(description="The same in words.")


class FigureOut(Out):
    """How the company answers somebody, compared with how it answers others."""

    level: Level | None = Field(description="Null: as others, as far as is known.")
    score: float | None = Field(
        description="From 0 to 1. Everybody begins with 0.05, and from 0.3 on Banso does something;"
        " null where nothing was ever unusual."
    )
    since: datetime | None = Field(description="When it became as high as the level says.")
    why: list[EvidenceOut] = Field(description="What it is made of, the heaviest first.")


class CompanionshipOut(Out):
    """A carrier and whoever runs alongside, or is asked to."""

    id: str
    carrier: str
    companion: str | None = Field(description="Who runs alongside, or is asked now.")
    part: Part = Field(description="What the caller has to do with it now.")
    may_say: list[CompanionWord] = Field(description="Which words are the caller's to say now.")
    answer_by: datetime | None = Field(description="Until when a colleague is asked.")


class CompanionshipsOut(Out):
    companionships: list[CompanionshipOut]


class WordIn(In):
    """A word about a companionship."""

    word: CompanionWord


class MuteOut(Out):
    """Whether somebody gets messages about an issue."""

    reference: str
    person: str
    muted: bool = Field(description="They get none, but for what only they can do.")


class NotificationOut(Out):
    """One thing that somebody was told by one channel."""

    at: datetime
    person: str
    reason: str = Field(description="Why they were told, in a word.")
    channel: Channel
    result: store.Result = Field(description="What came of it.")
    error: str | None = Field(description="What the channel said, without any address.")

    @classmethod
    def of(cls, told: store.Told) -> Self:
        return cls(
            at=told.at,
            person=told.person_id,
            reason=told.reason,
            channel=Channel(told.channel),
            result=told.result,
            error=told.error,
        )


class NotificationsOut(Out):
    notifications: list[NotificationOut] = Field(description="The newest first.")


class HookOut(Out):
    """What became of another system's message."""

    status: Literal["raised", "known", "ignored"] = Field(
        description="A new issue; one that was here before; or nothing, see 202."
    )
    reference: str | None = None
    status_url: str | None = None


class ImportedOut(Out):
    """What became of one issue of an import."""

    id: str
    outcome: Literal["imported", "known", "refused"]
    reference: str | None = None
    problem: str | None = Field(default=None, description="Why it was refused.")


class ImportOut(Out):
    issues: list[ImportedOut] = Field(description="In the order in which they were sent.")


class FaultOut(Out):
    """One thing that is wrong in a request."""

    field: str
    problem: str


class ProblemOut(Out):
    """A refusal (RFC 9457): what is wrong, and what to do next."""

    type: str = Field(examples=["about:blank"])
    title: str
    status: int
    detail: str
    errors: list[FaultOut] | None = None
    refusal: str | None = Field(default=None, description="Why an action was refused, in a word.")
    scope: str | None = Field(default=None, description="The scope that the token lacks.")
