"""How a database means to answer a query."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text


def plan_of(connection: Connection, query: str, values: Any = ()) -> str:
    """As the database tells it."""
    explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    rows = connection.exec_driver_sql(f"{explain} {query}", values)
    return "\n".join(str(row[-1]) for row in rows)


def sorts(plan: str) -> bool:
    """Whether rows are read that a limit throws away again."""
    return "TEMP B-TREE" in plan or "Sort" in plan


def rather_use_indexes(connection: Connection) -> None:
    """PostgreSQL reads a small table whole, whatever its indexes could do."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))
