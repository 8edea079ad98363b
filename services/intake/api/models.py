"""What the API takes and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from services.intake import clean
from services.intake.submission import LONGEST_DESCRIPTION, LONGEST_SUMMARY, is_plausible
from services.intake.view import Seen
from shared.contracts.issue import State, Step, Urgency

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


def _plausible(day: date | None) -> date | None:
    if day is not None and not is_plausible(day):
        raise ValueError("must be a day between 2000 and 2199")
    return day


Line = Annotated[str | None, AfterValidator(_line)]


class Reporter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, AfterValidator(_filled_line)] = Field(examples=["佐藤 健"])
    email: Annotated[str, AfterValidator(_address)] = Field(examples=["sato@example.com"])


class IssueIn(BaseModel):
    """A problem that somebody brings in."""

    model_config = ConfigDict(extra="forbid")

    summary: Annotated[str, AfterValidator(_filled_line)] = Field(
        max_length=10_000, description="One line; what is beyond 200 characters is cut."
    )
    description: Annotated[str, AfterValidator(_filled_text)] = Field(
        max_length=LONGEST_DESCRIPTION
    )
    reporter: Reporter
    product: Line = Field(
        default=None, description="Id or name; an unknown one is kept as it was said."
    )
    category: Line = Field(
        default=None, description="Id or name; an unknown one is kept as it was said."
    )
    urgency: Annotated[Urgency | None, BeforeValidator(_urgency)] = None
    language: str | None = Field(
        default=None, max_length=35, description="`ja` or `en`; guessed from the text otherwise."
    )
    customer: Line = Field(default=None, description="The customer concerned.")
    needed_by: Annotated[AwareDatetime | datetime | date | None, AfterValidator(_plausible)] = (
        Field(default=None, description="A day, or an instant; without a zone it is the company's.")
    )
    on_behalf_of: Reporter | Line = Field(
        default=None, description="The colleague or customer for whom the reporter writes."
    )


class IssueAccepted(BaseModel):
    """It is stored and will not be lost."""

    reference: str = Field(examples=["7K3M-9QWX"])
    status_url: str


class OwnerOut(BaseModel):
    id: str
    name: str
    team: str | None = Field(description="The team's id.")


class HistoryOut(BaseModel):
    at: datetime
    event: str
    text: str
    words: str | None = Field(default=None, description="What a person wrote, if anything.")


class IssueOut(BaseModel):
    """An issue as it is now."""

    reference: str
    state: State
    summary: str
    owner: OwnerOut | None = Field(description="Null until it is decided.")
    next_step: Step | None = Field(description="Null once the issue is closed.")
    next_step_at: datetime | None
    reminders: int = Field(description="How often Banso has chased it for the carrier.")
    history: list[HistoryOut]
    product: str | None = None
    category: str | None = None
    urgency: Urgency | None = None
    raised_at: datetime
    why: str = Field(description="Why this owner, in a sentence.")

    @classmethod
    def from_seen(cls, seen: Seen) -> IssueOut:
        owner, snapshot = seen.owner, seen.snapshot
        return cls(
            reference=seen.reference,
            state=seen.state,
            summary=seen.summary,
            owner=OwnerOut(id=owner.id, name=owner.name, team=owner.team) if owner else None,
            next_step=seen.next_step,
            next_step_at=seen.next_step_at,
            reminders=seen.reminders,
            history=[
                HistoryOut(at=line.at, event=line.event, text=line.text, words=line.words)
                for line in seen.history
            ],
            product=snapshot.product if snapshot else None,
            category=snapshot.category if snapshot else None,
            urgency=snapshot.urgency if snapshot else None,
            raised_at=seen.raised_at,
            why=seen.why,
        )


class ProblemOut(BaseModel):
    """A refusal (RFC 9457): what is wrong, and what to do next."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None
