"""Files that people sent, for those who may see the issue. None of them ever runs in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.response import Stream

from services.intake.door import Door
from services.intake.web.status import open_status

_PIECE = 256 * 1024
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_SAFE = _PICTURES | {"application/pdf", "text/plain"}
_OCTETS = "application/octet-stream"


@get("/s/{token:str}/files/{sha256:str}", include_in_schema=False)
async def show_attachment(
    request: Request[Any, Any, Any], token: str, sha256: str, door: Door
) -> Stream:
    """A file of the issue; with `?show` a picture is shown, everything else is downloaded."""
    opened, _ = await open_status(request, token, door)
    file = opened.seen.files.get(sha256)
    if file is None:
        raise NotFoundException
    kind = file.content_type if file.content_type in _SAFE else _OCTETS
    shown = kind in _PICTURES and "show" in request.query_params
    return _send(door, sha256, kind, file.filename, file.size, shown=shown)


@get("/s/{token:str}/mail/{sha256:str}", include_in_schema=False)
async def show_mail(request: Request[Any, Any, Any], token: str, sha256: str, door: Door) -> Stream:
    """A whole mail as it came, for people inside."""
    opened, _ = await open_status(request, token, door)
    if sha256 not in opened.seen.raw_mails:
        raise NotFoundException
    return _send(door, sha256, _OCTETS, f"{opened.seen.reference}.eml", None, shown=False)


@get("/s/{token:str}/text/{sha256:str}", include_in_schema=False)
async def show_text(request: Request[Any, Any, Any], token: str, sha256: str, door: Door) -> Stream:
    """All of a text of which the page shows the beginning, or the new words."""
    opened, _ = await open_status(request, token, door)
    if sha256 not in opened.seen.texts:
        raise NotFoundException
    name = f"{opened.seen.reference}.txt"
    return _send(door, sha256, "text/plain; charset=utf-8", name, None, shown=True)


@get("/s/{token:str}/look/{sha256:str}", include_in_schema=False)
async def show_look(request: Request[Any, Any, Any], token: str, sha256: str, door: Door) -> Stream:
    """A mail as it looked, for people inside: sanitised, and in a sandbox that loads nothing."""
    opened, _ = await open_status(request, token, door)
    if sha256 not in opened.seen.looks:
        raise NotFoundException
    name = f"{opened.seen.reference}.html"
    return _send(door, sha256, "text/html; charset=utf-8", name, None, shown=True)


def _send(
    door: Door, sha256: str, kind: str, filename: str, size: int | None, *, shown: bool
) -> Stream:
    try:
        file = door.blobs.open(sha256)
    except FileNotFoundError as error:
        raise NotFoundException from error
    headers = {
        "Content-Disposition": disposition(filename, shown=shown),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-store",
    }
    if size is not None:
        headers["Content-Length"] = str(size)
    return Stream(_pieces(file), media_type=kind, headers=headers)


def disposition(filename: str, *, shown: bool) -> str:
    """RFC 6266: the name for old browsers in ASCII, the real one for all others."""
    plain = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\%' else "_"
        for char in filename
    )
    how = "inline" if shown else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
