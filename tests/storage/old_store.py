"""What a gateway of the first schema left behind."""

from sqlalchemy import Connection, insert

from gateway.domain.model import Delivery, DeliveryState, ErrorClass
from gateway.storage.message_rows import IN, row_of_incoming
from gateway.storage.migrate import migrate
from gateway.storage.rows import (
    ATTEMPT,
    DELIVERY,
    EVENT,
    dumps,
    micros,
    row_of_attempt,
    row_of_delivery,
    row_of_event,
)
from gateway.storage.sealing import Sealer, parse_keys
from gateway.storage.tables import (
    attempt,
    delivery,
    event,
    fact,
    log_head,
    message,
    webhook as webhook_table,
    webhook_health,
)
from tests.conformance import ports
from tests.domain.nouns import SECRET
from tests.fakes.clock import NOON

LATER = {"order_key", "replay_id", "reply_message_id", "reply_skipped"}
STATES = (
    DeliveryState.PENDING,
    DeliveryState.IN_FLIGHT,
    DeliveryState.RETRYING,
    DeliveryState.HELD,
    DeliveryState.DEAD,
)
DUE = {DeliveryState.PENDING, DeliveryState.IN_FLIGHT, DeliveryState.RETRYING}
SETTINGS = {
    "filter": None,
    "format": "envelope",
    "template": None,
    "content_type": None,
    "links": False,
    "replies": False,
    "max_in_flight": 8,
    "rate_limit": None,
    "description": "of old",
    "events": ["*"],
    "rooms": None,
    "types": None,
    "senders": None,
    "schedule_s": [5, 30],
    "stop_on": [410],
    "timeout": 15_000_000,
    "max_age": None,
    "signature": "standard",
    "ordering": "none",
}


def fill(connection: Connection, key: str) -> None:
    """Make a store of the first schema: one webhook, and a delivery of each state."""
    migrate(connection, lambda _revision: None, target="0001")
    sealer = Sealer(parse_keys([key]))
    secret = {"url": "https://old.example/", "secrets": [SECRET], "headers": {"a": "b"}}
    connection.execute(
        insert(log_head).values(id=1, epoch="e", owner="o", seq=len(STATES), turn=9)
    )
    connection.execute(insert(fact).values(name="master_key", value=sealer.fingerprint))
    connection.execute(
        insert(webhook_table).values(
            id="wh_1",
            source="api",
            active=True,
            created_at=micros(NOON),
            settings=dumps(SETTINGS),
            sealed=sealer.seal(dumps(secret), "webhook:wh_1"),
        )
    )
    connection.execute(
        insert(webhook_health).values(webhook_id="wh_1", last_error="HTTP 500")
    )
    for number, state in enumerate(STATES, start=1):
        _owe(connection, number, state)
    connection.commit()


def _owe(connection: Connection, number: int, state: DeliveryState) -> None:
    said, told = ports.incoming(f"{number}"), ports.received(f"{number}")
    owed = Delivery(
        f"dlv_{number}",
        "wh_1",
        told.id,
        number,
        state,
        NOON,
        next_attempt_at=NOON if state in DUE else None,
    )
    tried = ports.attempt(owed, error=ErrorClass.HTTP_STATUS)
    rows = (
        (message, IN, row_of_incoming(said, number, number)),
        (event, EVENT, row_of_event(told, number)),
        (delivery, DELIVERY, row_of_delivery(owed, number)),
        (attempt, ATTEMPT, row_of_attempt(tried)),
    )
    for table, names, row in rows:
        values = dict(zip(names, row, strict=True))
        known = {name: each for name, each in values.items() if name not in LATER}
        connection.execute(insert(table).values(known))
