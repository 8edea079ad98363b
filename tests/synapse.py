"""A real Matrix server of the tests' own: Synapse, on a free port, with SQLite.

It stands in a virtual environment of its own (`make synapse`), because it needs other versions of
what we need. Nothing of it stays behind.
"""

from __future__ import annotations

import hmac
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import httpx
import yaml

from tests.bench.journey import free_ports
from tests.installation import until
from tests.needs import missing

ENVIRONMENT = Path(__file__).parents[1] / ".venv-synapse"
SERVER_NAME = "banso.test"
START_WITHIN_S = 120.0
_SECRET = "for tests"
_asked = count(1)
_UNLIMITED = {"per_second": 1000, "burst_count": 1000}


@dataclass(frozen=True)
class Account:
    """Somebody in Matrix, as their own program sees it."""

    url: str
    user: str
    token: str

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """What the client-server API answers; raises httpx.HTTPStatusError."""
        answer = httpx.request(
            method,
            f"{self.url}/_matrix/client/v3{path}",
            json=content,
            headers={"Authorization": f"Bearer {self.token}"},
        )
        answer.raise_for_status()
        return answer.json()

    def invitations(self) -> list[str]:
        """The rooms into which they were invited and have not gone yet."""
        wanted = {"room": {"timeline": {"limit": next(_asked)}}}  # or the last answer is said again
        found = self.call("GET", f"/sync?filter={quote(json.dumps(wanted))}")
        return list(found.get("rooms", {}).get("invite", {}))

    def join(self, room: str) -> None:
        self.call("POST", f"/join/{quote(room)}", {})

    def leave(self, room: str) -> None:
        self.call("POST", f"/rooms/{quote(room)}/leave", {})

    def messages(self, room: str) -> list[Any]:
        """All of them that stand in the room, the oldest first."""
        found = self.call("GET", f"/rooms/{quote(room)}/messages?dir=f&limit=200")
        return [event for event in found["chunk"] if event["type"] == "m.room.message"]

    def send(self, room: str, content: Mapping[str, Any], name: str) -> str:
        """The id of the event; `name` is the transaction's."""
        path = f"/rooms/{quote(room)}/send/m.room.message/{name}"
        return str(self.call("PUT", path, content)["event_id"])


@dataclass(frozen=True)
class Synapse:
    url: str

    def register(self, name: str, *, admin: bool = False) -> Account:
        """A new account; its name must not be taken."""
        at = f"{self.url}/_synapse/admin/v1/register"
        nonce = httpx.get(at).json()["nonce"]
        words = (nonce, name, "password", "admin" if admin else "notadmin")
        mac = hmac.new(_SECRET.encode(), "\0".join(words).encode(), "sha1").hexdigest()
        asked = {
            "nonce": nonce,
            "username": name,
            "password": "password",
            "admin": admin,
            "mac": mac,
        }
        answer = httpx.post(at, json=asked, timeout=30)
        answer.raise_for_status()
        said = answer.json()
        return Account(self.url, said["user_id"], said["access_token"])

    def limit(self, admin: Account, user: str, *, per_second: int, burst: int) -> None:
        """From now on the account may send no faster."""
        answer = httpx.post(
            f"{self.url}/_synapse/admin/v1/users/{quote(user)}/override_ratelimit",
            json={"messages_per_second": per_second, "burst_count": burst},
            headers={"Authorization": f"Bearer {admin.token}"},
        )
        answer.raise_for_status()


@contextmanager
def synapse(**more: Any) -> Iterator[Synapse]:
    """Runs until the tests are over; `more` is said in its configuration."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        missing("Synapse is missing: run `make synapse`")
    with TemporaryDirectory(prefix="banso-synapse-") as made:
        directory = Path(made)
        (port,) = free_ports(1)
        file = directory / "homeserver.yaml"
        file.write_text(yaml.safe_dump(_configuration(directory, port) | more))
        command = [str(python), "-m", "synapse.app.homeserver", "-c", str(file)]
        subprocess.run(
            [*command, "--generate-keys"], check=True, capture_output=True, cwd=directory
        )
        output = (directory / "log").open("wb")
        running = subprocess.Popen(command, stdout=output, stderr=output, cwd=directory)
        server = Synapse(f"http://127.0.0.1:{port}")
        try:
            until(
                lambda: running.poll() is not None or _answers(server),
                "Synapse answers",
                START_WITHIN_S,
            )
            assert running.poll() is None, (directory / "log").read_text()[-3000:]
            yield server
        finally:
            running.terminate()
            running.wait(30)
            output.close()


def _answers(server: Synapse) -> bool:
    try:
        return httpx.get(f"{server.url}/health", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def _configuration(directory: Path, port: int) -> dict[str, Any]:
    """Small and closed: it speaks to nobody but us."""
    logging = directory / "logging.yaml"
    logging.write_text(
        json.dumps(
            {
                "version": 1,
                "handlers": {"console": {"class": "logging.StreamHandler"}},
                "root": {"level": "WARNING", "handlers": ["console"]},
            }
        )
    )
    listener = {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "tls": False,
        "type": "http",
        "resources": [{"names": ["client", "health"], "compress": False}],
    }
    limits = ("rc_message", "rc_registration", "rc_admin_redaction")
    return {
        "server_name": SERVER_NAME,
        "pid_file": str(directory / "pid"),
        "listeners": [listener],
        "database": {"name": "sqlite3", "args": {"database": str(directory / "kept.db")}},
        "log_config": str(logging),
        "media_store_path": str(directory / "media"),
        "signing_key_path": str(directory / "signing.key"),
        "registration_shared_secret": _SECRET,
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "report_stats": False,
        "suppress_key_server_warning": True,
        "presence": {"enabled": False},
        "url_preview_enabled": False,
        "bcrypt_rounds": 4,
        **dict.fromkeys(limits, _UNLIMITED),
        "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), _UNLIMITED),
        "rc_joins": dict.fromkeys(("local", "remote"), _UNLIMITED),
        "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), _UNLIMITED),
        "rc_room_creation": _UNLIMITED,
    }
