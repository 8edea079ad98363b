"""Wires intake."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.intake import projection, store
from services.intake.api.tokens import KnownTokens
from services.intake.application import web
from services.intake.attachments import Limits
from services.intake.blobs import Blobs
from services.intake.chat.known import forget
from services.intake.chat.matrix import Figures, Matrix
from services.intake.chat.slack import Slack
from services.intake.door import Door
from services.intake.mail.imap import watchers
from services.intake.mail.receive import Postroom
from services.intake.mail.smtp import Doorway, listen, tls_of
from services.intake.mail.ways import Entrance, MailsTaken, Way
from services.intake.settings import IntakeSettings
from services.intake.store import Shelf
from services.intake.web.guard import Guard, Layer
from shared import service
from shared.bus import Bus
from shared.channels import Channels
from shared.contracts.event import Speaker
from shared.database import open_engine
from shared.health import Server
from shared.journal import Journal
from shared.links import Links
from shared.organisation import KnownOrganisation
from shared.replies import Replies
from shared.service import Tick

MIGRATIONS = Path(__file__).parent / "migrations"


async def serve(settings: IntakeSettings) -> None:
    """Runs intake until it is told to stop."""
    registry = service.prepare("intake", settings)
    place = await service.take_place(settings, registry)
    engine = open_engine(settings.database_url)
    with engine.connect() as connection:
        known = KnownOrganisation(connection, store.metadata)
    bus: Bus[Shelf] = Bus(
        Speaker.INTAKE, settings.nats_url, settings.nats_seed, registry, projection.HEARS
    )
    journal = Journal(
        engine,
        store.metadata,
        lambda connection, now: Shelf(connection, now, known),
        bus.say,
        registry,
        on_commit=known.adopt,
    )
    bus.listen(journal)
    keys = [key.get_secret_value() for key in settings.link_keys]
    links = Links(keys, settings.web_url)
    limits = Limits(
        settings.most_attachments,
        settings.largest_attachment_bytes,
        settings.largest_attachments_bytes,
    )
    reader = open_engine(settings.database_url, read_only=True)
    door = Door(journal, reader, known, links, Replies(keys), Blobs(settings.blobs), limits)
    rates = {
        Layer.CONNECTION: settings.most_from_a_connection,
        Layer.ADDRESS: settings.most_for_an_address,
        Layer.ALL: settings.most_by_form,
        Layer.LINK: settings.most_by_a_link,
    }
    least = timedelta(seconds=settings.least_form_s)
    guard = Guard(keys, rates, least, settings.trusted_proxies)
    slack = _slack(settings.channels, door)
    matrix = _matrix(settings.channels, door, journal, registry)
    pages = web(
        door,
        guard,
        KnownTokens(settings.api_tokens, settings.api_token_hashes),
        settings.largest_request_bytes,
        settings.api_requests_per_minute,
        slack,
    )
    postroom, mails = Postroom(door), MailsTaken(registry)
    by_imap = watchers(settings, Entrance(Way.IMAP, postroom, mails), registry)
    doorways = {Way.SMTP: (settings.smtp_host, settings.smtp_port)}
    if settings.lmtp_port is not None:
        doorways[Way.LMTP] = (settings.lmtp_host, settings.lmtp_port)
    is_open = {way: asyncio.Event() for way in doorways}
    tls = tls_of(settings.smtp_tls_certificate, settings.smtp_tls_key)

    def listening(way: Way) -> Tick:
        doorway = Doorway(
            Entrance(way, postroom, mails),
            largest=settings.largest_mail_bytes,
            most_connections=settings.smtp_connections,
            tls=tls,
        )
        return lambda: listen(doorway, *doorways[way], is_open[way].set)

    await service.run(
        settings,
        registry,
        bus,
        journal,
        checks={
            "organisation": lambda: known.current is not None,
            **{way: is_open[way].is_set for way in doorways},
        },
        ticks=[
            place.keep,
            *map(listening, doorways),
            *(watcher.run for watcher in by_imap),
            lambda: forget(journal),
            *([matrix.run] if matrix else []),
        ],
        servers=[Server(pages, settings.web_host, settings.web_port)],
    )
    if slack is not None:
        await slack.close()
    if matrix is not None:
        await matrix.close()
    place.give_back()


def _slack(channels: Channels, door: Door) -> Slack | None:
    """Without the secret nothing that comes from there could be believed."""
    said = channels.slack
    if said is None or said.signing_secret is None:
        return None
    return Slack(said, said.signing_secret.get_secret_value(), door)


def _matrix(
    channels: Channels, door: Door, journal: Journal[Shelf], registry: CollectorRegistry
) -> Matrix | None:
    said = channels.matrix
    return Matrix(said, door, journal, Figures(registry)) if said is not None else None
