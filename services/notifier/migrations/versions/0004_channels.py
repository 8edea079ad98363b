"""Chat beside mail: how people want to be told, conversations, and more words for what becomes of
a delivery."""

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
