"""What is folded from facts: the state of each night, what was said of whom, and who has what.

Facts that are kept already begin when they happened, save that an issue's first assignment also
tells when it was raised. What they say is folded at the next start.
"""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0002"
down_revision = "0001"


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
        for name in ("owner_id", "carrier_id"):
            standing.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        standing.add_column(
            sa.Column("is_elsewhere", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        standing.add_column(sa.Column("moves", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "night",
        sa.Column("at", Instant(), nullable=False),
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
