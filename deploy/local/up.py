"""`banso up`: everything on this machine, with one command."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pydantic import SecretStr

from deploy.local import nursery
from deploy.local.databases import database_url, keeps_something
from deploy.local.keeping import AUDIT_MEMORY, Secrets, hold, ports_of, secrets_of, write_privately
from deploy.local.supervisor import Program, Supervisor, command
from deploy.nats.configuration import ADMINISTRATOR, server_configuration
from deploy.serving import Served
from services.intake.api.tokens import EVERYDAY, TOKENS, TokenFile
from services.router.suggestion.memory import FILE
from shared import clock, logs, provision
from shared.contracts.event import Speaker
from shared.contracts.traffic import AUDITOR
from shared.database import migrate
from shared.links import EVERYBODY, Links

log = logs.get(__name__)

SAMPLE = Path(__file__).parent / "organisation.yaml"
READY_WITHIN_S = 60.0
PROVISION_AGAIN_S = 0.1


class NotReady(Exception):
    """A part did not become ready in time."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything on one machine, in one data directory."""

    data: Path
    organisation: Path
    port_base: int | None = None
    web_url: str | None = None
    """Where people reach the pages; by default on this machine only."""
    web_host: str = "127.0.0.1"
    verbose: bool = False

    async def run(self) -> None:
        """Starts everything, says where it is, and keeps it running until told to stop.

        Raises AlreadyRunning, PortTaken, DatabaseUnusable or NotReady.
        """
        os.umask(0o077)  # databases, mails and logs hold what people wrote, and their addresses
        with hold(self.data):
            (self.data / "endpoints.json").unlink(missing_ok=True)
            await _Running(self).run()


