"""Which message in a chat was about which issue, and how far chats were read."""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "chat_message",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("fact_id", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
    )
    op.create_index("chat_message_by_time", "chat_message", ["sent_at"], unique=False)
    op.create_table(
        "chat_act",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("assignment", sa.Integer(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
    )
    op.create_index("chat_act_by_time", "chat_act", ["asked_at"], unique=False)
    op.create_table(
        "chat_position",
        sa.Column("account", sa.String(), primary_key=True),
        sa.Column("since", sa.String(), nullable=False),
    )
