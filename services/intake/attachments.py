"""Files that people send along: how many and how large they may be, and where they are kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Protocol

from services.intake import clean
from services.intake.blobs import Blobs
from shared.contracts.issue import Attachment

_MEGABYTE = 1024 * 1024
LONGEST_NAME = 150
_NOT_IN_NAMES = frozenset('/\\:*?"<>|')
_OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was sent, from whichever door."""

    filename: str
    content_type: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is too large to be held in memory, such as one of a form."""

    filename: str
    content_type: str
    size: int
    content: IO[bytes]


class Sent(Protocol):
    """All that has to be known of a file to tell whether it can be taken."""

    @property
    def filename(self) -> str: ...
    @property
    def size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken; said to people before they choose."""

    most: int = 10
    largest: int = 25 * _MEGABYTE
    """Bytes of one file."""
    together: int = 50 * _MEGABYTE
    """Bytes of all files of one message."""
    refused: frozenset[str] = frozenset(
        {"bat", "cmd", "com", "cpl", "exe", "hta", "jar", "js", "jse", "lnk", "msi", "pif",
         "ps1", "scr", "vbe", "vbs", "wsf"}
    )  # fmt: skip
    """Endings of files that a double click runs: nobody should be handed these."""

    @property
    def largest_mb(self) -> int:
        return self.largest // _MEGABYTE

    @property
    def together_mb(self) -> int:
        return self.together // _MEGABYTE


class FilesRefused(Exception):
    """Files that can't be taken; `file` is the first that is too much."""

    def __init__(self, file: Sent) -> None:
        super().__init__(file.filename)
        self.file = file


class TooManyFiles(FilesRefused):
    """More files than one message may have."""


class FileTooLarge(FilesRefused):
    """One file is larger than may be."""


class TooMuchTogether(FilesRefused):
    """All files together are larger than may be."""


class FileTypeRefused(FilesRefused):
    """A file that a double click runs."""


def check(files: Sequence[Sent], limits: Limits) -> None:
    """Raises FilesRefused where these files can't be taken."""
    together = 0
    for nth, file in enumerate(files, start=1):
        together += file.size
        if nth > limits.most:
            raise TooManyFiles(file)
        if file.size > limits.largest:
            raise FileTooLarge(file)
        if together > limits.together:
            raise TooMuchTogether(file)
        if ending(file.filename) in limits.refused:
            raise FileTypeRefused(file)


def fitting(files: Sequence[File], limits: Limits) -> tuple[list[File], list[File]]:
    """Those within the limits and the rest, for mail, where nobody can be asked: the rest stays
    in the raw mail."""
    taken: list[File] = []
    left: list[File] = []
    for file in files:
        try:
            check([*taken, file], limits)
        except FilesRefused:
            left.append(file)
        else:
            taken.append(file)
    return taken, left


def keep(files: Sequence[File | Upload], blobs: Blobs) -> tuple[Attachment, ...]:
    """Puts the files where they stay; on the disk when it returns."""
    return tuple(
        Attachment(
            filename=safe_name(file.filename, nth),
            content_type=clean.one_line(file.content_type, 200).lower() or _OCTETS,
            size=file.size,
            sha256=(
                blobs.put(file.content) if isinstance(file, File) else blobs.put_file(file.content)
            ),
        )
        for nth, file in enumerate(files, start=1)
    )


def safe_name(filename: str, nth: int) -> str:
    """A name under which any system can store it: no path, no control characters, not too long."""
    line = clean.one_line(filename, 10_000).replace("\\", "/").rpartition("/")[2]
    kept = "".join(char for char in line if char not in _NOT_IN_NAMES).strip(". ")
    whole = unicodedata.normalize("NFC", kept)
    if len(whole) > LONGEST_NAME:
        suffix = PurePosixPath(whole).suffix[:20]
        whole = whole[: LONGEST_NAME - len(suffix)].rstrip(". ") + suffix
    return whole or f"file-{nth}"


def ending(filename: str) -> str:
    """What a file's name ends with, in small letters, as `pdf`."""
    return PurePosixPath(filename.strip(". ")).suffix.lstrip(".").lower()
