"""What every service is told by its environment (`BANSO_...`)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ProcessSettings(BaseSettings):
    """Settings of everything that runs: on the bus, with a health port, a log and a clock."""

    model_config = SettingsConfigDict(env_prefix="BANSO_", extra="ignore")

    nats_url: str = "nats://127.0.0.1:4222"
    nats_seed: SecretStr | None = None
    """The service's nkey seed; none for a server without authentication."""
    health_host: str = "127.0.0.1"
    health_port: int = 0
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_style: Literal["json", "text"] = "text"
    clock_file: Path | None = None
    """The movable clock's file; heeded only with `test_clock`."""
    test_clock: bool = False


class Settings(ProcessSettings):
    """Settings that all services share; each adds its own."""

    database_url: str
    journal_payloads_kept: timedelta = timedelta(days=400)


class Linked(Settings):
    """For services that write or read links."""

    web_url: str
    """Where people reach the pages, without a slash at the end."""
    link_keys: list[SecretStr] = Field(min_length=1)
