"""How deliveries to a webhook fare, kept up to date with each attempt."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select, update

from gateway.delivery.ports import WebhookHealth
from gateway.domain.model import Attempt, DeliveryState
from gateway.storage.rows import maybe_moment, micros
from gateway.storage.tables import delivery, webhook_health

DELIVERED = "delivered"

_MINE = webhook_health.c.webhook_id == bindparam("mine")
_NOTE_SUCCESS = (
    update(webhook_health)
    .where(_MINE)
    .values(last_success_at=bindparam("at"), failing_since=None)
)
_NOTE_FAILURE = (
    update(webhook_health)
    .where(_MINE)
    .values(
        last_error=bindparam("error"),
        last_error_at=bindparam("at"),
        failing_since=func.coalesce(webhook_health.c.failing_since, bindparam("at")),
    )
)


@dataclass(frozen=True, slots=True)
class Note:
    """An attempt, and the webhook it was for."""

    webhook_id: str
    attempt: Attempt


def note(connection: Connection, notes: list[Note]) -> None:
    """Keep the last success and the last failure of each webhook."""
    successes: dict[str, dict[str, object]] = {}
    failures: dict[str, dict[str, object]] = {}
    for one in notes:
        attempt = one.attempt
        at = micros(attempt.started_at + attempt.duration)
        row: dict[str, object] = {"mine": one.webhook_id, "at": at}
        if attempt.verdict == DELIVERED:
            successes[one.webhook_id] = row
        else:
            row["error"] = error_of(attempt)
            failures[one.webhook_id] = row
    if failures:
        connection.execute(_NOTE_FAILURE, list(failures.values()))
    if successes:
        connection.execute(_NOTE_SUCCESS, list(successes.values()))


def error_of(attempt: Attempt) -> str:
    """Return what went wrong, in the most words there are."""
    return attempt.detail or attempt.error_class or "failed"


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
    known = connection.execute(
        select(webhook_health).where(webhook_health.c.webhook_id == webhook_id)
    ).one_or_none()
    return WebhookHealth(
        pending=counts.get("pending", 0) + counts.get("retrying", 0),
        held=counts.get("held", 0),
        dead=counts.get("dead", 0),
        last_error=None if known is None else known.last_error,
        last_error_at=None if known is None else maybe_moment(known.last_error_at),
        last_success_at=None if known is None else maybe_moment(known.last_success_at),
    )
