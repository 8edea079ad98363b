"""What an installation on one machine keeps in its data directory: secrets, ports, its lock."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nkeys
from nacl.signing import SigningKey

from deploy.nats.configuration import USERS
from shared.contracts.event import Speaker
from shared.contracts.traffic import AUDITOR

PORTS = ("web", "smtp", "nats", *Speaker, AUDITOR)
"""In the order in which `--port-base` counts them; the last five are for metrics."""

AUDIT_MEMORY = "audit.json"

_USER_SEED_PREFIX = nkeys.PREFIX_BYTE_USER


class AlreadyRunning(Exception):
    """Another `banso up` uses this data directory."""


class PortTaken(Exception):
    """Something else listens on a port that was asked for."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(f"port {port} ({name}) is in use")
        self.port, self.name = port, name


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made once for a data directory; never logged."""

    api_token: str
    link_keys: list[str]
    nats_seeds: dict[str, str]

    def public_keys(self) -> dict[str, str]:
        return {
            user: nkeys.from_seed(bytearray(seed.encode())).public_key.decode()
            for user, seed in self.nats_seeds.items()
        }


@contextmanager
def hold(directory: Path) -> Iterator[None]:
    """Keeps a second `banso up`, and so a second nats-server, out of the data directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(str(directory)) from error
        yield


def secrets_of(directory: Path) -> Secrets:
    """The installation's secrets, made at the first start; a new user's key at the next one."""
    file = directory / "secrets.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    seeds = known.get("nats_seeds", {})
    if seeds.keys() >= set(USERS):
        return Secrets(**known)
    made = {
        "api_token": f"banso_{secrets.token_urlsafe(24)}",
        "link_keys": [secrets.token_urlsafe(32)],
        **known,
        "nats_seeds": {**{user: _new_seed() for user in USERS}, **seeds},
    }
    write_privately(file, made)
    return Secrets(**made)


def ports_of(directory: Path, base: int | None) -> Mapping[str, int]:
    """The installation's ports: as asked for, else those of last time where they are still free.

    They stay the same from start to start, since links in mails name them.
    """
    if base is not None:
        ports = {name: base + nth for nth, name in enumerate(PORTS)}
        for name, port in ports.items():
            if not _is_free(port):
                raise PortTaken(port, name)
        return ports
    file = directory / "ports.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    ports = {name: port for name, port in known.items() if name in PORTS and _is_free(port)}
    free = iter(_free_ports(len(PORTS)))
    ports |= {name: next(free) for name in PORTS if name not in ports}
    write_privately(file, ports)
    return ports


def write_privately(file: Path, content: Any) -> None:
    """Writes JSON that only the owner may read, in one step."""
    half = file.with_suffix(".half")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as opened:
        json.dump(content, opened, indent=2, ensure_ascii=False)
    half.replace(file)


def _new_seed() -> str:
    seed = nkeys.encode_seed(bytes(SigningKey.generate()), _USER_SEED_PREFIX)
    return bytes(seed).decode()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
