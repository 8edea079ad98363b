"""What is folded from facts: the state of each night, what was said of whom, and who has what.

Facts that are kept already begin when they happened, save that an issue's first assignment also
tells when it was raised. What they say is folded at the next start.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from shared.database import Instant

revision = "0002"
down_revision = "0001"


_NEW: dict[str, TypeEngine[Any]] = {
    "owner_id": sa.String(),
    "carrier_id": sa.String(),
    "is_elsewhere": sa.Boolean(),
    "moves": sa.Integer(),
}


def upgrade() -> None:
    with op.batch_alter_table("fact") as fact:
        fact.add_column(sa.Column("begins_at", Instant()))
    op.execute("DELETE FROM fact WHERE subject = 'issue.raised.v1'")
    op.execute(
        "UPDATE fact SET begins_at = occurred_at WHERE version <> 1 OR NOT EXISTS"
        " (SELECT 1 FROM standing s WHERE s.issue_id = fact.issue_id)"
    )
    op.execute(
        "UPDATE fact SET begins_at = (SELECT CASE WHEN s.raised_at < fact.occurred_at"
        " THEN s.raised_at ELSE fact.occurred_at END"
        " FROM standing s WHERE s.issue_id = fact.issue_id) WHERE begins_at IS NULL"
    )
    with op.batch_alter_table("fact") as fact:
        fact.alter_column("begins_at", existing_type=Instant(), nullable=False)
        fact.create_index("fact_as_folded", ["begins_at", "event_id"])
    with op.batch_alter_table("standing") as standing:
        for name, kind in _NEW.items():
            standing.add_column(sa.Column(name, kind))
    op.execute(
        "UPDATE standing SET owner_id = '', carrier_id = '', is_elsewhere = FALSE, moves = 0"
    )
    with op.batch_alter_table("standing") as standing:
        for name, kind in _NEW.items():
            standing.alter_column(name, existing_type=kind, nullable=False)
    op.create_table(
        "night",
        sa.Column("at", Instant(), autoincrement=False, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("at"),
    )
    op.create_table(
        "watched",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("since", Instant()),
        sa.Column("has_been_asked", sa.Boolean(), nullable=False),
        sa.Column("alarming_since", Instant()),
        sa.Column("is_alarmed", sa.Boolean(), nullable=False),
        sa.Column("calm_since", Instant()),
        sa.Column("is_supported", sa.Boolean(), nullable=False),
        sa.Column("in_spite_of", Instant()),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "hold",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", Instant()),
        sa.PrimaryKeyConstraint("name"),
    )
