"""What Prometheus is told: by team, and by person only where that is agreed upon."""

from services.metrics.gauges.figures import BUCKETS, Figures

__all__ = ["BUCKETS", "Figures"]
