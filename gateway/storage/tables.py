"""The tables.

Ids are prefixed ULIDs. Times are whole microseconds since 1970 in UTC, durations whole
microseconds. Columns of JSON hold compact text, because nothing ever looks into it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

# On SQLite this is the rowid itself: the row needs no further index for its key.
RowId = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("turn", BigInteger, nullable=False),
)

fact = Table(
    "fact",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("position", RowId, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("attachment_size", BigInteger),
    Column("attachment_sha256", Text),
    Column("event_id", Text),
    Column("key_id", Text),
    Column("traceparent", Text),
    Column("seq", BigInteger),
    Column("from_id", Text),
    Column("from_name", Text),
    Column("from_role", Text),
    Column("status", Text),
    Column("waiting_for", Text),
    Column("addresses", Text),
    Column("names", Text),
    Column("match", Text),
    Column("await_recipient", Boolean),
    Column("on_unknown", Text),
    Column("ref", Text),
    Column("ttl", BigInteger),
    Column("expires_at", BigInteger),
    Column("recipients", Text),
    Column("present", Integer),
    Column("error", Text),
    Column("resent", Boolean),
    Column("steps", Text),
    Index("message_id", "id", unique=True),
)

OPEN = text("status IN ('queued', 'sending')")
Index(
    "message_open",
    message.c.room,
    message.c.position,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)

attachment = Table(
    "attachment",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

attachment_chunk = Table(
    "attachment_chunk",
    metadata,
    Column(
        "message_id",
        Text,
        ForeignKey("attachment.message_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("seq", RowId, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("room", Text),
    Column("at", BigInteger, nullable=False),
    Column("data", Text),
    Column("message_id", Text),
    Column("message_type", Text),
    Column("from_name", Text),
    Column("webhook_id", Text),
    Column("key_id", Text),
    Column("traceparent", Text),
    Index("event_id", "id", unique=True),
)

ABOUT_MESSAGE = text("message_id IS NOT NULL")
Index(
    "event_message",
    event.c.message_id,
    sqlite_where=ABOUT_MESSAGE,
    postgresql_where=ABOUT_MESSAGE,
)
FROM_SOMEONE = text("from_name IS NOT NULL")
Index(
    "event_sender",
    event.c.room,
    event.c.from_name,
    event.c.seq,
    sqlite_where=FROM_SOMEONE,
    postgresql_where=FROM_SOMEONE,
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("source", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("disabled_reason", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger),
    Column("key_id", Text),
    Column("settings", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("move", Text),
)

webhook_health = Table(
    "webhook_health",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("last_error", Text),
    Column("last_error_at", BigInteger),
    Column("last_success_at", BigInteger),
    Column("failing_since", BigInteger),
    Column("warned_at", BigInteger),
    Column("paused_until", BigInteger),
)

delivery = Table(
    "delivery",
    metadata,
    Column("number", RowId, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event_seq", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("schedule_index", Integer, nullable=False),
    Column("next_attempt_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("reason", Text),
    Column("traceparent", Text),
    Column("key_id", Text),
    Column("order_key", Text),
    Column("replay_id", Text),
    Index("delivery_id", "id", unique=True),
    Index("delivery_event", "event_seq"),
    Index("delivery_due", "state", "webhook_id", "next_attempt_at", "number"),
)

IN_ORDER = text(
    "order_key IS NOT NULL AND state IN ('pending', 'retrying', 'in_flight')"
)
Index(
    "delivery_order",
    delivery.c.webhook_id,
    delivery.c.order_key,
    delivery.c.number,
    sqlite_where=IN_ORDER,
    postgresql_where=IN_ORDER,
)
HAS_TURN = text(
    "order_key IS NOT NULL AND next_attempt_at IS NOT NULL "
    "AND state IN ('pending', 'retrying', 'in_flight')"
)
Index(
    "delivery_turn",
    delivery.c.webhook_id,
    delivery.c.order_key,
    sqlite_where=HAS_TURN,
    postgresql_where=HAS_TURN,
)
REPLAYED = text("replay_id IS NOT NULL")
Index(
    "delivery_replay",
    delivery.c.replay_id,
    delivery.c.state,
    sqlite_where=REPLAYED,
    postgresql_where=REPLAYED,
)

attempt = Table(
    "attempt",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("duration", BigInteger, nullable=False),
    Column("status", Integer),
    Column("error_class", Text),
    Column("detail", Text),
    Column("verdict", Text, nullable=False),
    Column("response", Text),
    Column("reply_message_id", Text),
    Column("reply_skipped", Text),
)

replay = Table(
    "replay",
    metadata,
    Column("id", Text, primary_key=True),
    Column("webhook_id", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("only", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("since", BigInteger),
    Column("until", BigInteger),
    Column("events", Text),
    Column("state", Text, nullable=False),
    Column("matched", BigInteger, nullable=False),
    Column("owed", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("key_id", Text),
)

# What may be done once: a reply by a link, a reply to an event, a request with a key.
# `message_id` has the messages that did it, in order and parted by spaces; `answer` is
# what was answered where that is kept, sealed, because it may hold a secret.
once = Table(
    "once",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("message_id", Text),
    Column("fingerprint", Text),
    Column("answer", Text),
    Column("created_at", BigInteger, nullable=False),
    Index("once_age", "created_at"),
)

room = Table(
    "room",
    metadata,
    Column("name", Text, primary_key=True),
    Column("messaging_enabled", Boolean, nullable=False),
    Column("attributes", Text),
    Column("last_alive_at", BigInteger),
)

# What third parties send us, and the addresses that they send it to.
source = Table(
    "source",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger),
    Column("deleted_at", BigInteger),
    Column("key_id", Text),
    Column("settings", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Index("source_token", "token_hash", unique=True),
)

# `size` is that of the body: it is in the row up to 64 KiB, else where attachments are.
# `headers` is null once nothing is kept but that it came. The body is last: SQLite
# reads a row up to the column that is asked for.
inbound = Table(
    "inbound",
    metadata,
    Column("position", RowId, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("identity", Text),
    Column("message_id", Text),
    Column("reason", Text),
    Column("replay_of", Text),
    Column("key_id", Text),
    Column("traceparent", Text),
    Column("method", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("headers", Text),
    Column("body", LargeBinary),
    Index("inbound_id", "id", unique=True),
    Index("inbound_source", "source_id", "position"),
    Index("inbound_state", "source_id", "state", "position"),
)
IDENTIFIED = text("identity IS NOT NULL")
Index(
    "inbound_identity",
    inbound.c.source_id,
    inbound.c.identity,
    inbound.c.received_at,
    sqlite_where=IDENTIFIED,
    postgresql_where=IDENTIFIED,
)
