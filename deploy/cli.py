"""The command `banso`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from deploy.serving import Served
from shared.contracts.event import Speaker
from shared.contracts.notifier import Reason
from shared.contracts.organisation import Language
from shared.contracts.traffic import AUDITOR

if TYPE_CHECKING:
    from services.router.organisation import Finding, OrganisationUnusable
    from shared.channels import Channels
    from shared.contracts.organisation import Organisation
    from shared.language import Words

app = typer.Typer(
    help="Banso runs alongside the people who carry customers' problems into a company.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
dead_app = typer.Typer(help="Messages that a service could not handle.", no_args_is_help=True)
app.add_typer(dead_app, name="dead")
token_app = typer.Typer(help="Tokens of the API, and what each allows.", no_args_is_help=True)
app.add_typer(token_app, name="token")
import_app = typer.Typer(
    help="Bring in an old helpdesk's history: what is over and done with. Nobody is told.",
    no_args_is_help=True,
)
app.add_typer(import_app, name="import")
mail_app = typer.Typer(help="What Banso understands of mails.", no_args_is_help=True)
app.add_typer(mail_app, name="mail")
notify_app = typer.Typer(help="What people are told, and how it looks.", no_args_is_help=True)
app.add_typer(notify_app, name="notify")
metrics_app = typer.Typer(help="Figures about load and isolation.", no_args_is_help=True)
app.add_typer(metrics_app, name="metrics")
clock_app = typer.Typer(no_args_is_help=True)
app.add_typer(clock_app, name="clock")

Result = TypeVar("Result")

Data = Annotated[
    Path, typer.Option("--data", help="Where everything is kept.", envvar="BANSO_DATA")
]


Templates = Annotated[
    Path | None,
    typer.Option(
        "--templates",
        help="A directory with your own mail.html and mail.txt, which are tried on every message.",
        envvar="BANSO_TEMPLATES",
    ),
]


@app.command()
def up(
    data: Data = Path(".banso"),
    organisation: Annotated[
        Path | None,
        typer.Option(
            help="The organisation file; by default a sample.", envvar="BANSO_ORGANISATION"
        ),
    ] = None,
    port_base: Annotated[
        int | None,
        typer.Option(
            help="Eight ports from here on; by default free ones, the same at each start.",
            envvar="BANSO_PORT_BASE",
        ),
    ] = None,
    web_url: Annotated[
        str | None,
        typer.Option(
            help="Where people reach the pages, as links name it.", envvar="BANSO_WEB_URL"
        ),
    ] = None,
    web_host: Annotated[
        str, typer.Option(help="The address on which the pages listen.", envvar="BANSO_WEB_HOST")
    ] = "127.0.0.1",
    verbose: Annotated[bool, typer.Option(help="Show the logs of all services.")] = False,
) -> None:
    """Start everything on this machine: NATS, the four services, their databases."""
    from deploy.local.databases import DatabaseUnusable
    from deploy.local.keeping import AlreadyRunning, PortTaken
    from deploy.local.up import SAMPLE, Installation, NotReady
    from services.intake.settings import read_mailboxes
    from services.router.organisation import OrganisationUnusable, read
    from shared import logs

    logs.configure("up")
    file = organisation or SAMPLE
    try:
        read(file)
    except OrganisationUnusable as error:
        if not _keeps_something(data, Speaker.ROUTER):
            _complain(file, error)
            raise typer.Exit(2) from error
        _ = _words()
        said = _("The organisation file has errors; the last good one stays in force.")
        typer.echo(said, err=True)
    try:
        read_mailboxes(os.environ.get("BANSO_IMAP_MAILBOXES", "[]"))
    except ValidationError as error:
        raise _wrongly_set("BANSO_IMAP_MAILBOXES", error) from None
    _channels(os.environ.get("BANSO_CHANNELS", "{}"))
    installation = Installation(data, file, port_base, web_url, web_host, verbose)
    try:
        asyncio.run(installation.run())
    except AlreadyRunning as error:
        _ = _words()
        said = _(
            "Banso is running already in %(data)s. Stop it, or choose another --data.", data=data
        )
        typer.echo(said, err=True)
        raise typer.Exit(1) from error
    except PortTaken as error:
        _, port, name = _words(), error.port, error.name
        said = _(
            "Port %(port)s (%(name)s) is in use. Choose another --port-base, or leave it out.",
            port=port,
            name=name,
        )
        typer.echo(said, err=True)
        raise typer.Exit(1) from error
    except DatabaseUnusable as error:
        typer.echo(f"{error}.", err=True)
        raise typer.Exit(2) from error
    except NotReady as error:
        _ = _words()
        logs_at = data / "logs"
        said = _("Not ready in time: %(what)s. See the logs in %(logs)s.", what=error, logs=logs_at)
        typer.echo(said, err=True)
        raise typer.Exit(1) from error


def _channels(said: str) -> Channels:
    """The channels beside mail that are set up; ends where that can't be read."""
    from shared.channels import read_channels

    try:
        return read_channels(said)
    except ValidationError as error:
        raise _wrongly_set("BANSO_CHANNELS", error) from None


