"""What a test needs of the machine, beside Python."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def program(name: str, package: str) -> str:
    """Where a program is; without it the test can't run."""
    return shutil.which(name) or missing(f"{name} is missing: install the package {package}")


def missing(what: str) -> NoReturn:
    """Skips the test on somebody's laptop, and fails it where everything must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
