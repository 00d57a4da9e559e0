"""The tables."""

import pytest
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from gateway.storage.tables import delivery, event, message, metadata


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda one: one.name)
def test_every_table_can_be_made_on_both_databases(table: object) -> None:
    """Nothing in a table is known to one database only."""
    for dialect in (sqlite.dialect(), postgresql.dialect()):  # type: ignore[no-untyped-call]  # SQLAlchemy's own.
        assert str(CreateTable(table).compile(dialect=dialect))  # type: ignore[arg-type]  # From `sorted_tables`.


def test_who_accepted_it_and_its_trace_are_kept_everywhere() -> None:
    """Messages, events and deliveries carry the key and the trace context."""
    for table in (message, event, delivery):
        assert {"key_id", "traceparent"} <= set(table.columns.keys())


def test_open_messages_have_an_index_of_their_own() -> None:
    """What a room has still to send is found without reading what it has sent."""
    (index,) = (one for one in message.indexes if one.name == "message_open")

    made = str(CreateIndex(index).compile(dialect=sqlite.dialect()))

    assert made.endswith("WHERE status IN ('queued', 'sending')")
