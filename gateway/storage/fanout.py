"""What an event is stored as: its row, and a delivery for each webhook it goes to."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from gateway.bridge.ports import Clock
from gateway.delivery.ports import Due
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Delivery,
    DeliveryState,
    Event,
    IncomingMessage,
    Ordering,
    OutgoingMessage,
    Webhook,
)
from gateway.domain.routing import Envelope, match, order_key, seen
from gateway.storage.batch import ADD_DELIVERY, ADD_EVENT, Batch
from gateway.storage.directory import Directory
from gateway.storage.following import Following, placed
from gateway.storage.fresh import Fresh
from gateway.storage.rows import (
    Row,
    micros,
    row_before_claim,
    row_of_delivery,
    row_of_event,
)

Message = IncomingMessage | OutgoingMessage

DELETED = "webhook_deleted"
DISABLED = "disabled"
OWED = frozenset({DeliveryState.PENDING, DeliveryState.RETRYING})


class FanOut:
    """Puts events in a batch along with what they owe.

    Args:
        numbers: Where a delivery's number comes from: it orders them by creation.
        fresh: Where claims find what was just stored.
        following: Whom to tell of events once they are committed.

    Attributes:
        fresh: The same.
    """

    def __init__(
        self,
        directory: Directory,
        ids: Ids,
        clock: Clock,
        numbers: Iterator[int],
        fresh: Fresh,
        following: Following,
    ) -> None:
        self._directory = directory
        self._ids = ids
        self._clock = clock
        self._numbers = numbers
        self.fresh = fresh
        self._following = following

    def stage(
        self, batch: Batch, events: Iterable[Event], message: Message | None = None
    ) -> None:
        """Append events to the log, in their order.

        Args:
            batch: Where to put them.
            events: What happened.
            message: What one of them tells of, as it is from then on.
        """
        for event in events:
            seq = batch.next_seq()
            batch.add(ADD_EVENT, row_of_event(event, seq))
            about = _about(event, message)
            self._log(batch, event, seq, about)
            show = partial(_seen, event, seq, about)
            wanting = match(event, self._directory.all_in(batch), show)
            stored = placed(event, seq) if wanting and _is_final(event, about) else None
            for webhook in wanting:
                if stored is None or not _is_at_once(webhook):
                    batch.add(ADD_DELIVERY, self.row(event, seq, webhook))
                    self.pass_turn(batch, event, webhook)
                else:
                    self._owe_at_once(batch, stored, about, webhook)

    def _log(self, batch: Batch, event: Event, seq: int, about: Message | None) -> None:
        """Have followers told of an event, along with all that its commit appends."""
        if not batch.logged:
            batch.then.append(partial(self._following.tell, batch.logged))
        batch.logged.append((event, seq, about))

    def _owe_at_once(
        self, batch: Batch, event: Event, about: Message | None, webhook: Webhook
    ) -> None:
        """Owe an event to a webhook that waits for nothing, and keep that at hand."""
        claimed = Delivery(
            id=self._ids.new(Kind.DELIVERY),
            webhook_id=webhook.id,
            event_id=event.id,
            event_seq=event.seq,
            state=DeliveryState.IN_FLIGHT,
            created_at=self._clock.now(),
            traceparent=event.traceparent,
        )
        number = next(self._numbers)
        batch.add(ADD_DELIVERY, row_before_claim(claimed, number))
        batch.owed[webhook.id] = None
        self.fresh.keep(number, Due(claimed, event, about))

    def pass_turn(self, batch: Batch, event: Event, webhook: Webhook) -> None:
        """See to it that what is owed to an active webhook becomes due in time."""
        key = order_key(webhook, event)
        if key is not None:
            batch.pass_turn(webhook.id, key, micros(self._clock.now()))
        elif webhook.active:
            batch.owed[webhook.id] = None

    def row(
        self, event: Event, seq: int, webhook: Webhook, replay_id: str | None = None
    ) -> Row:
        """Return the row of a delivery of an event to a webhook.

        One that is in order waits for its turn: `pass_turn` goes with it.
        """
        delivery = self._owed(event, seq, webhook, replay_id)
        return row_of_delivery(delivery, next(self._numbers))

    def _owed(
        self, event: Event, seq: int, webhook: Webhook, replay_id: str | None
    ) -> Delivery:
        now = self._clock.now()
        key = order_key(webhook, event)
        delivery = Delivery(
            id=self._ids.new(Kind.DELIVERY),
            webhook_id=webhook.id,
            event_id=event.id,
            event_seq=seq,
            state=DeliveryState.PENDING,
            created_at=now,
            next_attempt_at=now if key is None else None,
            traceparent=event.traceparent,
            order_key=key,
            replay_id=replay_id,
        )
        return settled(delivery, webhook)


def settled(delivery: Delivery, webhook: Webhook | None) -> Delivery:
    """Hold what is owed to an inactive webhook, cancel what is owed to none."""
    if delivery.state not in OWED or (webhook is not None and webhook.active):
        return delivery
    state = DeliveryState.CANCELLED if webhook is None else DeliveryState.HELD
    reason = DELETED if webhook is None else webhook.disabled_reason or DISABLED
    return replace(delivery, state=state, next_attempt_at=None, reason=reason)


def _is_final(event: Event, message: Message | None) -> bool:
    """Say whether a delivery will be rendered from just this, whenever that is."""
    if message is None:
        return event.message_id is None
    return isinstance(message, IncomingMessage) and message.attachment is None


def _is_at_once(webhook: Webhook) -> bool:
    """Say whether what is owed to a webhook is due as soon as it is stored."""
    return webhook.active and webhook.ordering is Ordering.NONE


def _about(event: Event, message: Message | None) -> Message | None:
    return message if message is not None and message.id == event.message_id else None


def _seen(event: Event, seq: int, message: Message | None) -> Envelope:
    return seen(placed(event, seq), message)
