"""Chat beside mail: how people want to be told, conversations, and more words for what becomes of
a delivery. Personal hours and summaries: who is there, what is held, and how each issue stands."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document, Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        "update delivery set fate = case"
        " when bundle_id is not null and taken_at is null and attempts = 0 then 'held'"
        " when attempts > 0 and taken_at is null then 'postponed' else 'sending' end"
        " where fate = 'pending'"
    )
    op.add_column("delivery", sa.Column("external_id", sa.String(), nullable=True))
    op.add_column("delivery", sa.Column("external_thread", sa.String(), nullable=True))
    op.add_column("delivery", sa.Column("blame", sa.String(), nullable=True))
    op.add_column("current", sa.Column("undone", Document, nullable=False, server_default="[]"))
    op.create_table(
        "preference",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("said", Document, nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "mute",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("since", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "thread",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("external_thread", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "reach",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("broken_at", Instant(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("tried_at", Instant(), nullable=True),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "unreached",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("said_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    _hours()
    _summaries()


def _hours() -> None:
    for state, columns in (("held", ["channel"]), ("summed", ["person_id", "done_at"])):
        these = sa.text(f"fate = '{state}'")
        op.create_index(
            f"delivery_{state}",
            "delivery",
            columns,
            unique=False,
            sqlite_where=these,
            postgresql_where=these,
        )
    op.add_column("bundle", sa.Column("held_id", sa.String(), nullable=True))
    op.add_column("bundle", sa.Column("held_until", Instant(), nullable=True))
    op.create_table(
        "presence",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("last_act", Instant(), nullable=True),
        sa.Column("away_until", Instant(), nullable=True),
        sa.Column("full_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("person_id"),
    )


def _summaries() -> None:
    op.create_table(
        "digest",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_index("digest_by_due", "digest", ["due_at"], unique=False)
    for name in ("owner_id", "carrier_id", "reporter_id", "reference", "summary", "urgency"):
        op.add_column("current", sa.Column(name, sa.String(), nullable=True))
    for name in ("changed_at", "solved_at"):
        op.add_column("current", sa.Column(name, Instant(), nullable=True))
    op.create_index("current_by_owner", "current", ["owner_id", "state"], unique=False)
    for who in ("carrier", "reporter"):
        columns = [f"{who}_id", "changed_at"]
        op.create_index(f"current_by_{who}", "current", columns, unique=False)
