"""Style, script and pictures of the pages. Only their names are answered, whatever is asked for."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import Path

from litestar import Response, get
from litestar.exceptions import NotFoundException

_KEPT_S = 600
"""How long a browser need not ask again; after an update pages look right this soon."""
_FILES = {
    file.name: (file.read_bytes(), guess_type(file.name)[0] or "application/octet-stream")
    for file in (Path(__file__).parent / "static").iterdir()
}


@get("/static/{name:str}", include_in_schema=False)
async def show_file(name: str) -> Response[bytes]:
    if name not in _FILES:
        raise NotFoundException
    content, media_type = _FILES[name]
    headers = {"Cache-Control": f"max-age={_KEPT_S}", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)
