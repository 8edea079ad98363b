"""A nats-server of a test's own, provisioned and with everybody's keys."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from deploy.local.keeping import Secrets, secrets_of
from deploy.nats.configuration import server_configuration
from tests.bench.journey import free_ports, until_open


@dataclass(frozen=True)
class Server:
    url: str
    secrets: Secrets

    def seed(self, user: str) -> SecretStr:
        return SecretStr(self.secrets.nats_seeds[user])


@contextmanager
def nats_server(directory: Path) -> Iterator[Server]:
    """Runs until the test is over; nothing is provisioned yet."""
    (port,) = free_ports(1)
    secrets = secrets_of(directory)
    configuration = directory / "nats.json"
    configuration.write_text(
        server_configuration(
            port=port, store=directory / "store", public_keys=secrets.public_keys()
        )
    )
    command = [str(Path(sys.executable).with_name("nats-server")), "-c", str(configuration)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(until_open(port))
        yield Server(f"nats://127.0.0.1:{port}", secrets)
    finally:
        running.terminate()
        running.wait(10)
