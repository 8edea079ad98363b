"""Texts and mails too long for an event, kept by the hash of their content."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO
from uuid import uuid4

_PIECE = 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A directory of blobs. What was put in is on the disk before `put` returns."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, content: bytes) -> str:
        """Keeps the content; its name is the SHA-256 in hexadecimal."""
        return self._put(sha256(content).hexdigest(), [content])

    def put_file(self, file: IO[bytes]) -> str:
        """Keeps the content of an open file, read twice in pieces instead of held whole."""
        file.seek(0)
        name = _digest(file)
        file.seek(0)
        return self._put(name, _pieces(file))

    def _put(self, name: str, pieces: Iterable[bytes]) -> str:
        path = self._path(name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_suffix(f".{uuid4().hex}.half")
            with half.open("wb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        for directory in (path.parent, self._directory):
            _sync(directory)
        return name

    def get(self, name: str) -> bytes:
        """The content; raises FileNotFoundError where there is no such blob."""
        return self._path(name).read_bytes()

    def open(self, name: str) -> IO[bytes]:
        """The content, to be read in pieces; raises FileNotFoundError."""
        return self._path(name).open("rb")

    def _path(self, name: str) -> Path:
        if not _SHA256.fullmatch(name):
            raise FileNotFoundError(name)
        return self._directory / name[:2] / name


def _digest(file: IO[bytes]) -> str:
    seen = sha256()
    for piece in _pieces(file):
        seen.update(piece)
    return seen.hexdigest()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
