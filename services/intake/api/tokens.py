"""The tokens of the API: who may do what with which, in a file that only its owner may read.

`banso token` writes it, intake reads it again whenever it has changed, and neither ever keeps the
token itself (docs/adr/0013).
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from shared import clock, logs

log = logs.get(__name__)

TOKENS = "tokens.json"
"""The file's name in a data directory."""
PREFIX = "banso_"
"""So that a token is known as one wherever it turns up."""


class Scope(StrEnum):
    """What a token allows."""

    RAISE = "raise"
    """Bring in issues."""
    READ = "read"
    """Look at issues."""
    COMMENT = "comment"
    """Say more about an issue."""
    ACT = "act"
    """Do what an owner or carrier does."""
    HOOK = "hook"
    """Have another system's messages become issues."""
    IMPORT = "import"
    """Bring in an old helpdesk's history."""
    ABSENCE = "absence"
    """Say who is away."""
    PAUSE = "pause"
    """Let all chasing rest, in the leader's name."""
    PREFERENCE = "preference"
    """Say how people want to be told, and of what no more."""


EVERYDAY = (Scope.RAISE, Scope.READ, Scope.COMMENT, Scope.ACT, Scope.ABSENCE, Scope.PREFERENCE)
"""What the token of `banso up` allows."""


class Token(BaseModel):
    """What is kept of a token."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    name: str
    sha256: str
    scopes: tuple[Scope, ...]
    person: str | None = None
    """Whoever shows it speaks as this person, and as nobody else."""
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and (
            self.expires_at is None or clock.now() < self.expires_at
        )


class NoSuchToken(Exception):
    """No token has this id."""


class _Kept(BaseModel):
    tokens: tuple[Token, ...] = ()


class TokenFile:
    """The file, as the command line changes it: in one step, one writer at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> Sequence[Token]:
        """Every token, revoked ones too; raises ValueError where the file can't be read."""
        return _read(self._file)

    def add(
        self,
        name: str,
        scopes: Sequence[Scope],
        *,
        person: str | None = None,
        expires_at: AwareDatetime | None = None,
    ) -> tuple[Token, str]:
        """A new token, and its text, which is nowhere else from now on."""
        text = f"{PREFIX}{secrets.token_urlsafe(32)}"
        with self._alone() as tokens:
            token = Token(
                id=_new_id(tokens),
                name=name,
                sha256=_hash(text),
                scopes=_in_order(scopes),
                person=person,
                created_at=clock.now(),
                expires_at=expires_at,
            )
            self._write([*tokens, token])
        return token, text

    def know(self, token_id: str, name: str, text: str, scopes: Sequence[Scope]) -> None:
        """Adds a token that was made elsewhere, unless it was added before, revoked or not."""
        with self._alone() as tokens:
            if any(token.sha256 == _hash(text) for token in tokens):
                return
            token = Token(
                id=token_id,
                name=name,
                sha256=_hash(text),
                scopes=_in_order(scopes),
                created_at=clock.now(),
            )
            self._write([*(one for one in tokens if one.id != token_id), token])

    def revoke(self, token_id: str) -> Token:
        """It is worth nothing from now on. Raises NoSuchToken."""
        with self._alone() as tokens:
            found = next((token for token in tokens if token.id == token_id), None)
            if found is None:
                raise NoSuchToken(token_id)
            revoked = found.model_copy(update={"revoked_at": found.revoked_at or clock.now()})
            self._write([revoked if token is found else token for token in tokens])
        return revoked

    @contextmanager
    def _alone(self) -> Iterator[Sequence[Token]]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self._file.with_suffix(".lock"), _OPEN, 0o600), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield _read(self._file)

    def _write(self, tokens: Sequence[Token]) -> None:
        kept = [token.model_dump(mode="json", exclude_none=True) for token in tokens]
        half = self._file.with_suffix(".half")
        with os.fdopen(os.open(half, _OPEN | os.O_TRUNC, 0o600), "w") as opened:
            json.dump({"tokens": kept}, opened, indent=2, ensure_ascii=False)
            opened.flush()
            os.fsync(opened.fileno())
        half.replace(self._file)


class KnownTokens:
    """The tokens that are good now. What the command line changes counts from the next request."""

    def __init__(self, file: Path | None, hashes: Sequence[str] = ()) -> None:
        self._file = file
        self._fixed = tuple(
            Token(
                id=known[:8],
                name="settings",
                sha256=known,
                scopes=EVERYDAY,
                created_at=clock.now(),
            )
            for known in hashes
        )
        self._seen: tuple[int, int, int] | None = None
        self._tokens: Sequence[Token] = ()

    def find(self, text: str) -> Token | None:
        """The valid token with this text. How long it takes tells nothing about the others."""
        self._look()
        shown = _hash(text)
        found = [
            token
            for token in (*self._fixed, *self._tokens)
            if hmac.compare_digest(token.sha256, shown)
        ]
        return next((token for token in found if token.is_valid), None)

    def _look(self) -> None:
        """Reads the file where it is another than before; a broken one changes nothing."""
        if self._file is None:
            return
        try:
            stat = self._file.stat()
        except OSError:
            self._seen, self._tokens = None, ()
            return
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._tokens = _read(self._file)
        except (OSError, ValueError) as error:
            log.error("tokens.unusable", file=str(self._file), error=type(error).__name__)
        else:
            log.info("tokens.read", count=len(self._tokens))


_OPEN = os.O_WRONLY | os.O_CREAT


def _read(file: Path) -> Sequence[Token]:
    """Raises ValueError for what is no file of tokens."""
    if not file.exists():
        return ()
    try:
        return _Kept.model_validate_json(file.read_bytes()).tokens
    except ValidationError as error:
        raise ValueError(f"{file} is not a file of tokens") from error


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def _new_id(tokens: Sequence[Token]) -> str:
    taken = {token.id for token in tokens}
    return next(one for one in iter(lambda: secrets.token_hex(4), "") if one not in taken)


def _in_order(scopes: Sequence[Scope]) -> tuple[Scope, ...]:
    return tuple(scope for scope in Scope if scope in scopes)
