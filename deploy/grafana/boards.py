"""All boards, and the files that they are."""

from __future__ import annotations

from pathlib import Path

from deploy.grafana import causes, flow, front_line, health
from deploy.grafana.panels import Board
from deploy.grafana.render import rendered
from deploy.grafana.words import LANGUAGES

ROOM = Path(__file__).parent
BOARDS: tuple[Board, ...] = (front_line.BOARD, flow.BOARD, causes.BOARD, health.BOARD)
FILES = {
    ROOM / language / f"{board.uid}.json": rendered(board, language)
    for language in LANGUAGES
    for board in BOARDS
}
