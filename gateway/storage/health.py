"""How deliveries to a webhook fare, and how its receiver has behaved."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, func, select, update

from gateway.delivery.ports import WebhookHealth
from gateway.domain.model import DeliveryState, Standing
from gateway.storage.rows import maybe_micros, maybe_moment
from gateway.storage.tables import delivery, webhook_health

_MINE = webhook_health.c.webhook_id == bindparam("mine")
_TIMES = (
    "last_error_at",
    "last_success_at",
    "failing_since",
    "warned_at",
    "paused_until",
)
_PAST = ("failing_since", "warned_at", "paused_until")
_NOTE = (
    update(webhook_health)
    .where(_MINE)
    .values({name: bindparam(f"new_{name}") for name in ("last_error", *_TIMES)})
)
_CLEAN = update(webhook_health).where(_MINE).values(dict.fromkeys(_PAST))


@dataclass(frozen=True, slots=True)
class Note:
    """How a webhook's receiver stands from now on.

    Attributes:
        standing: `None` to start afresh, but for the last error and success.
    """

    webhook_id: str
    standing: Standing | None


def note(connection: Connection, notes: list[Note]) -> None:
    """Keep how each receiver stands after all notes, in their order."""
    known: dict[str, Standing] = {}
    cleaned: dict[str, None] = {}
    for one in notes:
        if one.standing is not None:
            known[one.webhook_id] = one.standing
        elif one.webhook_id in known:
            known[one.webhook_id] = afresh(known[one.webhook_id])
        else:
            cleaned[one.webhook_id] = None
    if cleaned:
        connection.execute(_CLEAN, [{"mine": webhook_id} for webhook_id in cleaned])
    if known:
        connection.execute(_NOTE, [_row(*pair) for pair in known.items()])


def afresh(standing: Standing) -> Standing:
    """Return how a receiver stands whose webhook was enabled again."""
    return replace(standing, failing_since=None, warned_at=None, paused_until=None)


def _row(webhook_id: str, standing: Standing) -> dict[str, object]:
    times = {f"new_{name}": maybe_micros(getattr(standing, name)) for name in _TIMES}
    return {"mine": webhook_id, "new_last_error": standing.last_error, **times}


def health_of(connection: Connection, webhook_id: str) -> WebhookHealth:
    """Return how a webhook's deliveries fare."""
    found = connection.execute(
        select(delivery.c.state, func.count())
        .where(
            delivery.c.webhook_id == webhook_id,
            delivery.c.state.in_(
                (
                    DeliveryState.PENDING,
                    DeliveryState.RETRYING,
                    DeliveryState.HELD,
                    DeliveryState.DEAD,
                )
            ),
        )
        .group_by(delivery.c.state)
    )
    counts = {row[0]: row[1] for row in found}
    return WebhookHealth(
        pending=counts.get("pending", 0) + counts.get("retrying", 0),
        held=counts.get("held", 0),
        dead=counts.get("dead", 0),
        standing=standing_of(connection, webhook_id),
    )


def standing_of(connection: Connection, webhook_id: str) -> Standing:
    """Return how a webhook's receiver has behaved."""
    known = connection.execute(
        select(webhook_health).where(webhook_health.c.webhook_id == webhook_id)
    ).one_or_none()
    if known is None:
        return Standing()
    return Standing(
        last_error=known.last_error,
        last_error_at=maybe_moment(known.last_error_at),
        last_success_at=maybe_moment(known.last_success_at),
        failing_since=maybe_moment(known.failing_since),
        warned_at=maybe_moment(known.warned_at),
        paused_until=maybe_moment(known.paused_until),
    )
