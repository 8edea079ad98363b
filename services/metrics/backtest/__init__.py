"""What the figures would have said about an old helpdesk's history (`banso backtest`)."""

from services.metrics.backtest.events import Events, LineUnusable
from services.metrics.backtest.history import Meta, MetaUnusable, read_meta
from services.metrics.backtest.scoring import Backtest, Scored, scores, ticked

__all__ = [
    "Backtest",
    "Events",
    "LineUnusable",
    "Meta",
    "MetaUnusable",
    "Scored",
    "read_meta",
    "scores",
    "ticked",
]
