"""What deliveries in order, replays, replies and pauses need."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables; what is there keeps its meaning."""
    _widen()
    _create_replays()
    _create_once()


def _widen() -> None:
    op.add_column("webhook", sa.Column("move", sa.Text()))
    op.add_column("webhook_health", sa.Column("warned_at", sa.BigInteger()))
    op.add_column("webhook_health", sa.Column("paused_until", sa.BigInteger()))
    op.add_column("attempt", sa.Column("reply_message_id", sa.Text()))
    op.add_column("attempt", sa.Column("reply_skipped", sa.Text()))
    op.add_column("delivery", sa.Column("order_key", sa.Text()))
    op.add_column("delivery", sa.Column("replay_id", sa.Text()))
    in_order = sa.text(
        "order_key IS NOT NULL AND state IN ('pending', 'retrying', 'in_flight')"
    )
    op.create_index(
        "delivery_order",
        "delivery",
        ["webhook_id", "order_key", "number"],
        sqlite_where=in_order,
        postgresql_where=in_order,
    )
    has_turn = sa.text(
        "order_key IS NOT NULL AND next_attempt_at IS NOT NULL "
        "AND state IN ('pending', 'retrying', 'in_flight')"
    )
    op.create_index(
        "delivery_turn",
        "delivery",
        ["webhook_id", "order_key"],
        sqlite_where=has_turn,
        postgresql_where=has_turn,
    )
    replayed = sa.text("replay_id IS NOT NULL")
    op.create_index(
        "delivery_replay",
        "delivery",
        ["replay_id", "state"],
        sqlite_where=replayed,
        postgresql_where=replayed,
    )


def _create_replays() -> None:
    op.create_table(
        "replay",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("only", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger()),
        sa.Column("until", sa.BigInteger()),
        sa.Column("events", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("owed", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("key_id", sa.Text()),
    )


def _create_once() -> None:
    op.create_table(
        "once",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("message_id", sa.Text()),
        sa.Column("fingerprint", sa.Text()),
        sa.Column("answer", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("once_age", "once", ["created_at"])