def _wrongly_set(variable: str, error: ValidationError) -> typer.Exit:
    """Says what is wrong, and repeats nothing of what was written, which may be a secret."""
    for one in error.errors(include_input=False, include_context=False):
        where = " > ".join(map(str, (variable, *one["loc"])))
        typer.echo(f"{where}: {one['msg']}", err=True)
    return typer.Exit(2)


@app.command()
def serve(service: Served) -> None:
    """Run one service, or the auditor; it is told everything by its environment (BANSO_...)."""
    from deploy import serving

    if service is Served.AUDIT:
        _audit_settings()  # says in plain words what is missing
    serving.serve(service)


@app.command()
def audit(
    data: Data = Path(".banso"),
    full: Annotated[
        bool, typer.Option("--full", help="Prove everything from the beginning.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Ask for the repairs that are safe.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    language: Annotated[
        Language | None, typer.Option(help="By default the one of your terminal.")
    ] = None,
) -> None:
    """Prove Banso's promises on its databases and streams. Nothing is changed.

    Ends with 0 where all of them hold, with 1 where one is broken, with 2 where it can't be told.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from deploy.audit import report
    from deploy.audit.once import audit_once
    from shared.streams import NoServer

    _follow_clock(data)
    settings = _audit_settings(data, language)
    _ = _words(language)
    try:
        found = asyncio.run(audit_once(settings, full=full, repair=repair))
    except (NoServer, SQLAlchemyError) as error:
        typer.echo(_("It can't be told now: %(error)s", error=str(error)[:500]), err=True)
        raise typer.Exit(2) from error
    typer.echo(report.to_json(found) if as_json else report.to_text(found, _))
    raise typer.Exit(1 if found.broken else 0)


def _audit_settings(data: Path | None = None, language: Language | None = None) -> Any:
    """Of a running `banso up` in `data`, or else as the environment says."""
    from deploy.audit.settings import AuditSettings

    told: dict[str, Any] = {}
    if data is not None and "BANSO_AUDIT_DATABASES" not in os.environ:
        endpoints = data / "endpoints.json"
        if not endpoints.exists():
            _ = _words(language)
            said = _(
                "Nothing runs in %(data)s. Start `banso up`, or set BANSO_AUDIT_DATABASES.",
                data=data,
            )
            typer.echo(said, err=True)
            raise typer.Exit(2)
        from deploy.local.keeping import AUDIT_MEMORY, secrets_of

        told = {
            "nats_url": json.loads(endpoints.read_text())["nats"],
            "nats_seed": secrets_of(data).nats_seeds[AUDITOR],
            "audit_databases": {s: f"sqlite:///{(data / f'{s}.db').resolve()}" for s in Speaker},
            "audit_memory": data / AUDIT_MEMORY,
        }
    try:
        return AuditSettings(**told)
    except ValidationError as error:
        for one in error.errors(include_input=False, include_context=False, include_url=False):
            name = "_".join(map(str, one["loc"])).upper()
            typer.echo(f"BANSO_{name}: {one['msg']}", err=True)
        raise typer.Exit(2) from None


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The organisation file.")],
    issue: Annotated[
        Path | None,
        typer.Argument(help="With --explain: an issue as the API takes it; `-` reads stdin."),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Say which rule fires for ISSUE and why the others do not, who would get it, why,"
            " and by when.",
        ),
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Take into account what everybody has in hand there; only read. Without it nobody"
            " has anything in hand.",
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="`ja` or `en`; by default that of your session.")
    ] = None,
    reach: Annotated[
        bool,
        typer.Option(
            "--reach",
            help="Say who could not be reached, with the channels and servers that the environment"
            " names; --data adds what did not reach people before. Ends with 1 if there is"
            " anybody.",
        ),
    ] = False,
    send: Annotated[
        bool,
        typer.Option(
            "--send", help="With --reach: send everybody a test message by each of their channels."
        ),
    ] = False,
    templates: Templates = None,
    channels: Annotated[
        str | None,
        typer.Option(
            help="The file of the channels beside mail: also say which of those named here are not"
            " set up there.",
            envvar="BANSO_CHANNELS",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check an organisation file: each error and warning with its line and what to do.

    Warnings do not keep it from being used.
    """
    from services.router.organisation import OrganisationUnusable, examine
    from shared import clock

    if send and not reach:
        _ = _words(language)
        raise typer.BadParameter(_("Write --reach as well."), param_hint="--send")
    if explain and issue is None:
        _ = _words(language)
        missing = _("Write an issue after the organisation file.")
        raise typer.BadParameter(missing, param_hint="ISSUE")
    if data is not None:
        _follow_clock(data)
    places = _channels(channels).places() if channels else None
    try:
        examined = examine(file)
    except OrganisationUnusable as error:
        if as_json:
            _say_json({"usable": False, "errors": _as_json(error.findings)})
        _complain(file, error)
        raise typer.Exit(1) from error
    organisation = examined.organisation
    if issue is not None:
        said = _explain(issue, organisation, data, language, as_json=as_json)
        typer.echo(f"{said}\n".encode(), nl=False)
        return
    if reach:
        _reach(organisation, data, language, send=send, as_json=as_json)
        return
    warnings = examined.warnings(clock.now(), places)
    faults = _faults_of_templates(templates) if templates is not None else []
    if as_json:
        known = {"usable": True, "revision": organisation.revision}
        found = {"errors": [], "warnings": _as_json(warnings), "templates": faults}
        _say_json({**known, **found})
        raise typer.Exit(1 if faults else 0)
    _say_findings(file, warnings)
    for fault in faults:
        typer.echo(f"{templates}/{fault}", err=True)
    typer.echo(
        f"{file}: good. {len(organisation.people)} people in {len(organisation.teams)} teams,"
        f" {len(organisation.rules)} rules, revision {organisation.revision}."
        + (f" Warnings: {len(warnings)}." if warnings else "")
    )
    if faults:
        raise typer.Exit(1)


def _faults_of_templates(directory: Path) -> list[str]:
    """What is wrong with the company's own templates, tried on every message."""
    from deploy.local.up import SAMPLE
    from deploy.preview.samples import BOTH, samples
    from services.notifier.letters import faults
    from services.router.organisation import read

    company = read(SAMPLE)
    told = [one.message for language in BOTH for one in samples(company, language)]
    return faults(directory, told)


@notify_app.command("preview")
def preview(
    out: Annotated[Path, typer.Option(help="Where the files are put.")] = Path("preview"),
    templates: Templates = None,
    reason: Annotated[
        list[Reason] | None, typer.Option(help="Only messages for this reason; repeatable.")
    ] = None,
    language: Annotated[Language | None, typer.Option(help="Only messages in this one.")] = None,
) -> None:
    """Write every message as HTML and text, with a page to look at them. Needs no server.

    Ends with 1 where a template of your own fails or leaves something out; ours is shown then.
    """
    from deploy.local.up import SAMPLE
    from deploy.preview.pages import named, write
    from deploy.preview.samples import BOTH, samples
    from services.notifier.letters import Letters
    from services.router.organisation import read

    company = read(SAMPLE)
    languages = BOTH if language is None else (language,)
    shown = [one for each in languages for one in named(samples(company, each), each)]
    written = write(out, shown, Letters(templates), reason or ())
    typer.echo(written[0].resolve().as_uri())
    faults = _faults_of_templates(templates) if templates is not None else []
    for fault in faults:
        typer.echo(f"{templates}/{fault}", err=True)
    if faults:
        raise typer.Exit(1)


def _reach(
    organisation: Organisation,
    data: Path | None,
    language: str | None,
    *,
    send: bool,
    as_json: bool,
) -> None:
    """Says who could not be reached."""
    from deploy import reaching
    from deploy.local.databases import DatabaseUnusable

    try:
        found = reaching.look(organisation, data, send=send)
    except ValidationError as error:
        for one in error.errors(include_input=False, include_context=False, include_url=False):
            name = "_".join(map(str, one["loc"])).upper()
            typer.echo(f"BANSO_{name}: {one['msg']}", err=True)
        raise typer.Exit(2) from None
    except DatabaseUnusable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if as_json:
        _say_json({"people": reaching.as_json(found)})
    else:
        typer.echo("\n".join(reaching.as_lines(found, _words(language))))
    if not all(one.is_reached for one in found):
        raise typer.Exit(1)


def _explain(
    issue: Path,
    organisation: Organisation,
    data: Path | None,
    language: str | None,
    *,
    as_json: bool,
) -> str:
    """What would become of the issue in this file; ends where that can't be told."""
    from deploy.explaining import show
    from deploy.explaining.described import IssueUnusable, doubts, raised_from, read
    from services.router.trial import NoSuchWork, try_out
    from shared import clock
    from shared.contracts.organisation import LANGUAGES
    from shared.language import known_language, words

    if language not in (None, *LANGUAGES):
        _ = _words()
        one_of = _("Write one of %(known)s.", known=", ".join(LANGUAGES))
        raise typer.BadParameter(one_of, param_hint="--language")
    _ = words(known_language(language or _language_of_session(), organisation.language))
    try:
        text = sys.stdin.read() if str(issue) == "-" else issue.read_text(encoding="utf-8")
        described = read(text, _)
    except IssueUnusable as error:
        for problem in error.problems:
            typer.echo(f"{issue}: {problem}", err=True)
        raise typer.Exit(2) from error
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(_("%(file)s can't be read as UTF-8 text.", file=issue), err=True)
        raise typer.Exit(2) from error
    raised = raised_from(described, organisation, clock.now())
    unknown = doubts(described, raised, organisation, _)
    try:
        trial = try_out(
            raised, organisation, raised.occurred_at, data / "router.db" if data else None
        )
    except NoSuchWork as error:
        typer.echo(_("There is no Banso of this version in %(data)s.", data=data), err=True)
        raise typer.Exit(2) from error
    told = (trial, raised, unknown, organisation, _)
    if as_json:
        return json.dumps(show.as_json(*told), ensure_ascii=False, indent=2)
    return "\n".join(show.as_lines(*told))


def _words(language: str | None = None) -> Words:
    """The words of the language that was asked for, else of the session."""
    from shared.language import known_language, words

    return words(known_language(language or _language_of_session(), "en"))


def _language_of_session() -> str | None:
    """What the locale of whoever calls us says, such as ja_JP.UTF-8."""
    said = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next(filter(None, said), None)


@app.command("evaluate-routing")
def evaluate_routing(
    history: Annotated[Path, typer.Argument(help="Tickets of the past (CSV), in any layout.")],
    text: Annotated[
        list[str] | None,
        typer.Option(help="The column with the text; repeatable, as for subject and body."),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="The column that says where each ticket belonged.")
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(help="The column that says when it came; without one file order counts."),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option(help="Newer tickets to test on; by default the newest fifth of HISTORY."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Take every row, however long it takes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    language: Annotated[
        Language | None, typer.Option(help="By default the one of your terminal.")
    ] = None,
) -> None:
    """How often Banso would have sent your own past tickets to the right place by itself."""
    from deploy.evaluating.show import evaluate_file
    from deploy.importing.found import SourceUnusable

    _ = _words(language)
    try:
        evaluate_file(
            history,
            test,
            text=text or (),
            label=label,
            at=time,
            everything=everything,
            as_json=as_json,
            _=_,
        )
    except SourceUnusable as error:
        typer.echo(error.say(_), err=True)
        raise typer.Exit(2) from error


@app.command()
def backtest(
    events: Annotated[
        Path,
        typer.Argument(help="What happened: a JSON object a line, or a table with --from-csv."),
    ],
    scores: Annotated[
        Path, typer.Option(help="The file for the figures: a line for each carrier and tick.")
    ],
    meta: Annotated[
        Path | None, typer.Option(help="Who is who, and when people work (META.json).")
    ] = None,
    from_csv: Annotated[
        bool,
        typer.Option(
            "--from-csv", help="EVENTS is a helpdesk's event log: case, person, time, activity."
        ),
    ] = False,
    mapping: Annotated[
        Path | None,
        typer.Option("--map", help="With --from-csv: what columns and activities mean (YAML)."),
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="By default the one of your terminal.")
    ] = None,
) -> None:
    """What the isolation figure would have said about an old helpdesk's history.

    Nothing is kept but the file that you name, and nobody is told. A tick in EVENTS asks for the
    figures; without any they are taken after each working day.
    """
    from functools import partial

    from deploy.backtesting.show import backtest_file
    from deploy.importing.found import SourceUnusable

    _ = _words(language)
    if mapping is not None and not from_csv:
        raise typer.BadParameter(_("Write --from-csv as well."), param_hint="--map")
    say = partial(typer.echo, err=True)
    try:
        backtest_file(events, meta, scores, from_csv=from_csv, mapping=mapping, say=say, _=_)
    except SourceUnusable as error:
        typer.echo(error.say(_), err=True)
        raise typer.Exit(2) from error


TokensAt = Annotated[
    Path | None,
    typer.Option(
        "--file",
        help="The file of the tokens; by default tokens.json in --data.",
        envvar="BANSO_API_TOKENS",
    ),
]


@token_app.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="Who will use it, for the list.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="What it allows: raise, read, comment, act, hook, import, absence, pause."
            " Repeatable."
        ),
    ],
    person: Annotated[
        str | None, typer.Option(help="It speaks as this person, and as nobody else.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends by itself, as in 90d or 12h.")
    ] = None,
    data: Data = Path(".banso"),
    file: TokensAt = None,
) -> None:
    """Make a token. It is printed once and kept nowhere."""
    from services.intake.api.tokens import TOKENS, Scope, TokenFile
    from shared import clock

    unknown = [one for one in scope if one not in set(Scope)]
    if unknown:
        _ = _words()
        raise typer.BadParameter(
            _("%(given)s: write some of %(known)s", given=unknown[0], known=", ".join(Scope))
        )
    _follow_clock(data)
    if person and not _is_known(person, data):
        _ = _words()
        raise typer.BadParameter(_("%(id)s is nobody's id in the organisation", id=person))
    token, text = TokenFile(file or data / TOKENS).add(
        name,
        [Scope(one) for one in scope],
        person=person,
        expires_at=clock.now() + _span(expires) if expires else None,
    )
    typer.echo(text)
    typer.echo(
        f"Token {token.id} ({', '.join(token.scopes)}). It is not shown again: keep it safe.",
        err=True,
    )


