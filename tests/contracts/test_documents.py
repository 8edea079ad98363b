"""The documents are true: whatever they name is there, and both languages say the same."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from babel.messages.pofile import read_po
from prometheus_client import CollectorRegistry
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from deploy.audit.figures import Figures as AuditFigures
from deploy.audit.settings import AuditSettings
from deploy.backtesting.export import ExportMapping
from deploy.cli import app
from deploy.importing.table import TableMapping
from deploy.local.keeping import PORTS
from deploy.local.up import SAMPLE
from services.intake import projection, store
from services.intake.chat.matrix import Figures as ChatFigures
from services.intake.mail.imap import Figures as MailboxFigures
from services.intake.mail.ways import MailsTaken
from services.intake.settings import IntakeSettings, read_mailboxes
from services.intake.store import Shelf
from services.metrics.backtest import scores
from services.metrics.gauges import Figures
from services.metrics.gauges.people import PersonGauges
from services.metrics.gauges.seen import Nothing
from services.metrics.keeper import Keeper
from services.metrics.settings import MetricsSettings
from services.notifier.channels.apprise import Apprise
from services.notifier.channels.chatwork import Chatwork
from services.notifier.channels.email import Email
from services.notifier.channels.lineworks import LineWorks
from services.notifier.channels.matrix import Matrix
from services.notifier.channels.slack import Slack
from services.notifier.channels.teams import Teams
from services.notifier.delivery import Deliveries
from services.notifier.letters import Letters
from services.notifier.lost import Lost
from services.notifier.settings import NotifierSettings
from services.notifier.summing import Summaries
from services.router.calendars import Calendars
from services.router.organisation import parse
from services.router.settings import RouterSettings
from shared import logs, service
from shared.bus import Bus
from shared.channels import Channels
from shared.channels import LineWorks as LineWorksSettings
from shared.channels import Slack as SlackSettings
from shared.contracts.event import Speaker
from shared.contracts.organisation import Channel, Hook, Organisation, Privacy, Tier
from shared.contracts.traffic import AUDITOR
from shared.database import open_engine
from shared.health import Readiness
from shared.journal import Journal
from shared.links import Links
from shared.organisation import KnownOrganisation
from shared.settings import ProcessSettings, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(path for room in ("docs", "deploy") for path in (ROOT / room).rglob("*.md")),
    ]
)
TRANSLATED = [
    ("README.md", "README.ja.md"),
    ("docs/users.md", "docs/users.ja.md"),
    ("docs/operators.md", "docs/operators.ja.md"),
    ("docs/privacy.md", "docs/privacy.ja.md"),
    *(
        (f"docs/runbooks/{path.name}", f"docs/runbooks/{path.stem}.ja.md")
        for path in sorted((ROOT / "docs/runbooks").glob("*.md"))
        if not path.name.endswith(".ja.md")
    ),
    ("docs/isolation.md", "docs/isolation.ja.md"),
]
SETTINGS: tuple[type[ProcessSettings], ...] = (
    AuditSettings,
    IntakeSettings,
    RouterSettings,
    NotifierSettings,
    MetricsSettings,
)

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_SETTING = re.compile(r"\bBANSO_[A-Z_]+\b")
_METRIC = re.compile(r"\bbanso_[a-z_]+\b")
_ROW = re.compile(r"^\| `(BANSO_[A-Z_]+)`(?: \*)? \| `([^`]+)`[^|]*\|", re.MULTILINE)
_PLACE = re.compile(r"`([a-z_/]+/[a-z_0-9]+\.(?:py|yaml|yml|po))(?::(\w+))?`")
_NOT_IN_A_SLUG = re.compile(r"[^\w\- ]")


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=_id)


def _read(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _prose(text: str) -> str:
    return _FENCED.sub("", text)


def _code(text: str) -> Iterator[str]:
    """Every line of code, in blocks and within sentences."""
    for block in _FENCED.findall(text):
        yield from block.splitlines()[1:-1]
    yield from _INLINE.findall(_prose(text))


def _anchors(text: str) -> set[str]:
    """As GitHub makes them from headings."""
    headings = _HEADING.findall(_prose(text))
    return {_NOT_IN_A_SLUG.sub("", words.lower()).replace(" ", "-") for words in headings}


def _fields() -> dict[str, FieldInfo]:
    return {
        f"BANSO_{name.upper()}": field
        for settings in SETTINGS
        for name, field in settings.model_fields.items()
    }


def _options_of_up() -> set[str]:
    return {option.envvar for option in _commands()["up"].params if option.envvar}


def _commands() -> dict[str, Any]:
    root: Any = typer.main.get_command(app)
    return dict(root.commands)


@every_document
def test_every_link_leads_somewhere(document: Path) -> None:
    text = _prose(document.read_text(encoding="utf-8"))

    for match in _LINK.finditer(text):
        link = match.group(1) or match.group(2)
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in _anchors(target.read_text(encoding="utf-8")), f"no heading for {link}"


@every_document
def test_every_make_target_exists(document: Path) -> None:
    named = {
        match.group(1)
        for line in _code(document.read_text(encoding="utf-8"))
        if (match := re.match(r"make ([a-z-]+)", line))
    }
    if not named:
        return

    targets = set(re.findall(r"^([a-z-]+):", _read("Makefile"), re.MULTILINE))

    assert named <= targets


@every_document
def test_every_command_and_option_exists(document: Path) -> None:
    commands = _commands()

    for line in _code(document.read_text(encoding="utf-8")):
        match = re.search(r"(?:^|\s)banso ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+))?(.*)", line)
        if match is None:
            continue
        name, below, rest = match.groups()
        assert name in commands, line
        command = commands[name]
        below_it = getattr(command, "commands", {})
        if below_it and below:
            assert below in below_it, line
            command = below_it[below]
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, line


@every_document
def test_every_setting_that_is_named_exists(document: Path) -> None:
    named = set(_SETTING.findall(document.read_text(encoding="utf-8")))

    assert named <= {*_fields(), *_options_of_up()}


@pytest.mark.parametrize("document", ["docs/operators.md", "docs/operators.ja.md"])
def test_every_setting_is_documented(document: str) -> None:
    named = set(_SETTING.findall(_read(document)))

    assert {*_fields(), *_options_of_up()} <= named


@pytest.mark.parametrize("document", ["docs/operators.md", "docs/operators.ja.md"])
def test_every_default_is_the_one_in_the_code(document: str) -> None:
    fields = _fields()
    rows = _ROW.findall(_read(document))

    wrong = [
        (name, said)
        for name, said in rows
        if name in fields
        and not fields[name].is_required()
        and _value(said, fields[name]) != fields[name].get_default(call_default_factory=True)
    ]

    assert len(rows) > 10
    assert wrong == []


def _value(said: str, field: FieldInfo) -> object:
    """What the environment would make of these words."""
    default = field.get_default(call_default_factory=True)
    if isinstance(default, timedelta):
        return TypeAdapter(timedelta).validate_python(said)
    return said if isinstance(default, str) else json.loads(said)


@pytest.mark.parametrize("document", ["docs/operators.md", "docs/operators.ja.md"])
async def test_just_the_metrics_that_there_are_stand_in_the_documents(
    document: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(logs, "configure", lambda *_, **__: None)
    settings = Settings(database_url="sqlite://")
    registry = service.prepare("metrics", settings)
    await service.take_place(settings, registry)
    make_all_metrics(registry, tmp_path)

    there = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in registry.collect()
        if not family.name.endswith("_created")
    }

    assert set(_METRIC.findall(_read(document))) == there


def make_all_metrics(registry: CollectorRegistry, directory: Path) -> None:
    """Whatever any service registers, without starting one."""
    engine = open_engine("sqlite://")
    store.metadata.create_all(engine)
    with engine.connect() as connection:
        known = KnownOrganisation(connection, store.metadata)
    bus: Bus[Shelf] = Bus(Speaker.INTAKE, "nats://127.0.0.1:1", None, registry, projection.HEARS)
    Journal(
        engine,
        store.metadata,
        lambda connection, now: Shelf(connection, now, known),
        bus.say,
        registry,
    )
    Letters(None, registry)
    Deliveries({}, known, Links(["key"], "http://127.0.0.1"), registry)
    Lost(known, (), registry)
    Summaries(known, registry)
    known.current = named_company()
    Figures(registry, known, [])
    Keeper(engine, registry)
    registry.register(PersonGauges(Nothing(), known))
    registry.register(Readiness({}))
    ChatFigures(registry)
    MailsTaken(registry)
    MailboxFigures(registry)
    AuditFigures(registry)
    Calendars(directory, registry)
    engine.dispose()


def named_company() -> Organisation:
    """The sample, where people have agreed to be told of by name."""
    agreed = Privacy(tier=Tier.NAMES, agreement="Works agreement of 2026-04-01")
    return parse(SAMPLE.read_text("utf-8")).model_copy(update={"privacy": agreed})


@every_document
def test_every_place_in_the_code_exists(document: Path) -> None:
    for path, name in _PLACE.findall(document.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path
        if name:
            assert name in _names(ROOT / path), f"{path} has no {name}"


def _names(path: Path) -> set[str]:
    """Functions, methods and classes of a module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(_read(path))) if isinstance(node, kinds)}


