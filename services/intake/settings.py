"""What intake is told by its environment."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    model_validator,
)
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.channels import Channels, ChannelsSetting
from shared.contracts.intake import MOST_FILES
from shared.settings import Linked


class MailboxSettings(BaseModel):
    """A mailbox of which every mail is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[\w.@+-]+$")
    """As logs and metrics call it."""
    address: str
    """Which of our addresses its mails have come to."""
    host: str
    port: int = 0
    """0 is the usual one: 993 with `implicit`, else 143."""
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca_file: Path | None = None
    """Whose certificates are trusted, instead of those that the machine trusts."""
    user: str
    password: SecretStr | None = None
    password_file: Path | None = None
    """Read before each login."""
    token_command: list[str] | None = Field(default=None, min_length=1)
    """Prints an OAuth2 access token; run before each login."""
    folder: str = "INBOX"
    processed: str = "Processed"
    """Where a mail goes that is stored."""
    refused: str = "Quarantine"
    """Where a mail goes that can't be taken, for somebody to look at."""

    @model_validator(mode="after")
    def _is_usable(self) -> MailboxSettings:
        given = (self.password, self.password_file, self.token_command)
        if sum(one is not None for one in given) != 1:
            raise ValueError("give one of password, password_file and token_command")
        if len({self.folder, self.processed, self.refused}) < 3:
            raise ValueError("folder, processed and refused must be three different folders")
        return self


def _read(said: Any) -> Any:
    """A JSON list, or the path of a file with one in JSON or YAML."""
    if not isinstance(said, str):
        return said
    try:
        if said.lstrip().startswith("["):
            return json.loads(said)
        return yaml.safe_load(Path(said).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{said} can't be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)  # their words would repeat passwords
        line = mark.line + 1 if mark else getattr(error, "lineno", 1)
        raise ValueError(f"line {line} is neither JSON nor YAML") from None


def _named_differently(mailboxes: list[MailboxSettings]) -> list[MailboxSettings]:
    if len({mailbox.name for mailbox in mailboxes}) < len(mailboxes):
        raise ValueError("two mailboxes have the same name")
    return mailboxes


Mailboxes = Annotated[
    list[MailboxSettings], NoDecode, BeforeValidator(_read), AfterValidator(_named_differently)
]


def read_mailboxes(said: str) -> list[MailboxSettings]:
    """As intake reads them from its environment; raises ValidationError, which tells no secret."""
    adapter = TypeAdapter(Mailboxes, config=ConfigDict(hide_input_in_errors=True))
    return adapter.validate_python(said)


class IntakeSettings(Linked):
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    blobs: Path
    web_host: str = "127.0.0.1"
    web_port: int = 0
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 0
    smtp_tls_certificate: Path | None = None
    """A PEM file; with one STARTTLS is offered."""
    smtp_tls_key: Path | None = None
    """Where the key does not stand in the same file."""
    smtp_connections: int = Field(default=100, ge=1)
    """How many may be open at once; the same number for LMTP."""
    lmtp_host: str = "127.0.0.1"
    lmtp_port: int | None = None
    """None: no LMTP."""
    imap_mailboxes: Mailboxes = Field(default_factory=list)
    imap_idle: timedelta = Field(default=timedelta(minutes=5), gt=timedelta())
    """After so long without a word from a server we look ourselves."""
    imap_timeout: timedelta = Field(default=timedelta(seconds=30), gt=timedelta())
    """A server that says nothing for so long when asked is gone."""
    channels: ChannelsSetting = Channels()
    """In which chats people are, and may answer."""
    api_token_hashes: list[str] = Field(default_factory=list)
    """SHA-256 in hexadecimal of bearer tokens that may do all but hooks and imports."""
    api_tokens: Path | None = None
    """The file that `banso token` writes."""
    api_requests_per_minute: int = 6000
    """By one token."""
    most_attachments: int = Field(default=10, ge=0, le=MOST_FILES)
    largest_attachment_bytes: int = 25 * 1024 * 1024
    largest_attachments_bytes: int = 50 * 1024 * 1024
    """All files of one message together."""
    largest_mail_bytes: int = 25 * 1024 * 1024
    largest_request_bytes: int = 1024 * 1024
    trusted_proxies: list[str] = Field(default_factory=lambda: ["127.0.0.0/8", "::1/128"])
    """Networks of the web servers in front of the pages, whose `X-Forwarded-For` is believed."""
    least_form_s: float = 3.0
    """Whoever sends the form sooner is asked for one click more; 0 asks nobody."""
    most_from_a_connection: str = "40 per 10 minutes; 400 per day"
    """Forms. A whole office may be behind one address."""
    most_for_an_address: str = "10 per 10 minutes; 60 per day"
    """Forms with one mail address, which gets a mail for each."""
    most_by_form: str = "300 per 10 minutes"
    """Forms from everybody together."""
    most_by_a_link: str = "30 per 10 minutes; 300 per day"
    """Messages on status pages by one person about one issue."""
