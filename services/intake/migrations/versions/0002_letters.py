"""Mails that came in, and all that was said when an issue was brought in."""

import sqlalchemy as sa
from alembic import op

from shared.database import Document, Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "letter",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("issue_id", sa.String(), nullable=True),
        sa.Column("began", sa.Boolean(), nullable=False),
        sa.Column("raw_sha256", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("trust", sa.String(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("letter_by_message_id", "letter", ["message_id"], unique=False)
    op.create_index("letter_by_address", "letter", ["address", "received_at"], unique=False)
    op.create_index("letter_by_kind", "letter", ["kind", "received_at"], unique=False)
    op.add_column("view", sa.Column("brought", Document, nullable=False, server_default="{}"))
    op.add_column(
        "view", sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.false())
    )
