"""What goes together as one mail, and how an issue stands, so that what is out of date is known."""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("current", sa.Column("state", sa.String(), nullable=True))
    op.add_column("current", sa.Column("next_step", sa.String(), nullable=True))
    op.add_column("current", sa.Column("next_step_at", Instant(), nullable=True))
    op.add_column("delivery", sa.Column("bundle_id", sa.String(), nullable=True))
    op.create_index("delivery_by_bundle", "delivery", ["bundle_id"], unique=False)
    op.create_table(
        "bundle",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("bundle_id", sa.String(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("last_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("person_id"),
    )
