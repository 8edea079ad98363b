"""The operator's private file: by which channels people are told beside mail, and with which
secrets. The notifier sends by them, intake hears what comes back."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode

from shared.contracts.event import Event
from shared.contracts.issue import Action
from shared.contracts.organisation import Channel
from shared.contracts.router import (
    ActionRefused,
    ChasingPaused,
    ChasingResumed,
    PersonAway,
    PersonBack,
)
from shared.contracts.traffic import ISSUE_EVENTS

AT_ONCE = frozenset({Action.ACKNOWLEDGE, Action.CONFIRM, Action.RESUME, Action.TAKE, Action.UNDO})
"""What a press of a button in a chat does by itself."""
ASKED_FIRST = frozenset(
    {
        Action.ANSWER,
        Action.ASK,
        Action.DECLINE,
        Action.HAND_OVER,
        Action.PROMISE,
        Action.REOPEN,
        Action.RESOLVE,
        Action.SNOOZE,
        Action.WAIT,
    }
)
"""What needs words, people or days, which are asked in the chat. All else has its page."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
"""Stands in organisation files, logs and metrics, so that it is no secret."""

WEBHOOK_EVENTS: tuple[type[Event], ...] = (
    *ISSUE_EVENTS,
    ActionRefused,
    PersonAway,
    PersonBack,
    ChasingPaused,
    ChasingResumed,
)
"""What other systems can be told of: all that the router says of issues and absences."""

_SUBJECTS = frozenset(event.subject for event in WEBHOOK_EVENTS)
_SHORTEST_KEY_BYTES, _LONGEST_KEY_BYTES = 24, 64
"""As Standard Webhooks wants it."""


def _has_text(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("must not be empty")
    return secret


def _is_address(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(("https://", "http://")):
        raise ValueError("must be an address that begins with https://")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_has_text)]
Address = Annotated[SecretStr, AfterValidator(_is_address)]
"""Whoever knows it can send, so that it is a secret, too."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Slack(_Part):
    bot_token: Secret
    signing_secret: Secret | None = None
    """With it buttons act at once; without it they are links."""
    url: str = "https://slack.com/api"


class Teams(_Part):
    places: dict[Name, Address] = Field(min_length=1)
    """The address of a workflow for each place."""


class Matrix(_Part):
    homeserver: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+/?$")]
    user: Annotated[str, StringConstraints(pattern=r"^@[^\s:]+:\S+$")]
    access_token: Secret


class Chatwork(_Part):
    token: Secret
    url: str = "https://api.chatwork.com/v2"


class LineWorks(_Part):
    client_id: str = Field(min_length=1)
    client_secret: Secret
    service_account: str = Field(min_length=1)
    private_key: Secret | None = None
    """As PEM."""
    private_key_file: Path | None = None
    bot_id: Annotated[str, StringConstraints(pattern=r"^\d+$")]
    monthly: int | None = Field(default=None, ge=0)
    """So many messages a month; what doesn't fit goes by the next channel."""
    url: str = "https://www.worksapis.com/v1.0"
    token_url: str = "https://auth.worksmobile.com/oauth2/v2.0/token"  # noqa: S105

    @field_validator("bot_id", mode="before")
    @classmethod
    def _as_text(cls, said: Any) -> Any:
        return str(said) if isinstance(said, int) else said

    @model_validator(mode="after")
    def _has_one_key(self) -> LineWorks:
        if (self.private_key is None) == (self.private_key_file is None):
            raise ValueError("give one of private_key and private_key_file")
        return self

    def key(self) -> str:
        """The private key as PEM; raises OSError where its file can't be read."""
        if self.private_key is not None:
            return self.private_key.get_secret_value()
        assert self.private_key_file is not None
        return self.private_key_file.read_text(encoding="ascii")


class Apprise(_Part):
    places: dict[Name, Secret] = Field(min_length=1)
    """An address for each place, as Apprise writes them."""


SYSTEM = "webhook:"
"""How the ids begin that stand for systems where others stand for people; no person's does."""


class Webhook(_Part):
    """Another system that is told of what happens."""

    name: Name
    url: Address
    secret: Secret
    only: tuple[str, ...] = ()
    """Subjects of events; none said means all of them."""
    confidential: bool = False
    """Whether it is told of confidential issues, too."""

    @field_validator("secret")
    @classmethod
    def _is_a_key(cls, secret: SecretStr) -> SecretStr:
        try:
            key = _key_of(secret)
        except ValueError:
            key = b""
        if not _SHORTEST_KEY_BYTES <= len(key) <= _LONGEST_KEY_BYTES:
            raise ValueError(
                "must be whsec_ and 24 to 64 random bytes in base64; make one with:"
                ' echo "whsec_$(openssl rand -base64 32)"'
            )
        return secret

    @field_validator("only")
    @classmethod
    def _are_known(cls, only: tuple[str, ...]) -> tuple[str, ...]:
        for subject in only:
            if subject not in _SUBJECTS:
                raise ValueError(f"each must be one of {', '.join(sorted(_SUBJECTS))}")
        return only

    def wants(self, subject: str, *, confidential: bool) -> bool:
        """Whether it is to be told of this."""
        return (not self.only or subject in self.only) and (self.confidential or not confidential)

    @property
    def key(self) -> bytes:
        """What it recognises us by."""
        return _key_of(self.secret)


def _key_of(secret: SecretStr) -> bytes:
    return b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)


def _read(said: Any) -> Any:
    """A JSON object, or the path of a file with one in JSON or YAML."""
    if not isinstance(said, str | Path):
        return said
    try:
        if str(said).lstrip().startswith("{"):
            return json.loads(str(said))
        return yaml.safe_load(Path(said).read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise ValueError(f"{said} can't be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)  # their words would repeat secrets
        line = mark.line + 1 if mark else getattr(error, "lineno", 1)
        raise ValueError(f"line {line} is neither JSON nor YAML") from None


class Channels(_Part):
    """What is set up beside mail."""

    slack: Slack | None = None
    teams: Teams | None = None
    matrix: Matrix | None = None
    chatwork: Chatwork | None = None
    lineworks: LineWorks | None = None
    apprise: Apprise | None = None
    webhooks: tuple[Webhook, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _is_read(cls, said: Any) -> Any:
        return _read(said)

    @field_validator("webhooks")
    @classmethod
    def _are_named_differently(cls, webhooks: tuple[Webhook, ...]) -> tuple[Webhook, ...]:
        if len({webhook.name for webhook in webhooks}) < len(webhooks):
            raise ValueError("two webhooks have the same name")
        return webhooks

    def places(self) -> Mapping[Channel, frozenset[str] | None]:
        """Every channel by which people can be told, with the names of its places where it has
        such."""
        named = {
            Channel.EMAIL: True,
            Channel.SLACK: self.slack,
            Channel.MATRIX: self.matrix,
            Channel.CHATWORK: self.chatwork,
            Channel.LINEWORKS: self.lineworks,
        }
        found: dict[Channel, frozenset[str] | None] = {
            channel: None for channel, there in named.items() if there
        }
        if self.teams is not None:
            found[Channel.TEAMS] = frozenset(self.teams.places)
        if self.apprise is not None:
            found[Channel.APPRISE] = frozenset(self.apprise.places)
        return found


ChannelsSetting = Annotated[Channels, NoDecode]
"""`BANSO_CHANNELS` as a field of settings, which must hide input in errors."""


def read_channels(said: str | Path) -> Channels:
    """As the services read them from their environment; raises ValidationError, which tells no
    secret."""
    return Channels.model_validate(said)
