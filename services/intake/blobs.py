"""Texts and mails too long for an event, kept by the hash of their content."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A directory of blobs. What was put in is on the disk before `put` returns."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, content: bytes) -> str:
        """Keeps the content; its name is the SHA-256 in hexadecimal."""
        name = sha256(content).hexdigest()
        path = self._path(name)
        if path.exists():
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}.half")
        with half.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        for directory in (path.parent, self._directory):
            _sync(directory)
        return name

    def get(self, name: str) -> bytes:
        """The content; raises FileNotFoundError where there is no such blob."""
        if not _SHA256.fullmatch(name):
            raise FileNotFoundError(name)
        return self._path(name).read_bytes()

    def _path(self, name: str) -> Path:
        return self._directory / name[:2] / name


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
