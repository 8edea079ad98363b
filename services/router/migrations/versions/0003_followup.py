"""Helpers, waits, snoozes, promises, merged issues, queues, absences and pauses."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document, Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for column in (
        sa.Column("helper_ids", Document, nullable=False, server_default="[]"),
        sa.Column("waiting_for", sa.String(), nullable=True),
        sa.Column("waiting_since", Instant(), nullable=True),
        sa.Column("stood_still_s", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("snoozed_until", Instant(), nullable=True),
        sa.Column("promised_at", Instant(), nullable=True),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("reopenings", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("queued", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("lent_by", sa.String(), nullable=True),
        sa.Column("acted_at", Instant(), nullable=True),
        sa.Column("policy", sa.String(), nullable=True),
        sa.Column("triage", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("planned_at", Instant(), nullable=True),
    ):
        op.add_column("issue", column)
    for name, indexed, on_sqlite, on_postgresql in (
        ("issue_by_main", "merged_into", "merged_into IS NOT NULL", "merged_into IS NOT NULL"),
        ("issue_by_parent", "parent_id", "parent_id IS NOT NULL", "parent_id IS NOT NULL"),
        ("issue_by_lender", "lent_by", "lent_by IS NOT NULL", "lent_by IS NOT NULL"),
        ("issue_by_queue", "team_id", "queued = 1", "queued = true"),
    ):
        op.create_index(
            name,
            "issue",
            [indexed],
            unique=False,
            sqlite_where=sa.text(on_sqlite),
            postgresql_where=sa.text(on_postgresql),
        )
    op.create_table(
        "absence",
        sa.Column("absence_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("substitute_id", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("wake_at", Instant(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("absence_id"),
    )
    op.create_index("absence_by_wake", "absence", ["wake_at"], unique=False)
    op.create_index("absence_by_person", "absence", ["person_id"], unique=False)
    op.create_table(
        "pause",
        sa.Column("pause_id", sa.String(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("said_by_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("said_at", Instant(), nullable=False),
        sa.Column("earlier", Document, nullable=False),
        sa.Column("wake_at", Instant(), nullable=True),
        sa.Column("moving", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("pause_id"),
    )
