"""What the notifier is told by its environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from services.notifier.channels.pace import Limit, read_limits
from services.notifier.channels.smtp import Tls
from shared.channels import Channels, ChannelsSetting
from shared.settings import Linked


def _read_tls(value: Any) -> Any:
    """Before there were several ways it was yes or no."""
    old = {"true": Tls.IMPLICIT, "1": Tls.IMPLICIT, "yes": Tls.IMPLICIT}
    old |= dict.fromkeys(("false", "0", "no", ""), Tls.STARTTLS)
    return old.get(str(value).lower(), value)


def _read_limits(value: Any) -> Any:
    return read_limits(value) if isinstance(value, str) else value


class NotifierSettings(Linked):
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    mail_directory: Path
    """Where outgoing mail is put as `.eml` files while no server is configured."""
    smtp_out_host: str | None = None
    """The server that takes our mail; without one it goes to `mail_directory`."""
    smtp_out_port: int = 25
    smtp_out_user: str | None = None
    smtp_out_password: SecretStr | None = None
    smtp_out_tls: Annotated[Tls, BeforeValidator(_read_tls)] = Tls.STARTTLS
    smtp_out_ca: Path | None = None
    """Who vouches for the server's certificate (PEM); without it whom this machine trusts."""
    smtp_out_connections: int = 8
    messages_per_hour: Annotated[int, Field(ge=0)] = 60
    """How many messages one person gets one by one; what is more goes together. 0: any number."""
    smtp_out_mails_per_connection: Annotated[int, Field(ge=1)] = 100
    smtp_out_idle_s: float = 30.0
    """A connection that has rested longer is made anew."""
    smtp_out_per_domain: Annotated[dict[str, Limit], NoDecode, BeforeValidator(_read_limits)] = (
        Field(default_factory=dict)
    )
    """How many mails go to a domain, or in all, within a time: `gmail.com=20/min *=600/min`."""
    smtp_out_dsn: bool = False
    """The server is asked to say when a mail lies in its box (RFC 3461)."""
    dkim_key: Path | None = None
    """An RSA key (PEM) with which mails are signed, in the name of the sender's domain."""
    dkim_selector: str | None = None
    templates: Path | None = None
    """The company's own `mail.html` and `mail.txt`; without them ours are used."""
    channels: ChannelsSetting = Channels()
    """The channels beside mail."""

    @model_validator(mode="after")
    def _signs_with_both(self) -> Self:
        if (self.dkim_key is None) != (self.dkim_selector is None):
            raise ValueError("BANSO_DKIM_KEY and BANSO_DKIM_SELECTOR go together")
        return self
