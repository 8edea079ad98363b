"""What the auditor is told by its environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from shared.contracts.event import Speaker
from shared.settings import ProcessSettings


class AuditSettings(ProcessSettings):
    model_config = SettingsConfigDict(
        env_prefix="BANSO_",
        extra="ignore",
        hide_input_in_errors=True,  # addresses of dead-man services are secrets
    )

    audit_databases: dict[Speaker, str]
    """By service, the URL of its database; a user who may only read is enough."""
    audit_memory: Path | None = None
    """The file that says how far everything is proven; without one each start begins anew."""
    audit_every: timedelta = Field(default=timedelta(minutes=1), gt=timedelta())
    audit_full_every: timedelta = Field(default=timedelta(days=1), gt=timedelta())
    """How often everything is proven from the beginning."""
    audit_second_look: timedelta = Field(default=timedelta(seconds=5), ge=timedelta())
    """What is suspected counts when it is still so after this time."""
    audit_repairs: bool = True
    deadman_url: SecretStr | None = None
    """Called after each complete audit that has found nothing."""
    deadman_fail_url: SecretStr | None = None
    """Called after one that has found something; by default the former with `/fail`."""

    @field_validator("audit_databases")
    @classmethod
    def _all_services(cls, urls: dict[Speaker, str]) -> dict[Speaker, str]:
        if missing := set(Speaker) - set(urls):
            raise ValueError(f"name the database of {', '.join(sorted(missing))}, too")
        return urls

    @field_validator("deadman_url", "deadman_fail_url")
    @classmethod
    def _on_the_web(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write an address that begins with https:// or http://")
        return url
