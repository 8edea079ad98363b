"""What the notifier is told by its environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import Linked


class NotifierSettings(Linked):
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
    messages_per_hour: Annotated[int, Field(ge=0)] = 60
    """How many messages one person gets one by one; what is more goes together. 0: any number."""