@pytest.mark.parametrize(("english", "japanese"), TRANSLATED)
def test_both_languages_have_the_same_headings_and_code(english: str, japanese: str) -> None:
    one, other = _read(english), _read(japanese)

    def levels(text: str) -> list[str]:
        return re.findall(r"^(#+) ", _prose(text), re.MULTILINE)

    assert levels(one) == levels(other)
    assert _FENCED.findall(one) == _FENCED.findall(other)


def test_both_languages_give_the_same_figures_of_isolation() -> None:
    def figures(name: str) -> list[str]:
        rows = re.findall(r"^\|.*\|$", _read(name), re.MULTILINE)
        return [number for row in rows for number in re.findall(r"\d+(?:[.,]\d+)*%?", row)]

    english, japanese = figures("docs/isolation.md"), figures("docs/isolation.ja.md")

    assert len(english) > 100
    assert english == japanese


def test_the_words_that_users_read_of_stand_on_the_pages() -> None:
    with (ROOT / "shared/locale/ja.po").open("rb") as file:
        translated = {str(one.id): str(one.string) for one in read_po(file) if one.id}
    leads = {"By form.", "By mail.", "In a chat.", "フォームで。", "メールで。", "チャットで。"}

    english = set(re.findall(r"\*\*(.+?)\*\*", _read("docs/users.md"))) - leads
    japanese = set(re.findall(r"\*\*(.+?)\*\*", _read("docs/users.ja.md"))) - leads

    assert english <= set(translated)
    assert japanese == {translated[words] for words in english}


