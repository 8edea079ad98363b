"""What metrics is told by its environment."""

from __future__ import annotations

from shared.settings import Settings


class MetricsSettings(Settings):
    """Nothing beyond what all services are told."""
