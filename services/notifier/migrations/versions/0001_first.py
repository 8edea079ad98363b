"""The first schema."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document, Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "arrival",
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("fact_id", sa.String(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("issue_id"),
    )
    op.create_index("arrival_by_due", "arrival", ["due_at"], unique=False)
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
        "contact",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "current",
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id"),
    )
    op.create_table(
        "delivery",
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("fact_id", sa.String(), nullable=False),
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    op.create_index("delivery_by_due", "delivery", ["due_at"], unique=False)
    op.create_index("delivery_by_issue", "delivery", ["issue_id"], unique=False)
    op.create_table(
        "epoch",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stream"),
    )
    op.create_table(
        "fact",
        sa.Column("fact_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("fact_id"),
    )
    op.create_table(
        "organisation",
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.PrimaryKeyConstraint("revision"),
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
