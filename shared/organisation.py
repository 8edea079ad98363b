"""The organisation as those keep it who hear it from the router: whole, the newest in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, MetaData, String, Table, select

from shared.contracts.organisation import Organisation
from shared.contracts.router import IssueEvent, OrganisationPublished
from shared.database import Document, Instant, Store
from shared.journal import NotYet


@dataclass(frozen=True, slots=True)
class Heard:
    """One organisation as it was published."""

    revision: str
    published_at: datetime
    document: dict[str, Any]


def add_organisation(metadata: MetaData) -> None:
    """Adds the table of organisations heard to a service's schema."""
    Table(
        "organisation",
        metadata,
        Column("revision", String, primary_key=True),
        Column("published_at", Instant, nullable=False),
        Column("document", Document, nullable=False),
    )


class KnownOrganisation:
    """The organisation in force, for a whole process; None until the first was heard."""

    def __init__(self, connection: Connection, metadata: MetaData) -> None:
        table = metadata.tables["organisation"]
        row = connection.execute(select(table).order_by(table.c.published_at.desc())).first()
        self.published_at = row.published_at if row else None
        self.current = Organisation.from_document(row.document) if row else None

    def adopt(self, store: HearerStore) -> None:
        """Called after each commit."""
        if store.heard is not None:
            self.published_at, self.current = store.heard


class HearerStore(Store):
    """The store of a service that hears the organisation."""

    def __init__(
        self, connection: Connection, now: datetime, metadata: MetaData, known: KnownOrganisation
    ) -> None:
        super().__init__(connection, now)
        self._known = known
        self._heard = self.rows(metadata.tables["organisation"], Heard)
        self.heard: tuple[datetime, Organisation] | None = None
        """The newer organisation that this batch has heard of."""

    @property
    def organisation(self) -> Organisation:
        """The organisation in force; raises NotYet before the first was heard."""
        current = self.heard[1] if self.heard else self._known.current
        if current is None:
            raise NotYet
        return current

    def keep_organisation(self, published: OrganisationPublished) -> None:
        """Keeps it; it is in force unless a newer one was heard already."""
        organisation, at = published.organisation, published.occurred_at
        document = organisation.model_dump(mode="json")
        self._heard.put(Heard(organisation.revision, at, document))
        newest = self.heard[0] if self.heard else self._known.published_at
        if newest is None or at >= newest:
            self.heard = (at, organisation)

    def wait_for_organisation(self, event: IssueEvent) -> None:
        """Raises NotYet while the organisation that the event speaks of is still on its way."""
        revision = event.issue.organisation_revision
        if self.organisation.revision != revision and self._heard.get(revision) is None:
            raise NotYet
