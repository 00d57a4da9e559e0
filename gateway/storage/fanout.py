"""What an event is stored as: its row, and a delivery for each webhook it goes to."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.bridge.ports import Clock
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import Delivery, DeliveryState, Event, Webhook
from gateway.domain.routing import match
from gateway.storage.batch import ADD_DELIVERY, ADD_EVENT, Batch
from gateway.storage.directory import Directory
from gateway.storage.rows import row_of_delivery, row_of_event

DELETED = "webhook_deleted"
DISABLED = "disabled"
OWED = frozenset({DeliveryState.PENDING, DeliveryState.RETRYING})


class FanOut:
    """Puts events in a batch along with what they owe.

    Args:
        numbers: Where a delivery's number comes from: it orders them by creation.
    """

    def __init__(
        self, directory: Directory, ids: Ids, clock: Clock, numbers: Iterator[int]
    ) -> None:
        self._directory = directory
        self._ids = ids
        self._clock = clock
        self._numbers = numbers

    def stage(self, batch: Batch, events: Iterable[Event]) -> None:
        """Append events to the log, in their order."""
        for event in events:
            seq = batch.next_seq()
            batch.add(ADD_EVENT, row_of_event(event, seq))
            for webhook in match(event, self._directory.all_in(batch)):
                delivery = self._owed(event, seq, webhook)
                row = row_of_delivery(delivery, next(self._numbers))
                batch.add(ADD_DELIVERY, row)
                if webhook.active:
                    batch.owed[webhook.id] = None

    def _owed(self, event: Event, seq: int, webhook: Webhook) -> Delivery:
        now = self._clock.now()
        delivery = Delivery(
            id=self._ids.new(Kind.DELIVERY),
            webhook_id=webhook.id,
            event_id=event.id,
            event_seq=seq,
            state=DeliveryState.PENDING,
            created_at=now,
            next_attempt_at=now,
            traceparent=event.traceparent,
        )
        return settled(delivery, webhook)


def settled(delivery: Delivery, webhook: Webhook | None) -> Delivery:
    """Hold what is owed to an inactive webhook, cancel what is owed to none."""
    if delivery.state not in OWED or (webhook is not None and webhook.active):
        return delivery
    state = DeliveryState.CANCELLED if webhook is None else DeliveryState.HELD
    reason = DELETED if webhook is None else webhook.disabled_reason or DISABLED
    return replace(delivery, state=state, next_attempt_at=None, reason=reason)