def test_the_example_for_prometheus_has_the_ports_of_the_local_start() -> None:
    content = yaml.safe_load(_read("deploy/prometheus/prometheus.yml"))

    scraped = {
        job["job_name"].removeprefix("banso-"): job["static_configs"][0]["targets"]
        for job in content["scrape_configs"]
    }

    assert scraped == {
        str(name): [f"127.0.0.1:{4600 + PORTS.index(name)}"] for name in (*Speaker, AUDITOR)
    }


def test_the_example_of_mailboxes_is_one_that_intake_takes(tmp_path: Path) -> None:
    (block,) = (
        text
        for text in _FENCED.findall(_read("docs/operators.md"))
        if "mailboxes" in text and "yaml" in text[:8]
    )
    file = tmp_path / "mailboxes.yaml"
    file.write_text("\n".join(block.splitlines()[1:-1]))

    read = read_mailboxes(str(file))

    assert [mailbox.name for mailbox in read] == ["issues", "support"]


@pytest.mark.parametrize("document", ["docs/operators.md", "docs/operators.ja.md"])
def test_the_example_of_channels_is_one_that_the_notifier_takes(document: str) -> None:
    (block,) = (text for text in _FENCED.findall(_read(document)) if "bot_token" in text)

    read = Channels.model_validate(yaml.safe_load("\n".join(block.splitlines()[1:-1])))

    assert set(read.places()) == set(Channel) - {Channel.INBOX, Channel.WEBHOOK}
    assert [webhook.name for webhook in read.webhooks] == ["crm"]


@pytest.mark.parametrize(
    ("document", "yes", "no"),
    [("docs/operators.md", "yes", "no"), ("docs/operators.ja.md", "はい", "いいえ")],
)
def test_what_each_channel_can_do_is_as_in_the_code(document: str, yes: str, no: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \|" + r" ([^|]+) \|" * 6, _read(document), re.MULTILINE)
    secret = {"signing_secret": "x", "bot_token": "x"}
    kinds = {"slack": Slack(SlackSettings.model_validate(secret)).can}
    login = {"client_id": "x", "client_secret": "x", "service_account": "x"}
    bot = LineWorksSettings.model_validate(
        {**login, "private_key": "x", "bot_id": "1", "monthly": 9}
    )
    kinds |= {"lineworks": LineWorks(bot).can}
    kinds |= {kind.channel: kind.can for kind in (Email, Matrix, Chatwork, Teams, Apprise)}

    said = {
        name: [*(word == yes for word in words), limit != no]
        for name, *words, limit in rows
        if name in kinds
    }

    assert said == {
        str(name): [
            can.buttons,
            can.threads,
            can.answers,
            can.edits,
            can.ids,
            can.monthly is not None,
        ]
        for name, can in kinds.items()
    }


def test_the_examples_of_hooks_and_of_a_mapping_are_taken() -> None:
    blocks = [
        yaml.safe_load("\n".join(text.splitlines()[1:-1]))
        for text in _FENCED.findall(_read("docs/operators.md"))
        if text.startswith("```yaml")
    ]
    hooks = [hook for block in blocks if "hooks" in block for hook in block["hooks"]]
    imported, exported = (block for block in blocks if "columns" in block)

    read = [Hook.model_validate(hook) for hook in hooks]

    assert [hook.id for hook in read] == ["alertmanager", "zendesk", "github", "grafana", "banso"]
    assert TableMapping.model_validate(imported).system == "zendesk"
    assert ExportMapping.model_validate(exported).other == "commented"


def test_the_examples_of_a_backtest_are_taken() -> None:
    blocks = [
        "\n".join(text.splitlines()[1:-1])
        for text in _FENCED.findall(_read("docs/operators.md"))
        if text.startswith("```json")
    ]
    (events,) = (block.splitlines() for block in blocks if "issue_raised" in block)
    (meta,) = (json.loads(block) for block in blocks if "work_start_hour" in block)

    found = list(scores(map(json.loads, events), meta))

    assert [one.person for one in found] == ["aoki"]
    assert found[0].score > 0.05


def test_every_decision_is_in_the_list() -> None:
    listed = re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", _read("docs/adr/README.md"))

    assert listed == sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))
