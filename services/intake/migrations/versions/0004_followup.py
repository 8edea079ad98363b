"""Who is away, whether chasing rests, and which issues belong together."""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name in ("merged_into", "parent_id"):
        op.add_column("view", sa.Column(name, sa.String(), nullable=True))
    op.create_index("view_by_main", "view", ["merged_into"], unique=False)
    op.create_index("view_by_parent", "view", ["parent_id"], unique=False)
    op.create_table(
        "absence",
        sa.Column("absence_id", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("substitute_id", sa.String(), nullable=True),
        sa.Column("is_over", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("absence_by_person", "absence", ["person_id", "ends_at"], unique=False)
    op.create_table(
        "pause",
        sa.Column("pause_id", sa.String(), primary_key=True),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("said_by_id", sa.String(), nullable=True),
        sa.Column("concerned", sa.Integer(), nullable=True),
        sa.Column("is_over", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("pause_by_end", "pause", ["ends_at"], unique=False)
