"""What is read of a form, whatever is sent, and how little of it is held in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar, Request, post
from litestar.testing import AsyncTestClient

from services.intake.attachments import (
    FileTooLarge,
    FileTypeRefused,
    Limits,
    TooManyFiles,
    TooMuchTogether,
)
from services.intake.web.posted import NotReadable, most_bytes, posted

LIMITS = Limits(most=3, largest=2_000_000, together=3_000_000)
HEAD = {"Content-Type": "multipart/form-data; boundary=x"}


def part(name: str, content: bytes, filename: str | None = None, kind: str = "") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n'
    return (
        (head + (f"Content-Type: {kind}\r\n" if kind else "")).encode()
        + b"\r\n"
        + content
        + b"\r\n"
    )


@pytest.fixture
async def told() -> dict[str, Any]:
    """What was read last."""
    return {}


@pytest.fixture
async def client(told: dict[str, Any]) -> AsyncIterator[AsyncTestClient[Litestar]]:
    @post("/")
    async def take(request: Request[Any, Any, Any]) -> None:
        told.clear()
        try:
            async with posted(request, LIMITS) as form:
                told["fields"] = dict(form.fields)
                told["names"] = form.names
                told["refused"] = form.refused
                told["files"] = [(one.filename, one.size) for one in form.files]
                for one in form.files:
                    one.content.seek(0)
                    told.setdefault("first", one.content.read(9))
        except NotReadable:
            told["not readable"] = True

    app = Litestar([take], request_max_body_size=most_bytes(LIMITS))
    async with AsyncTestClient(app) as client:
        yield client


async def send(client: AsyncTestClient[Litestar], *parts: bytes) -> int:
    answer = await client.post("/", content=b"".join(parts) + b"--x--\r\n", headers=HEAD)
    return int(answer.status_code)


async def test_words_and_files_come_apart(
    client: AsyncTestClient[Litestar], told: dict[str, Any]
) -> None:
    await send(
        client,
        part("summary", "動かない".encode()),
        part("summary", "二度目".encode()),
        part("files", b"", ""),
        part("files", b"picture", "写真.jpg", "image/jpeg"),
        part("files", b"", "empty.txt"),
    )

    assert told["fields"] == {"summary": "二度目"}
    assert told["files"] == [("写真.jpg", 7), ("empty.txt", 0)]
    assert told["first"] == b"picture"
    assert told["refused"] is None


@pytest.mark.parametrize(
    ("files", "refusal"),
    [
        ([("a.txt", 1)] * 4, TooManyFiles),
        ([("a.txt", 2_000_001)], FileTooLarge),
        ([("a.txt", 1_600_000), ("b.txt", 1_600_000)], TooMuchTogether),
        ([("setup.EXE", 10)], FileTypeRefused),
        ([("a.txt", 9_000_000)], FileTooLarge),
    ],
)
async def test_what_is_too_much_is_said_with_every_word_that_came_after_it(
    client: AsyncTestClient[Litestar],
    told: dict[str, Any],
    files: list[tuple[str, int]],
    refusal: type[Exception],
) -> None:
    await send(
        client,
        *(part("files", b"x" * size, name) for name, size in files),
        part("name", b"Emily"),
    )

    assert isinstance(told["refused"], refusal)
    assert told["files"] == []
    assert told["names"] == [name for name, _ in files]
    assert told["fields"] == {"name": "Emily"}


async def test_large_files_are_not_held_in_memory(
    client: AsyncTestClient[Litestar], told: dict[str, Any]
) -> None:
    pieces = [part("files", b"", "a.bin")[:-2], *[b"x" * 100_000] * 110, b"\r\n--x--\r\n"]
    left = iter(pieces)
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", HEAD["Content-Type"].encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }

    async def receive() -> Any:
        piece = next(left, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def answer(_message: Any) -> None:
        pass

    tracemalloc.start()
    try:
        await client.app(scope, receive, answer)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert isinstance(told["refused"], FileTooLarge)
    assert told["refused"].file.size == 11_000_000
    assert peak < 2_000_000, peak


async def test_more_than_anybody_types_or_sends_is_refused_at_once(
    client: AsyncTestClient[Litestar],
) -> None:
    assert await send(client, part("text", b"x" * 1_100_000)) == 413
    assert await send(client, part("files", b"x" * (most_bytes(LIMITS) + 1), "a.txt")) == 413
    answer = await client.post(
        "/",
        content=b"text=" + b"x" * 1_100_000,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nno header\r\n\r\n"),
        ("multipart/form-data; boundary=x", part("a", b"cut off")),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", part("a", b"\x81") + b"--x--\r\n"),
        ("multipart/form-data; boundary=x", part("a", b"") * 400 + b"--x--\r\n"),
        ("text/plain", b"a=b"),
        ("", b"a=b"),
    ],
)
async def test_what_no_browser_sends_is_not_readable(
    client: AsyncTestClient[Litestar], told: dict[str, Any], head: str, body: bytes
) -> None:
    await client.post("/", content=body, headers={"Content-Type": head})

    assert told == {"not readable": True}


async def test_words_in_shift_jis_are_read_in_either_kind_of_form(
    client: AsyncTestClient[Litestar], told: dict[str, Any]
) -> None:
    await send(client, part("name", "髙橋①".encode("cp932")))

    assert told["fields"] == {"name": "髙橋①"}
