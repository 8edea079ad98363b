"""What somebody did and may take back for a while."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document, Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "act",
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("assignment", sa.Integer(), nullable=True),
        sa.Column("by_link", sa.Boolean(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", Document, nullable=True),
        sa.Column("undo_until", Instant(), nullable=True),
        sa.Column("told_ids", Document, nullable=False),
        sa.Column("undoes", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("act_by_issue", "act", ["issue_id"], unique=False)
    op.create_index("act_by_time", "act", ["at"], unique=False)
