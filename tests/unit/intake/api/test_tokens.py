"""Tokens: shown once, kept as hashes, revoked at once."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from services.intake.api.tokens import EVERYDAY, KnownTokens, NoSuchToken, Scope, TokenFile
from shared import clock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def test_a_token_is_32_random_bytes_and_only_its_hash_is_kept(file: Path) -> None:
    token, text = TokenFile(file).add("the shop", [Scope.READ, Scope.RAISE])

    assert re.fullmatch(r"banso_[A-Za-z0-9_-]{43}", text)
    assert token.sha256 == sha256(text.encode()).hexdigest()
    assert text not in file.read_text()
    assert token.scopes == (Scope.RAISE, Scope.READ)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_token_that_was_added_is_known_at_once_and_a_revoked_one_no_more(file: Path) -> None:
    known, tokens = KnownTokens(file), TokenFile(file)
    assert known.find("banso_anything") is None

    token, text = tokens.add("the shop", [Scope.READ])
    found = known.find(text)
    tokens.revoke(token.id)

    assert found == token
    assert known.find(text) is None
    assert [one.revoked_at is None for one in tokens.all()] == [False]


def test_a_token_ends_when_it_was_said_to_end(file: Path) -> None:
    tokens = TokenFile(file)
    _, over = tokens.add("a", [Scope.READ], expires_at=clock.now() - timedelta(seconds=1))
    _, good = tokens.add("b", [Scope.READ], expires_at=clock.now() + timedelta(hours=1))

    known = KnownTokens(file)

    assert known.find(over) is None
    assert known.find(good) is not None


def test_a_token_made_elsewhere_is_added_once_and_stays_revoked(file: Path) -> None:
    tokens = TokenFile(file)
    tokens.know("start", "banso up", "banso_made-elsewhere", EVERYDAY)
    tokens.revoke("start")

    tokens.know("start", "banso up", "banso_made-elsewhere", EVERYDAY)

    assert KnownTokens(file).find("banso_made-elsewhere") is None
    assert len(tokens.all()) == 1


def test_the_hashes_of_the_settings_allow_all_but_hooks_imports_and_pauses(file: Path) -> None:
    known = KnownTokens(None, [sha256(b"old").hexdigest()])

    found = known.find("old")

    assert found is not None
    assert set(found.scopes) == set(Scope) - {Scope.HOOK, Scope.IMPORT, Scope.PAUSE}
    assert known.find("other") is None


def test_a_broken_file_changes_nothing_and_a_missing_one_lets_nobody_in(file: Path) -> None:
    _, text = TokenFile(file).add("the shop", [Scope.READ])
    known = KnownTokens(file)
    assert known.find(text)

    file.write_text("{")
    still = known.find(text)
    file.unlink()

    assert still is not None
    assert known.find(text) is None


def test_revoking_what_does_not_exist_is_a_mistake(file: Path) -> None:
    with pytest.raises(NoSuchToken):
        TokenFile(file).revoke("none")


def test_a_file_that_is_none_of_ours_is_never_overwritten(file: Path) -> None:
    file.write_text('{"tokens": 7}')

    with pytest.raises(ValueError, match="not a file of tokens"):
        TokenFile(file).add("the shop", [Scope.READ])

    assert json.loads(file.read_text()) == {"tokens": 7}


def test_commands_at_the_same_time_lose_no_token(file: Path) -> None:
    """Each opens the lock for itself, as a process does."""
    with ThreadPoolExecutor(3) as writers:
        for done in [writers.submit(_add_several, file, nth) for nth in range(3)]:
            done.result()

    names = {token.name for token in TokenFile(file).all()}

    assert names == {f"{nth}-{count}" for nth in range(3) for count in range(10)}


def _add_several(file: Path, nth: int) -> None:
    for count in range(10):
        TokenFile(file).add(f"{nth}-{count}", [Scope.READ])
