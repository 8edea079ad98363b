"""The command `banso`."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from shared.contracts.event import Speaker

app = typer.Typer(
    help="Banso runs alongside the people who carry customers' problems into a company.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
clock_app = typer.Typer(help="The movable clock, for tests.", no_args_is_help=True)
app.add_typer(clock_app, name="clock")

Data = Annotated[
    Path, typer.Option("--data", help="Where everything is kept.", envvar="BANSO_DATA")
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
            help="Seven ports from here on; by default free ones, the same at each start.",
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
    from deploy.local.keeping import AlreadyRunning, PortTaken
    from deploy.local.up import SAMPLE, Installation, NotReady
    from services.router.organisation import OrganisationUnusable, read
    from shared import logs

    logs.configure("up")
    file = organisation or SAMPLE
    try:
        read(file)
    except OrganisationUnusable as error:
        if not (data / "router.db").exists():
            _complain(file, error)
            raise typer.Exit(2) from error
        typer.echo("The organisation file has errors; the last good one stays in force.", err=True)
    installation = Installation(data, file, port_base, web_url, web_host, verbose)
    try:
        asyncio.run(installation.run())
    except AlreadyRunning as error:
        typer.echo(
            f"Banso is running already in {data}. Stop it, or choose another --data.", err=True
        )
        raise typer.Exit(1) from error
    except PortTaken as error:
        typer.echo(f"{error}. Choose another --port-base, or leave it out.", err=True)
        raise typer.Exit(1) from error
    except NotReady as error:
        typer.echo(f"Not ready in time: {error}. See the logs in {data / 'logs'}.", err=True)
        raise typer.Exit(1) from error


@app.command()
def serve(service: Speaker) -> None:
    """Run one service; it is told everything by its environment (BANSO_...)."""
    import uvloop

    match service:
        case Speaker.INTAKE:
            from services.intake import app as intake
            from services.intake.settings import IntakeSettings

            uvloop.run(intake.serve(IntakeSettings()))
        case Speaker.ROUTER:
            from services.router import app as router
            from services.router.settings import RouterSettings

            uvloop.run(router.serve(RouterSettings()))
        case Speaker.NOTIFIER:
            from services.notifier import app as notifier
            from services.notifier.settings import NotifierSettings

            uvloop.run(notifier.serve(NotifierSettings()))
        case Speaker.METRICS:
            from services.metrics import app as metrics
            from services.metrics.settings import MetricsSettings

            uvloop.run(metrics.serve(MetricsSettings()))


@app.command()
def check(file: Path) -> None:
    """Check an organisation file: each error with its line and what to do."""
    from services.router.organisation import OrganisationUnusable, read

    try:
        organisation = read(file)
    except OrganisationUnusable as error:
        _complain(file, error)
        raise typer.Exit(1) from error
    typer.echo(
        f"{file}: good. {len(organisation.people)} people in {len(organisation.teams)} teams,"
        f" {len(organisation.rules)} rules, revision {organisation.revision}."
    )


@clock_app.command()
def advance(span: str, data: Data = Path(".banso")) -> None:
    """Move the clock of a running test installation forward, as in `3d`, `4h` or `90s`."""
    from shared import clock

    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    try:
        by = timedelta(seconds=float(span[:-1]) * units[span[-1]])
    except (KeyError, ValueError, IndexError) as error:
        raise typer.BadParameter("write a span such as 3d, 4h, 15m or 90s") from error
    if by < timedelta():
        raise typer.BadParameter("time never runs backwards")
    file = data / "clock"
    clock.write_offset(file, clock.read_offset(file) + by)
    typer.echo(f"The clock is {clock.read_offset(file)} ahead.")


def _complain(file: Path, error: Exception) -> None:
    from services.router.organisation import OrganisationUnusable

    assert isinstance(error, OrganisationUnusable)
    for finding in error.findings:
        typer.echo(f"{file}:{finding.line}: {finding.place}: {finding.problem}.", err=True)
        typer.echo(f"    {finding.remedy}.", err=True)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
