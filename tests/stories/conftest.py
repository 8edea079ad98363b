from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, running


@pytest.fixture
def banso(tmp_path: Path) -> Iterator[Installation]:
    """The sample organisation on a Monday morning. Every mail must be expected."""
    with running(tmp_path) as installation:
        yield installation
