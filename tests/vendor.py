"""Another company's service, played over real HTTP: what it documents as its answers, and what it
was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        fields = parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        return {name: value for name, (value,) in fields.items()}


@dataclass
class Vendor:
    url: str
    asked: list[Asked] = field(default_factory=list)
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    """What is answered next; the last one again and again. `NTH` in it is the request's number."""

    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def will_answer(self, *answers: Mapping[str, Any]) -> None:
        self.answers[:] = answers

    def next(self) -> Mapping[str, Any]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def vendor() -> Iterator[Vendor]:
    """On a free port, until the end."""
    played = Vendor("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with played.lock:
                played.asked.append(Asked(self.command, self.path, headers, body))
                nth, said = len(played.asked), played.next()
            content = said.get("body", "")
            text = content if isinstance(content, str) else json.dumps(content)
            text = text.replace("NTH", f"{nth:06}")
            self.send_response(int(said["status"]))
            for name, value in said.get("headers", {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Tests say what they need themselves."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    played.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
