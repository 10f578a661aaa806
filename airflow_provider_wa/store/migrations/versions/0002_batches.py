# SPDX-License-Identifier: Apache-2.0
"""Batches have a table; a check's other form is a column of its key; cursors are positions.

Before, the rows of the other form were a batch of their own whose name ended in ``-other``, and the number of a batch's
calls was a cursor whose name began with ``calls:``.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NAME = sa.String(255)
_KEY = sa.String(64)
_OTHER, _CALLS = "-other", "calls:"


def _column(name: str, kind: Any, nullable: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, **options)


def upgrade() -> None:
    """Carry all data over: no row is lost, and each row's batch is known."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _add_form_by_copy()
    else:
        _add_form_in_place()
    op.create_table(
        "wa_batches",
        _column("name", _KEY, primary_key=True),
        _column("kind", _NAME),
        _column("conn_id", _NAME),
        _column("dag_id", _NAME, nullable=True),
        _column("run_id", _NAME, nullable=True),
        _column("task_id", _NAME, nullable=True),
        _column("map_index", sa.Integer(), nullable=True),
        _column("counts", sa.JSON(), nullable=True),
        _column("calls", sa.BigInteger()),
        _column("created_at", _MOMENT),
        _column("ended_at", _MOMENT, nullable=True),
    )
    op.create_index("wa_batches_created_at", "wa_batches", ["created_at"])
    # The age of an answer that was reused is that of an earlier run.
    op.execute(
        "INSERT INTO wa_batches (name, kind, conn_id, calls, created_at) "
        "SELECT batch, 'check', min(conn_id), 0, "
        "coalesce(min(CASE WHEN NOT reused THEN checked_at END), max(checked_at)) FROM wa_checks GROUP BY batch"
    )
    op.execute(
        "INSERT INTO wa_batches (name, kind, conn_id, calls, created_at) "
        "SELECT batch, 'send', min(conn_id), 0, coalesce(min(intended_at), min(settled_at)) FROM wa_sends "
        "WHERE batch NOT IN (SELECT name FROM wa_batches) GROUP BY batch"
    )
    _carry_calls(connection)
    op.rename_table("wa_cursors", "wa_positions")
    if connection.dialect.name != "sqlite":
        op.execute("ALTER INDEX wa_cursors_pkey RENAME TO wa_positions_pkey")


def _add_form_by_copy() -> None:
    """Copy the table: SQLite cannot change a primary key."""
    op.rename_table("wa_checks", "wa_checks_0001")
    op.create_table(
        "wa_checks",
        _column("batch", _KEY, primary_key=True),
        _column("form", sa.SmallInteger(), primary_key=True, autoincrement=False),
        _column("row", sa.BigInteger(), primary_key=True, autoincrement=False),
        _column("conn_id", _NAME),
        _column("input", sa.Text()),
        _column("number", _NAME),
        _column("status", _NAME),
        _column("jid", sa.Text(), nullable=True),
        _column("checked_at", _MOMENT),
        _column("detail", sa.Text()),
        _column("reference", _NAME, nullable=True),
        _column("reused", sa.Boolean()),
    )
    columns = "conn_id, input, number, status, jid, checked_at, detail, reference, reused"
    op.execute(
        f"INSERT INTO wa_checks (batch, row, form, {columns}) "
        f"SELECT CASE WHEN batch LIKE '%{_OTHER}' THEN substr(batch, 1, length(batch) - {len(_OTHER)}) ELSE batch END, "
        f"row, batch LIKE '%{_OTHER}', {columns} FROM wa_checks_0001"
    )
    op.drop_table("wa_checks_0001")
    op.create_index("wa_checks_reference", "wa_checks", ["reference", "conn_id"])
    op.create_index("wa_checks_number", "wa_checks", ["conn_id", "number", "checked_at"])


def _add_form_in_place() -> None:
    op.add_column("wa_checks", _column("form", sa.SmallInteger(), server_default="0"))
    op.drop_constraint("wa_checks_pkey", "wa_checks", type_="primary")
    op.execute(f"UPDATE wa_checks SET batch = left(batch, -{len(_OTHER)}), form = 1 WHERE batch LIKE '%{_OTHER}'")
    op.create_primary_key("wa_checks_pkey", "wa_checks", ["batch", "form", "row"])
    op.alter_column("wa_checks", "form", server_default=None)


def _carry_calls(connection: sa.Connection) -> None:
    """Enter the number of each batch's calls, also of a batch without rows: its calls count for the budget."""
    cursors = sa.table("wa_cursors", sa.column("name"), sa.column("value", sa.JSON()), sa.column("moved_at", _MOMENT))
    batches = sa.table(
        "wa_batches",
        *(sa.column(name) for name in ("name", "kind", "conn_id", "calls")),
        sa.column("created_at", _MOMENT),
    )
    of_batches = cursors.c.name.like(f"{_CALLS}%")
    for name, calls, moved_at in connection.execute(sa.select(cursors).where(of_batches)).all():
        batch, made = name.removeprefix(_CALLS), int(calls or 0)
        changed = connection.execute(sa.update(batches).where(batches.c.name == batch).values(calls=made))
        if not changed.rowcount:
            values = {"name": batch, "kind": "check", "conn_id": "", "calls": made, "created_at": moved_at}
            connection.execute(sa.insert(batches).values(values))
    connection.execute(sa.delete(cursors).where(of_batches))
