"""Executions are told apart by how soon they should run; the files of an installation are told from others."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what an earlier version does not read: it goes on running beside this one."""
    op.add_column("executions", sa.Column("queue", sa.String(16)))
    op.create_table(
        "shared_folders",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shared_folders")),
    )
