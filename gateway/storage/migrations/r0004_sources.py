"""Sources, and what third parties sent to them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "source",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger()),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.Column("key_id", sa.Text()),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
    )
    op.create_index("source_token", "source", ["token_hash"], unique=True)
    # On SQLite this is the rowid itself: the row needs no further index for its key.
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "inbound",
        sa.Column("position", row_id, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.Text()),
        sa.Column("message_id", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("replay_of", sa.Text()),
        sa.Column("key_id", sa.Text()),
        sa.Column("traceparent", sa.Text()),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text()),
        sa.Column("body", sa.LargeBinary()),
    )
    op.create_index("inbound_id", "inbound", ["id"], unique=True)
    op.create_index("inbound_source", "inbound", ["source_id", "position"])
    op.create_index("inbound_state", "inbound", ["source_id", "state", "position"])
    identified = sa.text("identity IS NOT NULL")
    op.create_index(
        "inbound_identity",
        "inbound",
        ["source_id", "identity", "received_at"],
        sqlite_where=identified,
        postgresql_where=identified,
    )
