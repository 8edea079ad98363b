"""The customer as corrected, and when somebody heard that what they wrote about is closed."""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("current", sa.Column("customer", sa.String(), nullable=True))
    op.add_column("current", sa.Column("still_closed_at", Instant(), nullable=True))
