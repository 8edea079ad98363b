"""Under which name a file is handed over."""

from __future__ import annotations

import pytest

from services.intake.web.attached import disposition


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("a b.txt", "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt"),
        ("写真.jpg", "attachment; filename=\"__.jpg\"; filename*=UTF-8''%E5%86%99%E7%9C%9F.jpg"),
        ('x";y="', "attachment; filename=\"x_;y=_\"; filename*=UTF-8''x%22%3By%3D%22"),
        ("a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
        ("100%.pdf", "attachment; filename=\"100_.pdf\"; filename*=UTF-8''100%25.pdf"),
    ],
)  # fmt: skip
def test_a_name_is_told_to_every_browser_and_nothing_else_is(filename: str, header: str) -> None:
    assert disposition(filename, shown=False) == header


def test_only_what_is_shown_is_inline() -> None:
    assert disposition("a.png", shown=True).startswith("inline; ")
