"""Whose turn it is among deliveries that go one after the other.

Of the open deliveries of a webhook with the same key one has its turn: it is in flight,
or says when it is due. The others are pending and do not say.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, exists, select, update

from gateway.storage.tables import HAS_TURN, IN_ORDER, delivery

Key = tuple[str, str]  # A webhook, and an order key of its deliveries.

# The conditions are those of two indexes, word for word, or these would not be used.
_other = delivery.alias()
_OF_KEY = (
    _other.c.webhook_id == bindparam("webhook"),
    _other.c.order_key == bindparam("key"),
)
_FIRST = (
    select(_other.c.number).where(*_OF_KEY, IN_ORDER).order_by(_other.c.number).limit(1)
)
_GIVE = (
    update(delivery)
    .where(
        delivery.c.number == _FIRST.scalar_subquery(),
        ~exists(_other.c.number).where(*_OF_KEY, HAS_TURN),
    )
    .values(next_attempt_at=bindparam("now"))
    .returning(delivery.c.webhook_id)
)
_OPEN = ("pending", "retrying", "in_flight")
_OWING = select(delivery.c.webhook_id).where(delivery.c.state.in_(_OPEN)).distinct()
# One webhook at a time, and of any key: or SQLite would go through all that is open.
_ANY = (delivery.c.webhook_id == bindparam("webhook"), delivery.c.order_key >= "")
_STUCK = (
    select(delivery.c.order_key)
    .where(*_ANY, IN_ORDER)
    .except_(select(delivery.c.order_key).where(*_ANY, HAS_TURN))
)


def give(connection: Connection, turns: Mapping[Key, int]) -> list[str]:
    """Make due the oldest open delivery of each key, unless one has its turn.

    Args:
        connection: In the transaction that may have ended a turn.
        turns: When it is due then, in microseconds, by key.

    Returns:
        The webhooks to which something has become due.
    """
    owed: list[str] = []
    for (webhook_id, key), now in turns.items():
        values = {"webhook": webhook_id, "key": key, "now": now}
        owed += connection.execute(_GIVE, values).scalars()
    return owed


def stuck(connection: Connection) -> list[Key]:
    """Return the keys of which none has its turn."""
    return [
        (webhook_id, key)
        for webhook_id in connection.execute(_OWING).scalars().all()
        for key in connection.execute(_STUCK, {"webhook": webhook_id}).scalars()
    ]
