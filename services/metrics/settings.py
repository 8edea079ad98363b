"""What metrics is told by its environment."""

from __future__ import annotations

from pydantic import Field, SecretStr

from shared.settings import Settings


class MetricsSettings(Settings):
    """Beyond what all services are told: who may read figures by name."""

    people_token: SecretStr | None = Field(default=None, min_length=16)
    """The bearer token for `/metrics/people`; without one nobody reads it."""
