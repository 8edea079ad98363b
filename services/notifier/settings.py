"""What the notifier is told by its environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from shared.channels import Channels, ChannelsSetting
from shared.settings import Linked


class NotifierSettings(Linked):
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    mail_directory: Path
    """Where outgoing mail is put as `.eml` files while no server is configured."""
    smtp_out_host: str | None = None
    """The server that takes our mail; without one it goes to `mail_directory`."""
    smtp_out_port: int = 25
    smtp_out_user: str | None = None
    smtp_out_password: SecretStr | None = None
    smtp_out_tls: bool = False
    """TLS from the first byte; without it STARTTLS is used where the server offers it."""
    smtp_out_connections: int = 8
    channels: ChannelsSetting = Channels()
    """The channels beside mail."""
