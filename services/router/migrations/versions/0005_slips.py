"""How often promised days were moved."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    slips = sa.Column("slips", sa.Integer(), nullable=False, server_default="0")
    op.add_column("issue", slips)
