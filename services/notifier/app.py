"""Wires the notifier."""

from __future__ import annotations

from pathlib import Path

from services.notifier import handlers, store
from services.notifier.channels.apprise import open_apprise
from services.notifier.channels.base import Adapter
from services.notifier.channels.chatwork import Chatwork
from services.notifier.channels.dkim import Signer
from services.notifier.channels.email import Email
from services.notifier.channels.lineworks import LineWorks
from services.notifier.channels.matrix import Matrix
from services.notifier.channels.pace import Pace
from services.notifier.channels.slack import Slack
from services.notifier.channels.smtp import MailFiles, Post, Server, SmtpServer
from services.notifier.channels.teams import Teams
from services.notifier.channels.webhook import Webhooks
from services.notifier.delivery import Deliveries
from services.notifier.letters import Letters
from services.notifier.lost import Lost
from services.notifier.settings import NotifierSettings
from services.notifier.store import Ledger
from services.notifier.summing import Summaries
from shared import due, service
from shared.bus import Bus
from shared.channels import Channels
from shared.contracts.event import Speaker
from shared.contracts.organisation import Channel
from shared.database import open_engine
from shared.journal import Journal
from shared.links import Links
from shared.organisation import KnownOrganisation
from shared.replies import Replies

MIGRATIONS = Path(__file__).parent / "migrations"


async def serve(settings: NotifierSettings) -> None:
    """Runs the notifier until it is told to stop."""
    registry = service.prepare("notifier", settings)
    place = await service.take_place(settings, registry)
    engine = open_engine(settings.database_url)
    with engine.connect() as connection:
        known = KnownOrganisation(connection, store.metadata)
    keys = [key.get_secret_value() for key in settings.link_keys]
    links, replies = Links(keys, settings.web_url), Replies(keys)
    letters = Letters(settings.templates, registry)
    adapters = open_adapters(settings, replies, letters)
    webhooks = Webhooks(settings.channels.webhooks)
    deliveries = Deliveries(adapters, known, links, registry, webhooks)
    summaries = Summaries(known, registry)
    set_up = frozenset(adapters)
    lost = Lost(known, set_up, registry)
    bus: Bus[Ledger] = Bus(
        Speaker.NOTIFIER, settings.nats_url, settings.nats_seed, registry, handlers.HEARS
    )

    def committed(ledger: Ledger) -> None:
        known.adopt(ledger)
        deliveries.offer(ledger)

    journal = Journal(
        engine,
        store.metadata,
        lambda connection, now: Ledger(
            connection,
            now,
            known,
            set_up,
            most_an_hour=settings.messages_per_hour,
            webhooks=settings.channels.webhooks,
        ),
        bus.say,
        registry,
        on_commit=committed,
    )
    bus.listen(journal)
    await service.run(
        settings,
        registry,
        bus,
        journal,
        checks={"organisation": lambda: known.current is not None},
        ticks=[
            place.keep,
            lambda: deliveries.work(journal),
            lambda: due.keep_doing(lambda: deliveries.take_due(journal), "deliveries"),
            lambda: due.keep_doing(lambda: deliveries.confirm_due(journal), "confirmations"),
            lambda: lost.keep_counting(journal),
            lambda: due.keep_doing(lambda: summaries.make_due(journal), "summaries"),
            lambda: due.keep_doing(lambda: summaries.count_held(journal), "held"),
        ],
    )
    for adapter in adapters.values():
        await adapter.close()
    await webhooks.close()
    place.give_back()


def open_adapters(
    settings: NotifierSettings, replies: Replies, letters: Letters
) -> dict[Channel, Adapter]:
    """Every channel that is set up."""
    mail = Email(_post(settings), replies, letters, _signer(settings))
    return {Channel.EMAIL: mail, **chats(settings.channels)}


def chats(channels: Channels) -> dict[Channel, Adapter]:
    """Those that the operator's file sets up."""
    made: list[Adapter | None] = [
        Slack(channels.slack) if channels.slack else None,
        Teams(channels.teams) if channels.teams else None,
        Matrix(channels.matrix) if channels.matrix else None,
        Chatwork(channels.chatwork) if channels.chatwork else None,
        LineWorks(channels.lineworks) if channels.lineworks else None,
        open_apprise(channels.apprise) if channels.apprise else None,
    ]
    return {adapter.channel: adapter for adapter in made if adapter is not None}


def _post(settings: NotifierSettings) -> Post:
    if settings.smtp_out_host is None:
        return MailFiles(settings.mail_directory)
    password = settings.smtp_out_password
    server = Server(
        host=settings.smtp_out_host,
        port=settings.smtp_out_port,
        user=settings.smtp_out_user,
        password=password.get_secret_value() if password else None,
        tls=settings.smtp_out_tls,
        ca=settings.smtp_out_ca,
        connections=settings.smtp_out_connections,
        mails_each=settings.smtp_out_mails_per_connection,
        idle_s=settings.smtp_out_idle_s,
        asks_for_reports=settings.smtp_out_dsn,
    )
    return SmtpServer(server, Pace(settings.smtp_out_per_domain))


def _signer(settings: NotifierSettings) -> Signer | None:
    if settings.dkim_key is None or settings.dkim_selector is None:
        return None
    return Signer(settings.dkim_key, settings.dkim_selector)
