"""What issues are found by, in columns of its own."""

import sqlalchemy as sa
from alembic import op

from shared.database import Instant

revision = "0003"
down_revision = "0002"

_SAID = ("source", "urgency", "product", "category", "carrier_id", "owner_id", "team_id")


def upgrade() -> None:
    op.add_column("view", sa.Column("changed_at", Instant(), nullable=True))
    for name in _SAID:
        op.add_column("view", sa.Column(name, sa.String(), nullable=True))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    field = "json_extract(snapshot, '$.{0}')" if is_sqlite else "snapshot::jsonb->>'{0}'"
    values = ", ".join(f"{name} = {field.format(name)}" for name in _SAID)
    op.execute(f"UPDATE view SET {values} WHERE snapshot IS NOT NULL")  # noqa: S608
    op.execute(
        "UPDATE view SET changed_at = coalesce((SELECT max(occurred_at) FROM history"
        " WHERE history.issue_id = view.issue_id), raised_at)"
    )
    op.create_index("view_by_time", "view", ["raised_at", "issue_id"], unique=False)
    for name, column in (
        ("view_by_state", "state"),
        ("view_by_owner", "owner_id"),
        ("view_by_team", "team_id"),
        ("view_by_carrier", "carrier_id"),
    ):
        op.create_index(name, "view", [column, "raised_at", "issue_id"], unique=False)
