"""What a browser posts: words in memory, files on the disk, and no more of either than is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import parse_qs

from litestar import Request
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from services.intake import attachments
from services.intake.attachments import FilesRefused, Limits, Upload

MOST_FIELDS = 300
MOST_WORDS = 1024 * 1024
"""Bytes of all that is typed into a form; the longest description in Japanese is 600 KB."""
READ_ON = 4
"""How many times as much as is taken is read to its end: only then does a browser show the answer
that says what was too much, with every word still in the form."""
IN_MEMORY = 256 * 1024
"""Bytes of a file that are not worth a file on the disk."""

AnyRequest = Request[Any, Any, Any]

_ENCODINGS = ("utf-8", "cp932")


class NotReadable(Exception):
    """A form was sent in a way that no browser sends it, or broke off."""


@dataclass(slots=True)
class Posted:
    """A form as it was sent."""

    fields: Mapping[str, str]
    files: list[Upload] = field(default_factory=list)
    refused: FilesRefused | None = None
    """Why the files can't be taken; then there are none."""
    names: list[str] = field(default_factory=list)
    """Of all files that were chosen, taken or not."""


def most_bytes(limits: Limits) -> int:
    """The largest request that is read at all."""
    return limits.together * READ_ON + MOST_WORDS


@asynccontextmanager
async def posted(request: AnyRequest, limits: Limits) -> AsyncIterator[Posted]:
    """The fields and files of a form; the files last as long as this does.

    Raises NotReadable, and RequestEntityTooLarge where more is typed than anybody types.
    """
    content_type, options = _content_type(request)
    with ExitStack() as open_files:
        match content_type:
            case "multipart/form-data":
                reading = _Reading(limits, open_files)
                yield await _multipart(request, options.get("boundary", ""), reading)
            case "application/x-www-form-urlencoded":
                yield Posted(await _url_encoded(request))
            case _:
                raise NotReadable


async def read_fields(request: AnyRequest) -> Mapping[str, str]:
    """The fields of a form that has no files."""
    async with posted(request, Limits(most=0)) as form:
        return form.fields


def _content_type(request: AnyRequest) -> tuple[str, dict[str, str]]:
    try:
        return request.content_type
    except (UnicodeError, ValueError) as error:
        raise NotReadable from error


async def _url_encoded(request: AnyRequest) -> Mapping[str, str]:
    """Old browsers and tools that send Shift_JIS are understood."""
    body = bytearray()
    async for piece in _pieces(request):
        body += piece
        if len(body) > MOST_WORDS:
            raise RequestEntityTooLarge
    for encoding in _ENCODINGS:
        try:
            fields = parse_qs(
                body.decode("ascii"),
                keep_blank_values=True,
                encoding=encoding,
                errors="strict",
                max_num_fields=MOST_FIELDS,
            )
        except UnicodeDecodeError:
            continue
        except ValueError as error:
            raise NotReadable from error
        return {key: values[-1] for key, values in fields.items()}
    raise NotReadable


async def _multipart(request: AnyRequest, boundary: str, reading: _Reading) -> Posted:
    try:
        with PushMultipartParser(boundary.encode(), max_segment_count=MOST_FIELDS) as parser:
            async for piece in _pieces(request):
                for part in parser.parse(piece):
                    reading.take(part)
    except MultipartError as error:
        raise NotReadable from error
    return reading.done()


async def _pieces(request: AnyRequest) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            if piece:
                yield piece
    except InternalServerException as error:  # whoever sent it went away
        raise NotReadable from error


class _Reading:
    """Takes the parts of a form one by one."""

    def __init__(self, limits: Limits, open_files: ExitStack) -> None:
        self._limits = limits
        self._open_files = open_files
        self._posted = Posted({})
        self._fields: dict[str, str] = {}
        self._words = 0
        self._together = 0
        self._name = ""
        self._encoding = "utf-8"
        self._text: bytearray | None = None
        self._file: _Arriving | None = None

    def take(self, part: MultipartSegment | bytes | bytearray | None) -> None:
        """The head of a field or file, a piece of its content, or its end."""
        if isinstance(part, MultipartSegment):
            self._begin(part)
        elif part:
            self._continue(part)
        else:
            self._end()

    def done(self) -> Posted:
        self._posted.fields = self._fields
        if self._posted.refused is not None:
            self._posted.files = []
        return self._posted

    def _begin(self, head: MultipartSegment) -> None:
        self._name, self._encoding = head.name or "", head.charset or "utf-8"
        if head.filename is None:
            self._text = bytearray()
        else:
            content = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
            self._open_files.enter_context(content)
            self._file = _Arriving(head.filename, head.content_type or "", content)

    def _continue(self, piece: bytes | bytearray) -> None:
        if self._text is not None:
            self._words += len(piece)
            if self._words > MOST_WORDS:
                raise RequestEntityTooLarge
            self._text += piece
        elif self._file is not None:
            self._file.size += len(piece)
            self._together += len(piece)
            if self._posted.refused is None and self._together <= self._limits.together:
                self._file.content.write(piece)

    def _end(self) -> None:
        if self._text is not None:
            self._fields[self._name] = _decoded(self._text, self._encoding)
        elif self._file is not None and (self._file.filename or self._file.size):
            self._keep(self._file)
        self._text = self._file = None

    def _keep(self, file: _Arriving) -> None:
        """An input in which nothing was chosen has neither name nor content, and is none."""
        posted = self._posted
        posted.names.append(file.filename)
        posted.files.append(Upload(file.filename, file.content_type, file.size, file.content))
        try:
            attachments.check(posted.files, self._limits)
        except FilesRefused as refused:
            posted.refused = posted.refused or refused


@dataclass(slots=True)
class _Arriving:
    filename: str
    content_type: str
    content: IO[bytes]
    size: int = 0


def _decoded(text: bytearray, encoding: str) -> str:
    for one in (encoding, *_ENCODINGS):
        try:
            return text.decode(one)
        except (UnicodeDecodeError, LookupError):
            continue
    raise NotReadable
