"""Admins say which hosts workflows may call."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "network_rules",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("allowed", sa.LargeBinary(), nullable=False),
        sa.Column("denied", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_rules")),
    )
