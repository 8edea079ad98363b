"""Who is left alone, who runs alongside, and what was said about that."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document, Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "figure",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("since", Instant(), nullable=True),
        sa.Column("why", Document, nullable=False),
        sa.Column("heard_of", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "companionship",
        sa.Column("companionship_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("carrier_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("companion_id", sa.String(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("asked_ids", Document, nullable=False),
        sa.Column("why", Document, nullable=False),
        sa.Column("answer_by", Instant(), nullable=True),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("companionship_id"),
    )
    op.create_index(
        "companionship_by_carrier", "companionship", ["carrier_id", "began_at"], unique=False
    )
    op.create_table(
        "companion_word",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=True),
        sa.Column("said_at", Instant(), nullable=True),
        sa.Column("decoy_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
