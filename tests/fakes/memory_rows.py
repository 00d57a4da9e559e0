"""What a store in memory holds, in plain lists and dicts."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import TypeVar

from gateway.bridge.ports import AlreadyDone, Clock, Done, Once, RoomRecord
from gateway.domain import routing
from gateway.domain.errors import FieldError, GatewayError, Invalid
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Event,
    Inbound,
    IncomingMessage,
    OutgoingMessage,
    Source,
    Standing,
    Webhook,
)
from gateway.inbound.ports import Taken
from tests.fakes.memory_turns import MemoryTable, MemoryTurns

T = TypeVar("T")
Message = OutgoingMessage | IncomingMessage

OWED = {DeliveryState.PENDING, DeliveryState.RETRYING}


class MemoryRows:
    """What is stored, in plain lists and dicts that a test may look into.

    Futures are done when they are returned. After `fail_with(error)` every commit
    fails with that error and nothing is stored, until `fail_with(None)`.

    Attributes:
        commits: How many commits succeeded.
        events: The log, in order of `seq`.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ids = Ids(clock, Random(1))  # noqa: S311  # Ids of a test, to be repeated.
        self.commits = 0
        self.events: list[Event] = []
        self.messages_by_id: dict[str, Message] = {}
        self.attachments: dict[str, bytes] = {}
        self.positions: dict[str, int] = {}
        self.turns = MemoryTurns()
        self.deliveries_by_id = MemoryTable(self.turns, self.positions)
        self.attempts: dict[str, list[Attempt]] = {}
        self.webhooks_by_id: dict[str, Webhook] = {}
        self.standings: dict[str, Standing] = {}
        self.records: dict[str, RoomRecord] = {}
        self.done: dict[Once, Done] = {}
        self.sources_by_id: dict[str, Source] = {}
        self.inbound_by_id: dict[str, Inbound] = {}
        self.told: list[Callable[[Sequence[Event]], None]] = []
        self.forgotten: list[Callable[[Sequence[str]], None]] = []
        self.wakers: list[Callable[[Sequence[str]], None]] = []
        self._error: Exception | None = None
        self._position = 0

    def fail_with(self, error: Exception | None) -> None:
        """Make every commit fail from now on, or succeed again with `None`."""
        self._error = error

    def commit(self, change: Callable[[], T]) -> asyncio.Future[T]:
        """Make a change unless the store is told to fail; done at once."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._error is not None:
            future.set_exception(self._error)
        else:
            try:
                future.set_result(change())
            except (AlreadyDone, Taken, GatewayError) as refusal:
                future.set_exception(refusal)
            self.pass_turns()
            self.commits += 1
        return future

    def use(self, once: Once, done: Done) -> None:
        """Use something up; `AlreadyDone` if it is."""
        if once in self.done:
            raise AlreadyDone(self.done[once])
        self.done[once] = done

    def place(self, noun_id: str) -> int:
        """Give a message or a delivery its place in the order of acceptance."""
        self._position += 1
        self.positions[noun_id] = self._position
        return self._position

    def append(self, events: Sequence[Event]) -> None:
        """Put events in the log and owe them to the webhooks that want them."""
        owed: dict[str, None] = {}
        before = len(self.events)
        for event in events:
            stored = replace(event, seq=len(self.events) + 1)
            self.events.append(stored)
            about = self.messages_by_id.get(event.message_id or "")
            show = partial(routing.seen, stored, about)
            known = self.webhooks_by_id.values()
            for webhook in routing.match(stored, known, show):
                delivery = self.owe(stored, webhook)
                if delivery.next_attempt_at is not None:
                    owed[webhook.id] = None
        if appended := self.events[before:]:
            for tell in self.told:
                tell(appended)
        self.wake(list(owed))

    def pass_turns(self) -> None:
        """Make due what has its turn now, as the end of a commit does."""
        now = self.clock.now()
        for delivery_id in self.turns.passed():
            delivery = replace(self.deliveries_by_id[delivery_id], next_attempt_at=now)
            self.deliveries_by_id[delivery_id] = delivery
            self.wake([delivery.webhook_id])

    def wake(self, webhook_ids: Sequence[str]) -> None:
        """Tell whoever asked that something new is owed."""
        if webhook_ids:
            for waker in self.wakers:
                waker(webhook_ids)

    def owe(
        self, event: Event, webhook: Webhook, replay_id: str | None = None
    ) -> Delivery:
        """Owe an event to a webhook."""
        now = self.clock.now()
        key = routing.order_key(webhook, event)
        delivery = settled(
            Delivery(
                id=self.ids.new(Kind.DELIVERY),
                webhook_id=webhook.id,
                event_id=event.id,
                event_seq=event.seq,
                state=DeliveryState.PENDING,
                created_at=now,
                next_attempt_at=now if key is None else None,
                traceparent=event.traceparent,
                order_key=key,
                replay_id=replay_id,
            ),
            webhook,
        )
        self.place(delivery.id)
        self.deliveries_by_id[delivery.id] = delivery
        return delivery


def settled(delivery: Delivery, webhook: Webhook | None) -> Delivery:
    """Hold what is owed to an inactive webhook, cancel what is owed to none."""
    if delivery.state not in OWED or (webhook is not None and webhook.active):
        return delivery
    if webhook is None:
        return replace(
            delivery,
            state=DeliveryState.CANCELLED,
            next_attempt_at=None,
            reason="webhook_deleted",
        )
    return replace(
        delivery,
        state=DeliveryState.HELD,
        next_attempt_at=None,
        reason=webhook.disabled_reason or "disabled",
    )


def position_of(letter: str, cursor: str | None) -> int | None:
    """Read a cursor such as `m17`."""
    if cursor is None:
        return None
    if cursor[:1] != letter or len(cursor) > 19 or not is_number(cursor[1:]):
        error = FieldError("?cursor", "Use the `next_cursor` of the page before.")
        raise Invalid(error.detail, errors=[error])
    return int(cursor[1:])


def is_number(digits: str) -> bool:
    """Say whether text is plain ASCII digits."""
    return digits.isascii() and digits.isdecimal()