class _Running:
    def __init__(self, installation: Installation) -> None:
        self._data = installation.data.resolve()
        self._organisation = installation.organisation.resolve()
        self._ports = ports_of(self._data, installation.port_base)
        self._web_host = installation.web_host
        default = f"http://127.0.0.1:{self._ports['web']}"
        self._web_url = (installation.web_url or default).rstrip("/")
        self._secrets: Secrets = secrets_of(self._data)
        self._nats_url = f"nats://127.0.0.1:{self._ports['nats']}"
        self._supervisor = Supervisor(self._data / "logs", verbose=installation.verbose)
        self._provisioned = asyncio.Event()
        self._database_urls = {speaker: database_url(self._data, speaker) for speaker in Speaker}
        self._without_database: list[Speaker] = []
        """Those services hear everything from the beginning."""

    async def run(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        nursery.warm_up()
        await asyncio.to_thread(self._look_at_databases)
        self._write_nats_configuration()
        tokens = TokenFile(self._data / TOKENS)
        tokens.know("start", "banso up", self._secrets.api_token, EVERYDAY)
        self._supervisor.start(self._nats())
        await asyncio.to_thread(self._migrate)
        for speaker in Speaker:
            self._supervisor.start(self._service(speaker))
        try:
            ready = asyncio.create_task(self._until_ready())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([ready, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                await ready
                self._supervisor.start(self._auditor())
                self._say_where()
                await stop.wait()
            ready.cancel()
        finally:
            log.info("banso.stopping")
            await self._supervisor.stop([AUDITOR, *Speaker])
            await self._supervisor.stop(["nats"])
            (self._data / "endpoints.json").unlink(missing_ok=True)

    def _look_at_databases(self) -> None:
        self._without_database = [
            speaker for speaker in Speaker if not keeps_something(self._data, speaker)
        ]

    def _migrate(self) -> None:
        for speaker in Speaker:
            migrations = Path(import_module(f"services.{speaker}").__path__[0]) / "migrations"
            migrate(self._database_urls[speaker], migrations)

    def _nats(self) -> Program:
        beside = Path(sys.executable).with_name("nats-server")
        server = str(beside) if beside.exists() else shutil.which("nats-server") or str(beside)
        configuration = str(self._data / "nats.json")
        return Program("nats", command(server, "-c", configuration), self._provision)

    def _write_nats_configuration(self) -> None:
        text = server_configuration(
            port=self._ports["nats"],
            store=self._data / "nats",
            public_keys=self._secrets.public_keys(),
        )
        write_privately(self._data / "nats.json", json.loads(text))

    async def _provision(self) -> None:
        """After each start of NATS: a store that was lost is made anew, with a new epoch."""
        seed = SecretStr(self._secrets.nats_seeds[ADMINISTRATOR])
        while True:
            try:
                async with provision.administrator(self._nats_url, seed) as admin:
                    made = await provision.provision(admin, hears_anew=self._without_database)
            except Exception as error:
                log.debug("provision.waiting", error=repr(error))
                await asyncio.sleep(PROVISION_AGAIN_S)
                continue
            self._without_database = []
            log.info("streams.provisioned", new=",".join(made) or "none")
            self._provisioned.set()
            return

    def _service(self, speaker: Speaker) -> Program:
        environment = {
            "BANSO_NATS_URL": self._nats_url,
            "BANSO_NATS_SEED": self._secrets.nats_seeds[speaker],
            "BANSO_DATABASE_URL": self._database_urls[speaker],
            "BANSO_HEALTH_PORT": str(self._ports[speaker]),
            "BANSO_CLOCK_FILE": str(self._data / "clock"),
        }
        linked = {
            "BANSO_WEB_URL": self._web_url,
            "BANSO_LINK_KEYS": json.dumps(self._secrets.link_keys),
        }
        match speaker:
            case Speaker.INTAKE:
                environment |= linked | {
                    "BANSO_BLOBS": str(self._data / "blobs"),
                    "BANSO_WEB_HOST": self._web_host,
                    "BANSO_WEB_PORT": str(self._ports["web"]),
                    "BANSO_SMTP_PORT": str(self._ports["smtp"]),
                    "BANSO_API_TOKENS": str(self._data / TOKENS),
                }
            case Speaker.ROUTER:
                environment |= {
                    "BANSO_ORGANISATION": str(self._organisation),
                    "BANSO_LEARNED": os.environ.get("BANSO_LEARNED", str(self._data / FILE)),
                }
            case Speaker.NOTIFIER:
                environment |= linked | {"BANSO_MAIL_DIRECTORY": str(self._data / "mail")}
            case Speaker.METRICS:
                pass
        return _program(Served(speaker), environment)

    def _auditor(self) -> Program:
        """Started last: there is nothing to prove before, and nobody waits for it."""
        databases = {str(speaker): url for speaker, url in self._database_urls.items()}
        return _program(
            Served.AUDIT,
            {
                "BANSO_NATS_URL": self._nats_url,
                "BANSO_NATS_SEED": self._secrets.nats_seeds[AUDITOR],
                "BANSO_HEALTH_PORT": str(self._ports[AUDITOR]),
                "BANSO_CLOCK_FILE": str(self._data / "clock"),
                "BANSO_AUDIT_DATABASES": json.dumps(databases),
                "BANSO_AUDIT_MEMORY": str(self._data / AUDIT_MEMORY),
            },
        )

    async def _until_ready(self) -> None:
        await self._provisioned.wait()
        waiting = {str(speaker): self._ports[speaker] for speaker in Speaker}
        until = clock.elapsed_s() + READY_WITHIN_S
        words: dict[str, str] = {}
        while waiting:
            for name, port in list(waiting.items()):
                is_ready, words[name] = await asyncio.to_thread(_readiness, port)
                if is_ready:
                    del waiting[name]
            if waiting and clock.elapsed_s() > until:
                raise NotReady("; ".join(f"{name}: {words[name]}" for name in waiting))
            await asyncio.sleep(0.05)

    def _say_where(self) -> None:
        links = Links(self._secrets.link_keys, self._web_url)
        endpoints = {
            "web": self._web_url,
            "api": f"{self._web_url}/api/v1",
            "api_token": self._secrets.api_token,
            "smtp": f"127.0.0.1:{self._ports['smtp']}",
            "inbox": links.inbox(EVERYBODY, clock.now()),
            "metrics": {
                str(name): f"http://127.0.0.1:{self._ports[name]}/metrics"
                for name in (*Speaker, AUDITOR)
            },
            "nats": self._nats_url,
        }
        write_privately(self._data / "endpoints.json", endpoints)
        _print_table(endpoints, self._data)


def _program(service: Served, environment: Mapping[str, str]) -> Program:
    return Program(service, lambda output: nursery.Forked.start(service, environment, output))


def _readiness(port: int) -> tuple[bool, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return answer.status == 200, "ready"
    except urllib.error.HTTPError as error:
        return False, error.read().decode("utf-8", "replace").strip()
    except OSError as error:
        return False, f"does not answer ({error})"


def _print_table(endpoints: Mapping[str, object], data: Path) -> None:
    """Where everything is, for whoever started it; an address a line, so that it can be clicked."""
    from rich.cells import cell_len
    from rich.console import Console

    server = os.environ.get("BANSO_SMTP_OUT_HOST")
    metrics = endpoints["metrics"]
    assert isinstance(metrics, dict)
    rows = [
        ("Bring in a problem", "持ち込む", endpoints["web"]),
        ("  by mail to issues@example.com", "メールで", f"SMTP {endpoints['smtp']}"),
        ("  by API", "API で", f"{endpoints['api']}/openapi.json"),
        ("What Banso has told people", "送った知らせ", endpoints["inbox"]),
        ("  as mail", "メール", f"by {server}" if server else data / "mail"),
        ("Metrics", "指標", metrics["metrics"]),
        ("All addresses and the API token", "接続先", data / "endpoints.json"),
        ("Logs", "ログ", data / "logs"),
    ]
    width = max(cell_len(words) for words, *_ in rows)
    japanese = max(cell_len(words) for _, words, _ in rows)
    console = Console(highlight=False, soft_wrap=True)
    console.print("\n[bold]Banso 伴走 is ready.[/bold] Stop it with Ctrl-C.\n")
    for words, translated, where in rows:
        gap = " " * (japanese - cell_len(translated) + 2)
        console.print(f"  {words:<{width}}  [dim]{translated}[/dim]{gap}{where}", markup=True)
    console.print()
