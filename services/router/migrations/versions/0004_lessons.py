"""What is learned from: the words of issues, and where they turned out to belong."""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "lesson",
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("learned_at", Instant(), nullable=True),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id"),
    )
    op.create_index("lesson_by_time", "lesson", ["learned_at"], unique=False)
