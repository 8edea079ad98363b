"""The first schema."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document, Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("carrier_id", sa.String(), nullable=False),
        sa.Column("last_by_person", Document, nullable=False),
        sa.PrimaryKeyConstraint("carrier_id"),
    )
    op.create_table(
        "attempt",
        sa.Column("cause_id", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("cause_id"),
    )
    op.create_table(
        "cause",
        sa.Column("cause_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("cause_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "epoch",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stream"),
    )
    op.create_table(
        "issue",
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("reporter_id", sa.String(), nullable=False),
        sa.Column("carrier_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=True),
        sa.Column("assignment", sa.Integer(), nullable=False),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("assigned_at", Instant(), nullable=False),
        sa.Column("acknowledged_at", Instant(), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("needed_by", Instant(), nullable=True),
        sa.Column("next_step", sa.String(), nullable=True),
        sa.Column("next_step_at", Instant(), nullable=True),
        sa.Column("wake_at", Instant(), nullable=True),
        sa.Column("step_number", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("declined_by", Document, nullable=False),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.CheckConstraint("owner_id <> ''", name="issue_has_owner"),
        sa.CheckConstraint(
            "state = 'closed' OR (next_step IS NOT NULL AND next_step_at IS NOT NULL AND wake_at IS NOT NULL)",
            name="open_issue_has_next_step",
        ),
        sa.PrimaryKeyConstraint("issue_id"),
        sa.UniqueConstraint("reference"),
    )
    op.create_index("issue_by_owner", "issue", ["owner_id", "state"], unique=False)
    op.create_index("issue_by_wake", "issue", ["wake_at"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "said",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("cause_id", sa.String(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("headers", Document, nullable=True),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("said_by_cause", "said", ["cause_id", "nth"], unique=False)
    op.create_index("said_by_time", "said", ["recorded_at"], unique=False)
    op.create_index(
        "said_owed",
        "said",
        ["recorded_at"],
        unique=False,
        sqlite_where=sa.text("sequence IS NULL"),
        postgresql_where=sa.text("sequence IS NULL"),
    )
    op.create_table(
        "work",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("in_hand_s", sa.Integer(), nullable=False),
        sa.Column("chosen_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("person_id"),
    )
