"""Confidential issues, followers, the customer, and how often mail reopened it."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "issue",
        sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("issue", sa.Column("follower_ids", Document, nullable=False, server_default="[]"))
    op.add_column("issue", sa.Column("customer", sa.String(), nullable=True))
    op.add_column(
        "issue", sa.Column("reopened_by_mail", Document, nullable=False, server_default="{}")
    )
