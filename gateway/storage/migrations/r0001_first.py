"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# On SQLite this is the rowid itself: the row needs no further index for its key.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _create_bookkeeping()
    _create_messages()
    _create_events()
    _create_webhooks()
    _create_deliveries()


def _create_bookkeeping() -> None:
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "fact",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.create_table(
        "room",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("messaging_enabled", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.Text()),
        sa.Column("last_alive_at", sa.BigInteger()),
    )


def _create_messages() -> None:
    op.create_table(
        "message",
        sa.Column("position", ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attachment_size", sa.BigInteger()),
        sa.Column("attachment_sha256", sa.Text()),
        sa.Column("event_id", sa.Text()),
        sa.Column("key_id", sa.Text()),
        sa.Column("traceparent", sa.Text()),
        sa.Column("seq", sa.BigInteger()),
        sa.Column("from_id", sa.Text()),
        sa.Column("from_name", sa.Text()),
        sa.Column("from_role", sa.Text()),
        sa.Column("status", sa.Text()),
        sa.Column("waiting_for", sa.Text()),
        sa.Column("addresses", sa.Text()),
        sa.Column("names", sa.Text()),
        sa.Column("match", sa.Text()),
        sa.Column("await_recipient", sa.Boolean()),
        sa.Column("on_unknown", sa.Text()),
        sa.Column("ref", sa.Text()),
        sa.Column("ttl", sa.BigInteger()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("recipients", sa.Text()),
        sa.Column("present", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.Column("resent", sa.Boolean()),
    )
    op.create_index("message_id", "message", ["id"], unique=True)
    op.create_index(
        "message_open",
        "message",
        ["room", "position"],
        sqlite_where=sa.text("status IN ('queued', 'sending')"),
        postgresql_where=sa.text("status IN ('queued', 'sending')"),
    )
    op.create_table(
        "attachment",
        sa.Column("message_id", sa.Text(), primary_key=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "attachment_chunk",
        sa.Column(
            "message_id",
            sa.Text(),
            sa.ForeignKey("attachment.message_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )


def _create_events() -> None:
    op.create_table(
        "event",
        sa.Column("seq", ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("room", sa.Text()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text()),
        sa.Column("message_id", sa.Text()),
        sa.Column("message_type", sa.Text()),
        sa.Column("from_name", sa.Text()),
        sa.Column("webhook_id", sa.Text()),
        sa.Column("key_id", sa.Text()),
        sa.Column("traceparent", sa.Text()),
    )
    op.create_index("event_id", "event", ["id"], unique=True)
    op.create_index(
        "event_message",
        "event",
        ["message_id"],
        sqlite_where=sa.text("message_id IS NOT NULL"),
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_index(
        "event_sender",
        "event",
        ["room", "from_name", "seq"],
        sqlite_where=sa.text("from_name IS NOT NULL"),
        postgresql_where=sa.text("from_name IS NOT NULL"),
    )


def _create_webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger()),
        sa.Column("key_id", sa.Text()),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
    )
    op.create_table(
        "webhook_health",
        sa.Column("webhook_id", sa.Text(), primary_key=True),
        sa.Column("last_error", sa.Text()),
        sa.Column("last_error_at", sa.BigInteger()),
        sa.Column("last_success_at", sa.BigInteger()),
        sa.Column("failing_since", sa.BigInteger()),
    )


def _create_deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("number", ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("schedule_index", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.Column("traceparent", sa.Text()),
        sa.Column("key_id", sa.Text()),
    )
    op.create_index(
        "delivery_due",
        "delivery",
        ["state", "webhook_id", "next_attempt_at", "number"],
    )
    op.create_index("delivery_event", "delivery", ["event_seq"])
    op.create_index("delivery_id", "delivery", ["id"], unique=True)
    op.create_table(
        "attempt",
        sa.Column("delivery_id", sa.Text(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("error_class", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("response", sa.Text()),
    )
