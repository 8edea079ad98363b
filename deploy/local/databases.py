"""Where the services keep what they know: files beside each other, or a PostgreSQL server."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.exc import ArgumentError, DBAPIError

from shared.contracts.event import Speaker
from shared.database import is_new, read_url

VARIABLE = "BANSO_DATABASE_URL"
SERVICE = "{service}"


class DatabaseUnusable(Exception):
    """What is said of the database can't be followed."""


def database_url(data: Path, service: Speaker) -> str:
    """A service's own database: of the server that BANSO_DATABASE_URL names, or a file in `data`.

    Raises DatabaseUnusable.
    """
    said = os.environ.get(VARIABLE)
    if not said:
        return f"sqlite:///{data / f'{service}.db'}"
    if SERVICE not in said:
        raise DatabaseUnusable(
            f"{VARIABLE}: each service has a database of its own; write {SERVICE} where its name"
            " stands, as in postgresql://banso@db.example.com/banso_{service}"
        )
    url = said.replace(SERVICE, service)
    try:
        read_url(url)
    except ArgumentError:
        raise DatabaseUnusable(f"{VARIABLE} is no URL of a database") from None
    return url


def keeps_something(data: Path, service: Speaker) -> bool:
    """Whether the service has ever run on its database; raises DatabaseUnusable."""
    try:
        return not is_new(database_url(data, service))
    except DBAPIError as error:
        # The driver names server and user, and no password.
        raise DatabaseUnusable(f"{VARIABLE}: {' '.join(str(error.orig).split())}") from error
    except ImportError as error:
        missing = "the driver for PostgreSQL is missing; pip install 'psycopg[binary]'"
        raise DatabaseUnusable(f"{VARIABLE}: {missing}") from error
