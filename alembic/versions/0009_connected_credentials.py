"""Credentials are shared by role, connected by signing in elsewhere, and may end.

Those that are there may be used by editors and changed by admins, as before.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Add the columns and the table."""
    with op.batch_alter_table("credentials") as table:
        table.add_column(sa.Column("usable_by", sa.String(16), nullable=False, server_default="editor"))
        table.add_column(sa.Column("editable_by", sa.String(16), nullable=False, server_default="admin"))
        table.add_column(sa.Column("ends_at", INSTANT, nullable=True))
        table.add_column(sa.Column("connection", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("credentials") as table:
        table.alter_column("usable_by", server_default=None)
        table.alter_column("editable_by", server_default=None)
    op.create_table(
        "sign_ins",
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("credential_id", sa.String(36), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_sign_ins")),
    )
    op.create_index(op.f("ix_sign_ins_ends_at"), "sign_ins", ["ends_at"])
