"""Who runs alongside whom."""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "accompanied",
        sa.Column("carrier_id", sa.String(), nullable=False),
        sa.Column("companionship_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("companion_id", sa.String(), nullable=True),
        sa.Column("heard_of", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("carrier_id"),
    )
