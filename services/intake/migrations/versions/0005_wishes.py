"""How people want to be told, and of what no more."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document, Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "preference",
        sa.Column("person_id", sa.String(), primary_key=True),
        sa.Column("said", Document, nullable=False),
        sa.Column("said_at", Instant(), nullable=False),
    )
    op.create_table(
        "mute",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("since", Instant(), nullable=True),
        sa.Column("decoy_at", Instant(), nullable=True),
    )