@token_app.command("list")
def list_tokens(data: Data = Path(".banso"), file: TokensAt = None) -> None:
    """All tokens, revoked ones too; never the tokens themselves."""
    from rich.console import Console
    from rich.table import Table

    from services.intake.api.tokens import TOKENS, TokenFile

    _follow_clock(data)
    tokens = TokenFile(file or data / TOKENS).all()
    table = Table("Id", "Name", "Scopes", "Person", "Made", "Ends", "State", box=None)
    for token in tokens:
        state = "good" if token.is_valid else "revoked" if token.revoked_at else "expired"
        ends = f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "-"
        table.add_row(
            token.id,
            token.name,
            " ".join(token.scopes),
            token.person or "-",
            f"{token.created_at:%Y-%m-%d}",
            ends,
            state,
        )
    Console(soft_wrap=True, highlight=False).print(table)


@token_app.command("revoke")
def revoke_token(token_id: str, data: Data = Path(".banso"), file: TokensAt = None) -> None:
    """Take a token back. It is worth nothing from the next request on."""
    from services.intake.api.tokens import TOKENS, NoSuchToken, TokenFile

    try:
        token = TokenFile(file or data / TOKENS).revoke(token_id)
    except NoSuchToken as error:
        _ = _words()
        said = _("There is no such token. `banso token list` shows what there is.")
        typer.echo(said, err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{token.id} ({token.name}) is worth nothing any more.")


Url = Annotated[
    str | None,
    typer.Option(
        "--url", help="The API of a Banso elsewhere, as https://banso.example.com/api/v1."
    ),
]
ApiToken = Annotated[
    str | None,
    typer.Option(
        "--token",
        help="A token with the scope that is needed, for --url.",
        envvar="BANSO_API_TOKEN",
    ),
]


@app.command()
def away(
    person: Annotated[str, typer.Argument(help="Whose id or address.")],
    first: Annotated[str, typer.Argument(metavar="FROM", help="First day, as 2031-02-10.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="Last day, as 2031-02-14.")],
    substitute: Annotated[
        str | None, typer.Option(help="Who has their work meanwhile; else Banso chooses.")
    ] = None,
    data: Data = Path(".banso"),
    url: Url = None,
    token: ApiToken = None,
) -> None:
    """Say that somebody will be away: what they have open goes to others, and comes back."""
    from deploy.away import say_away

    _say(data, url, token, lambda client, _: say_away(client, person, first, last, substitute, _))


@app.command()
def back(
    person: Annotated[str, typer.Argument(help="Whose id.")],
    data: Data = Path(".banso"),
    url: Url = None,
    token: ApiToken = None,
) -> None:
    """Say that somebody is here again, or will be after all."""
    from deploy.away import say_back

    _say(data, url, token, lambda client, _: say_back(client, person, _))


def _say(data: Path, url: str | None, token: str | None, say: Callable[[Any, Words], str]) -> None:
    from deploy.away import NotSaid
    from deploy.importing.client import reach
    from deploy.importing.found import SourceUnusable
    from services.intake.api.tokens import Scope

    _follow_clock(data)
    scopes, _ = (Scope.ABSENCE, Scope.READ), _words()
    try:
        with reach(data, url, token, scopes, "banso away", _.language) as client:
            typer.echo(say(client, _))
    except (SourceUnusable, NotSaid) as error:
        typer.echo(error.say(_) if isinstance(error, SourceUnusable) else str(error), err=True)
        raise typer.Exit(1) from error


@import_app.command("mbox")
def import_mbox(
    file: Path, data: Data = Path(".banso"), url: Url = None, token: ApiToken = None
) -> None:
    """Old mails in an mbox file: each thread becomes an issue."""
    from deploy.importing.mails import Mails

    _bring_in(lambda: Mails(file, "mbox"), file, data, url, token)


@import_app.command("maildir")
def import_maildir(
    directory: Path, data: Data = Path(".banso"), url: Url = None, token: ApiToken = None
) -> None:
    """Old mails in a Maildir with its folders: each thread becomes an issue."""
    from deploy.importing.mails import Mails

    _bring_in(lambda: Mails(directory, "maildir"), directory, data, url, token)


@import_app.command("csv")
def import_csv(
    file: Path,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="A YAML file that says which column is what.")
    ] = None,
    data: Data = Path(".banso"),
    url: Url = None,
    token: ApiToken = None,
) -> None:
    """A table of old issues: each row becomes an issue."""
    from deploy.importing.table import Table, TableMapping, read_mapping

    _bring_in(lambda: Table(file, read_mapping(mapping, TableMapping)), file, data, url, token)


def _bring_in(
    open_source: Callable[[], Any], file: Path, data: Path, url: str | None, token: str | None
) -> None:
    from deploy.importing.client import reach
    from deploy.importing.found import SourceUnusable
    from deploy.importing.run import NotTaken
    from deploy.importing.show import bring_in

    _follow_clock(data)
    _ = _words()
    again = _("Run the same command again: it goes on where it stopped.")
    try:
        with reach(data, url, token, language=_.language) as client:
            bring_in(open_source, client, file.resolve())
    except SourceUnusable as error:
        typer.echo(error.say(_), err=True)
        raise typer.Exit(2) from error
    except NotTaken as error:
        typer.echo(f"{error}\n{again}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        stopped = _("Stopped.")
        typer.echo(f"{stopped} {again}", err=True)
        raise typer.Exit(130) from error


def _follow_clock(data: Path) -> None:
    """In a test installation time is what its moved clock says."""
    from shared import clock

    if os.environ.get("BANSO_TEST_CLOCK") == "1":
        clock.follow(data / "clock")


def _keeps_something(data: Path, service: Speaker) -> bool:
    """Whether the service has ever run here; ends the command where that can't be told."""
    from deploy.local.databases import DatabaseUnusable, keeps_something

    try:
        return keeps_something(data, service)
    except DatabaseUnusable as error:
        typer.echo(f"{error}.", err=True)
        raise typer.Exit(2) from error


def _is_known(person: str, data: Path) -> bool:
    """Whether somebody has this id; yes, where no organisation was ever heard here."""
    from deploy.local.databases import database_url
    from services.intake import store
    from shared.database import open_engine
    from shared.organisation import KnownOrganisation

    if not _keeps_something(data, Speaker.INTAKE):
        return True
    engine = open_engine(database_url(data, Speaker.INTAKE), read_only=True)
    with engine.connect() as connection:
        organisation = KnownOrganisation(connection, store.metadata).current
    engine.dispose()
    return organisation is None or person in organisation.person


@mail_app.command("explain")
def explain_mail(
    file: Annotated[Path, typer.Argument(help="The raw mail (.eml); `-` reads it from stdin.")],
    organisation: Annotated[
        Path | None,
        typer.Option(help="The organisation file, so that mail of our own addresses is known."),
    ] = None,
) -> None:
    """Print as JSON what intake understands of a raw mail, whatever its bytes."""
    from services.intake.mail.explain import explain
    from services.router.organisation import OrganisationUnusable, read

    try:
        known = read(organisation) if organisation else None
    except OrganisationUnusable as error:
        _complain(organisation or file, error)
        raise typer.Exit(2) from error
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        _, why = _words(), error.strerror
        said = _("%(file)s can't be read: %(error)s.", file=file, error=why)
        typer.echo(said, err=True)
        raise typer.Exit(2) from error
    said = json.dumps(explain(raw, known), ensure_ascii=False, indent=2)
    typer.echo(f"{said}\n".encode(), nl=False)


@mail_app.command("kept")
def kept_mail(
    data: Data = Path(".banso"),
    kind: Annotated[
        str | None, typer.Option(help="Only these, such as `spam`, `list` or `auto-reply`.")
    ] = None,
    most: Annotated[int, typer.Option(help="How many at the most, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each.")] = False,
) -> None:
    """List the mails of which no issue came: machines' and lists', bounces, spam.

    Each is kept whole. To take one after all, forward it to one of your addresses for issues.
    """
    from deploy.local.databases import database_url
    from services.intake import store
    from shared.database import open_engine

    if not _keeps_something(data, Speaker.INTAKE):
        _ = _words()
        typer.echo(_("There is no Banso in %(data)s.", data=data), err=True)
        raise typer.Exit(2)
    engine = open_engine(database_url(data, Speaker.INTAKE), read_only=True)
    try:
        with engine.connect() as connection:
            letters = store.kept_letters(connection, kind, most)
    finally:
        engine.dispose()
    for letter in letters:
        file = data / "blobs" / letter.raw_sha256[:2] / letter.raw_sha256
        said = {
            "received_at": letter.received_at.isoformat(timespec="seconds"),
            "kind": letter.kind,
            "from": letter.address,
            "subject": letter.subject,
            "file": str(file),
        }
        typer.echo(json.dumps(said, ensure_ascii=False) if as_json else "  ".join(said.values()))


@metrics_app.command("rebuild")
def rebuild_metrics(
    data: Data = Path(".banso"),
    language: Annotated[
        Language | None, typer.Option(help="By default the one of your terminal.")
    ] = None,
) -> None:
    """Fold all figures anew from the facts that are kept; stop metrics meanwhile.

    For facts that came more than a week late. The same facts give the same figures.
    """
    from deploy.local.databases import database_url
    from services.metrics.rebuild import NothingHeard, StillRuns, rebuild

    _ = _words(language)
    if not _keeps_something(data, Speaker.METRICS):
        typer.echo(_("There is no Banso in %(data)s.", data=data), err=True)
        raise typer.Exit(2)
    try:
        found = asyncio.run(rebuild(database_url(data, Speaker.METRICS)))
    except StillRuns:
        typer.echo(_("Metrics runs on this database. Stop it first."), err=True)
        raise typer.Exit(2) from None
    except NothingHeard:
        typer.echo(_("No organisation was heard here yet, so there is nothing to do."), err=True)
        raise typer.Exit(2) from None
    typer.echo(
        _(
            "Done for %(carriers)s people. The largest change of a figure is %(moved)s.",
            carriers=found.carriers,
            moved=f"{found.moved:.3f}",
        )
    )


@clock_app.callback()
def clock(context: typer.Context, data: Data = Path(".banso")) -> None:
    """The movable clock, for tests: only where BANSO_TEST_CLOCK=1 is set."""
    if os.environ.get("BANSO_TEST_CLOCK") != "1":
        _ = _words()
        said = _("The clock can be moved in tests only. Set BANSO_TEST_CLOCK=1.")
        typer.echo(said, err=True)
        raise typer.Exit(1)
    context.obj = data


@clock_app.command()
def advance(context: typer.Context, span: str) -> None:
    """Move the clock of a running test installation forward, as in `3d`, `4h` or `90s`."""
    from shared import clock

    data: Path = context.obj
    by = _span(span)
    if by < timedelta():
        _ = _words()
        raise typer.BadParameter(_("Time never runs backwards."))
    file = data / "clock"
    clock.write_offset(file, clock.read_offset(file) + by)
    typer.echo(f"The clock is {clock.read_offset(file)} ahead.")


def _span(text: str) -> timedelta:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    try:
        return timedelta(seconds=float(text[:-1]) * units[text[-1]])
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        _ = _words()
        raise typer.BadParameter(_("Write a span such as 3d, 4h, 15m or 90s.")) from error


@app.command()
def migrate(
    service: Speaker, database_url: Annotated[str, typer.Option(envvar="BANSO_DATABASE_URL")]
) -> None:
    """Bring a service's database to the newest schema."""
    from shared.database import migrate as bring_up_to_date

    bring_up_to_date(database_url, _migrations(service))
    typer.echo(f"The database of {service} has the newest schema.")


@app.command()
def provision(
    data: Data = Path(".banso"),
    replicas: Annotated[int, typer.Option(help="Copies of each stream in a cluster.")] = 1,
) -> None:
    """Make or adapt the streams and consumers on NATS."""
    from shared.provision import provision as make

    made = _administer(data, lambda admin: make(admin, replicas=replicas))
    typer.echo(f"New streams: {', '.join(made) or 'none'}.")


@app.command()
def replay(stream: str, data: Data = Path(".banso")) -> None:
    """Have the speaker of a stream say its whole journal again; nobody is told twice."""
    from shared.contracts.traffic import streams
    from shared.provision import provision as make

    name = stream.upper()
    spoken = [known for known in streams() if known in {str(s).upper() for s in Speaker}]
    if name not in spoken:
        _ = _words()
        raise typer.BadParameter(_("Write one of %(known)s.", known=", ".join(spoken)))
    _administer(data, lambda admin: make(admin, new_epoch=[name]))
    typer.echo(f"{name} has a new epoch; its speaker begins to say it again within seconds.")


@dead_app.command("list")
def list_dead(data: Data = Path(".banso")) -> None:
    """What was given up, the oldest first."""
    from shared.provision import dead_letters

    async def read(admin: Any) -> list[Any]:
        return [buried async for buried in dead_letters(admin)]

    found = _administer(data, read)
    for buried in found:
        typer.echo(
            f"{buried.number}  {buried.at:%Y-%m-%d %H:%M:%S}  {buried.service}  {buried.subject}"
            f"  after {buried.attempts} attempts: {buried.error}"
        )
    if not found:
        typer.echo("Nothing. Every message was handled.")


@dead_app.command("show")
def show_dead(number: int, data: Data = Path(".banso")) -> None:
    """The message itself."""
    from shared.provision import dead_letter

    buried = _administer(data, lambda admin: dead_letter(admin, number))
    typer.echo(buried.body.decode("utf-8", "replace"))


@dead_app.command("done")
def dead_done(number: int, data: Data = Path(".banso")) -> None:
    """Note that you have looked at it, and that nothing more is to be done."""
    from shared.provision import settle

    buried = _administer(data, lambda admin: settle(admin, number))
    typer.echo(f"{buried.subject} of {buried.service} counts as looked at.")


@dead_app.command("again")
def dead_again(number: int, data: Data = Path(".banso")) -> None:
    """Say it again, for the service that gave it up."""
    from shared.provision import say_again

    buried = _administer(data, lambda admin: say_again(admin, number))
    typer.echo(f"{buried.subject} was said to {buried.service} again.")


def _administer(data: Path, work: Callable[[Any], Awaitable[Result]]) -> Result:
    """Works on NATS as its administrator: of the installation in `data`, or by environment."""
    from pydantic import SecretStr

    from shared.provision import NoSuchLetter, administrator
    from shared.streams import NoServer

    endpoints = data / "endpoints.json"
    url, seed = os.environ.get("BANSO_NATS_URL"), os.environ.get("BANSO_NATS_SEED")
    if url is None:
        if not endpoints.exists():
            _ = _words()
            said = _(
                "Nothing runs in %(data)s. Start `banso up`, or set BANSO_NATS_URL.", data=data
            )
            typer.echo(said, err=True)
            raise typer.Exit(1)
        url = json.loads(endpoints.read_text())["nats"]
        seed = json.loads((data / "secrets.json").read_text())["nats_seeds"]["admin"]

    async def run() -> Result:
        async with administrator(url, SecretStr(seed) if seed else None) as admin:
            return await work(admin)

    try:
        return asyncio.run(run())
    except NoSuchLetter as error:
        _ = _words()
        said = _("There is no such message. `banso dead list` shows what there is.")
        typer.echo(said, err=True)
        raise typer.Exit(1) from error
    except NoServer as error:
        _ = _words()
        said = _("NATS can't be reached at %(url)s: %(error)s.", url=url, error=error)
        typer.echo(said, err=True)
        raise typer.Exit(1) from error


def _migrations(service: Speaker) -> Path:
    return Path(import_module(f"services.{service}").__path__[0]) / "migrations"


def _complain(file: Path, error: OrganisationUnusable) -> None:
    _say_findings(file, error.findings)


def _as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [asdict(finding) for finding in findings]


def _say_json(said: dict[str, Any]) -> None:
    typer.echo(f"{json.dumps(said, ensure_ascii=False, indent=2)}\n".encode(), nl=False)


def _say_findings(file: Path, findings: Iterable[Finding]) -> None:
    from services.router.organisation import Severity

    for one in findings:
        kind = "warning: " if one.severity is Severity.WARNING else ""
        typer.echo(f"{file}:{one.line}: {kind}{one.place}: {one.problem}.", err=True)
        typer.echo(f"    {one.remedy}.", err=True)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
