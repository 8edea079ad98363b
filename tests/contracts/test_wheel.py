"""The wheel holds what an installed Banso needs, and not only its Python."""

from __future__ import annotations

import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling import build

ROOT = Path(__file__).parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = CONFIGURATION["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
NEEDED = (
    "deploy/local/organisation.yaml",
    "services/intake/web/static/banso.css",
    "services/intake/web/static/banso.js",
    "services/intake/web/templates/form.html",
    "services/notifier/templates/mail.html",
    "services/notifier/templates/mail.txt",
    "services/router/migrations/versions/0001_first.py",
    "shared/locale/ja.po",
    "shared/migrations/env.py",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The names of all files in a wheel that was just built."""
    directory = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = build.build_wheel(str(directory))
    with zipfile.ZipFile(directory / name) as archive:
        return frozenset(archive.namelist())


@pytest.mark.parametrize("file", NEEDED)
def test_a_file_without_which_nothing_works_is_in_the_wheel(
    file: str, wheel: frozenset[str]
) -> None:
    assert file in wheel


def test_every_file_of_the_packages_is_in_the_wheel(wheel: frozenset[str]) -> None:
    files = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert files - wheel == set()


def test_the_wheel_holds_the_packages_the_licence_and_the_command_alone(
    wheel: frozenset[str],
) -> None:
    rooms = {name.partition("/")[0] for name in wheel}
    [about] = rooms - set(PACKAGES)

    assert about.startswith("banso-")
    assert f"{about}/licenses/LICENSE" in wheel
    assert f"{about}/entry_points.txt" in wheel
