"""Who is left alone, and who runs alongside."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document, Instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "isolation",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("heard_of", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "companionship",
        sa.Column("companionship_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("carrier_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("companion_id", sa.String(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("asked_ids", Document, nullable=False),
        sa.Column("why", Document, nullable=False),
        sa.Column("silent_team_ids", Document, nullable=False),
        sa.Column("coordinator_id", sa.String(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("companionship_id"),
    )
    op.create_index(
        "companionship_by_carrier", "companionship", ["carrier_id", "began_at"], unique=False
    )
    for name, column, where in (
        ("companionship_due", "due_at", "due_at IS NOT NULL"),
        ("companionship_open", "stage", "stage <> 'over'"),
    ):
        op.create_index(
            name,
            "companionship",
            [column],
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
