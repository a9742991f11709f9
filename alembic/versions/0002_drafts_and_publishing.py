"""Drafts that grow by operations, published versions, workflows that can be brought back.

What an active workflow runs becomes its published version.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Add the columns and the log of edits; publish what is active."""
    op.add_column("workflows", sa.Column("published_version", sa.Integer(), nullable=True))
    op.add_column("workflows", sa.Column("deleted_at", INSTANT, nullable=True))
    op.add_column("workflow_versions", sa.Column("burst_at", INSTANT, nullable=True))
    op.add_column("workflow_versions", sa.Column("published_at", INSTANT, nullable=True))
    op.add_column("executions", sa.Column("workflow_version", sa.Integer(), nullable=True))
    op.create_table(
        "workflow_operations",
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("operations", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflow_operations_workflow_id_workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", "number", name=op.f("pk_workflow_operations")),
        sa.UniqueConstraint("workflow_id", "batch", name=op.f("uq_workflow_operations_workflow_id_batch")),
    )
    op.create_index("ix_workflow_operations_at", "workflow_operations", ["at"], unique=False)
    op.execute("UPDATE workflows SET published_version = version WHERE active")
    op.execute(
        "UPDATE workflow_versions SET published_at = at WHERE EXISTS (SELECT 1 FROM workflows WHERE "
        "workflows.id = workflow_versions.workflow_id AND workflows.published_version = workflow_versions.number)"
    )


def downgrade() -> None:
    """Refuse: restore a backup instead."""
    raise NotImplementedError("FlowStudio databases are not downgraded; restore a backup.")
