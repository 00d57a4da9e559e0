"""What the delivery of events needs from the world."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Event,
    IncomingMessage,
    Outcome,
    OutgoingMessage,
    Webhook,
)


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery to be attempted now, with what its body is rendered from.

    Attributes:
        message: What the event tells of; `None` for events not about a message.
        attachment: The attachment's bytes when they are small enough to be sent along
            (`domain.rendering.INLINE_ATTACHMENT_BYTES`), else `None`.
    """

    delivery: Delivery
    event: Event
    message: IncomingMessage | OutgoingMessage | None
    attachment: bytes | None = None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries to list; `None` is any."""

    states: Sequence[DeliveryState] | None = None
    webhook_ids: Sequence[str] | None = None
    events: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as it is listed: with the event it owes, and its last attempt."""

    delivery: Delivery
    event_type: str
    room: str | None
    message_id: str | None
    last_attempt: Attempt | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One page of deliveries, newest first, and how to get the next."""

    deliveries: Sequence[DeliveryRow]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class WebhookHealth:
    """How deliveries to a webhook fare."""

    pending: int
    held: int
    dead: int
    last_error: str | None
    last_error_at: datetime | None
    last_success_at: datetime | None


class Deliveries(Protocol):
    """Events owed to webhooks.

    Everything fails with `StoreUnavailable` while the store can't be reached.
    """

    async def take_over(self) -> int:
        """Make every delivery that a former process left `in_flight` due at once.

        The attempt that was cut short does not count. Returns how many there were.
        """
        ...

    def claim(self, webhook_id: str, limit: int) -> asyncio.Future[Sequence[Due]]:
        """Mark at most `limit` due deliveries `in_flight`, oldest due first."""
        ...

    def record(
        self, delivery: Delivery, attempt: Attempt | None, *events: Event
    ) -> asyncio.Future[None]:
        """Store an attempt and what became of its delivery, in one commit."""
        ...

    async def next_due_at(self, webhook_id: str) -> datetime | None:
        """Return when the next delivery of a webhook is due; `None` if none is."""
        ...

    async def get(
        self, delivery_id: str
    ) -> tuple[DeliveryRow, Sequence[Attempt]] | None:
        """Return a delivery with its attempts, oldest first."""
        ...

    async def list(self, query: DeliveryFilter) -> DeliveryPage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        ...

    async def health(self, webhook_id: str) -> WebhookHealth:
        """Return how a webhook's deliveries fare."""
        ...

    def on_owed(self, wake: Callable[[Sequence[str]], None]) -> None:
        """Have `wake` called with the webhooks to which a commit owes something new."""
        ...


class Webhooks(Protocol):
    """The webhooks we know; reading is from memory, changes are committed first."""

    def get(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or `None`."""
        ...

    def all(self) -> Sequence[Webhook]:
        """Return all webhooks, oldest first."""
        ...

    def put(self, webhook: Webhook, *events: Event) -> asyncio.Future[None]:
        """Store a new or changed webhook; its secrets and headers are sealed."""
        ...

    def delete(self, webhook_id: str) -> asyncio.Future[None]:
        """Remove a webhook; deliveries still owed to it become `cancelled`."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, ready to be sent as it is."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    timeout: timedelta = timedelta(seconds=15)


class Sender(Protocol):
    """HTTP to strangers."""

    async def send(self, request: Request) -> Outcome:
        """POST it once. Whatever happens is an outcome; nothing is raised."""
        ...
