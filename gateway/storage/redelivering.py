"""Deliveries made due again by hand, decided inside the commit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, case, select, update

from gateway.domain.errors import GatewayError, NotFound, WrongState
from gateway.domain.model import Delivery, DeliveryState, Webhook
from gateway.storage.batch import Batch
from gateway.storage.fanout import OWED
from gateway.storage.rows import DELIVERY, columns, delivery_of, micros
from gateway.storage.tables import delivery

_FIND = select(*columns(delivery, DELIVERY)).where(delivery.c.id == bindparam("mine"))
_HAS_TURN = (delivery.c.state.in_(OWED)) & delivery.c.next_attempt_at.is_not(None)
_RENEW = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("mine"),
        delivery.c.state != DeliveryState.IN_FLIGHT.value,
    )
    .values(
        state=DeliveryState.PENDING.value,
        schedule_index=0,
        # One in order keeps its turn if it has it, or waits for it.
        next_attempt_at=case(
            (
                delivery.c.order_key.is_(None) | _HAS_TURN,
                bindparam("now", type_=BigInteger),
            )
        ),
        finished_at=None,
        reason=None,
    )
)


@dataclass(slots=True, eq=False)
class Again:
    """Somebody's wish to have a delivery sent again, and what came of it."""

    delivery_id: str
    now: datetime | None = None
    found: Delivery | None = None
    refusal: GatewayError | None = None

    def run(
        self,
        connection: Connection,
        webhook_of: Callable[[str], Webhook | None],
        batch: Batch,
    ) -> None:
        """Make it due, unless that can't be."""
        if self.now is None:
            raise AssertionError(self)
        now = micros(self.now)
        self.look(connection)
        self.refusal = refusal(self.found, webhook_of)
        if self.found is not None and self.refusal is None:
            connection.execute(_RENEW, {"mine": self.delivery_id, "now": now})
            batch.pass_turn(self.found.webhook_id, self.found.order_key, now)
            batch.owed[self.found.webhook_id] = None

    def result(self) -> Delivery:
        """Return the delivery as it is now; `NotFound` or `WrongState`."""
        if self.refusal is not None:
            raise self.refusal
        if self.found is None:
            detail = f"There is no delivery {self.delivery_id}."
            raise NotFound(detail, facts={"what": "delivery"})
        return self.found

    def look(self, connection: Connection) -> None:
        """Read the delivery as it is now."""
        row = connection.execute(_FIND, {"mine": self.delivery_id}).one_or_none()
        self.found = None if row is None else delivery_of(row)


def look(connection: Connection, wishes: list[Again]) -> None:
    """Read what has become of deliveries, once all else of a commit is done."""
    for wish in wishes:
        wish.look(connection)


def refusal(
    found: Delivery | None, webhook_of: Callable[[str], Webhook | None]
) -> GatewayError | None:
    """Return why a delivery can't be made due; `None` if it can, or is not there."""
    if found is None:
        return None
    webhook = webhook_of(found.webhook_id)
    if found.state is DeliveryState.IN_FLIGHT:
        detail = "An attempt of this delivery is under way; see what becomes of it."
    elif webhook is None:
        detail = "The webhook of this delivery is deleted; it has no address."
    elif not webhook.active:
        detail = f"The webhook {webhook.id} is inactive; enable it first."
    else:
        return None
    return WrongState(detail, facts={"state": found.state.value})
