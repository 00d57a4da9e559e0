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
    Replay,
    ReplayState,
    Standing,
    Webhook,
)
from gateway.domain.once import Done, Once


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
    standing: Standing


@dataclass(frozen=True, slots=True)
class Hold:
    """Have what is owed to a webhook wait until it is released."""

    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    """Send what is held for a webhook; what is older is dropped (`cancelled`).

    Attributes:
        since: What was held for events from then on is sent; `None` for all of it.
        none: Nothing is sent.
    """

    since: datetime | None = None
    none: bool = False


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
        self,
        delivery: Delivery,
        attempt: Attempt | None,
        *events: Event,
        standing: Standing | None = None,
    ) -> asyncio.Future[None]:
        """Store an attempt and what became of its delivery, in one commit.

        When a delivery with an `order_key` has come to its end, or is held, the next
        one of that key becomes due.

        Args:
            delivery: As it is from now on.
            attempt: What was attempted, if anything was.
            events: What to tell of it.
            standing: How the receiver stands from now on; `None` leaves it as it was.
        """
        ...

    def retry(self, delivery_id: str) -> asyncio.Future[Delivery]:
        """Make a delivery due now, with its whole schedule before it again.

        Decided inside the commit: of two calls at once none undoes the other. Fails
        with `NotFound`, or with `WrongState` while an attempt is under way, or when its
        webhook is deleted or inactive.
        """
        ...

    async def standing(self, webhook_id: str) -> Standing:
        """Return how a webhook's receiver has behaved."""
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


@dataclass(frozen=True, slots=True)
class Recalled:
    """An event of the past, and what it tells of.

    Attributes:
        message: `None` for events not about a message, and if it was not asked for.
    """

    event: Event
    message: IncomingMessage | OutgoingMessage | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """A stretch of the log that was looked through.

    Attributes:
        found: What fits, in order.
        position: Place in the log up to which it was looked through.
    """

    found: Sequence[Recalled]
    position: int


@dataclass(frozen=True, slots=True)
class ReplayPage:
    """One page of replays, newest first, and how to get the next."""

    replays: Sequence[Replay]
    next_cursor: str | None


class Replays(Protocol):
    """Replays, and what they are worked off from.

    Everything fails with `StoreUnavailable` while the store can't be reached.
    """

    def add(self, replay: Replay) -> asyncio.Future[None]:
        """Store a new replay."""
        ...

    async def get(self, replay_id: str) -> Replay | None:
        """Return a replay, or `None`."""
        ...

    async def list(self, cursor: str | None, limit: int) -> ReplayPage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        ...

    async def unfinished(self) -> Sequence[Replay]:
        """Return those without `finished_at`, oldest first.

        They run, or are cancelled with something of them still open.
        """
        ...

    async def head(self) -> int:
        """Return the last place in the log."""
        ...

    async def recall(self, replay: Replay, limit: int, *, messages: bool) -> Recall:
        """Look through the log from a replay's position on, up to its `last`.

        What is found is of its time, of its `events` and what `only` says of its
        webhook, and is not about its target; whether the target wants it is for the
        caller to say.

        Args:
            replay: Which one.
            limit: How many events to look at, whether they fit or not.
            messages: Whether what they tell of is to come along.
        """
        ...

    async def progress(self, replay_id: str) -> Mapping[DeliveryState, int]:
        """Return how many of a replay's deliveries are in each state."""
        ...

    async def unsettled(self, replay_id: str) -> Mapping[DeliveryState, int]:
        """Return how many are in each state in which something may still happen.

        These are `pending`, `in_flight`, `retrying` and `held`.
        """
        ...

    def owe(
        self, replay: Replay, events: Sequence[Event], position: int
    ) -> asyncio.Future[Replay]:
        """Owe events to a replay's target, and note how far it has come, in one commit.

        Nothing is done if the replay runs no more, or has come further than `replay`
        says: no step is made twice. An event that is no longer in the log, or whose
        target is no longer there, is left out.

        Args:
            replay: As it was read before this step.
            events: What to owe.
            position: Place in the log up to which it has then been worked off.

        Returns:
            The replay as it is stored then.
        """
        ...

    def end(self, replay_id: str, state: ReplayState) -> asyncio.Future[Replay]:
        """End a replay that runs; one that has ended keeps its state.

        What one that is cancelled has made becomes `cancelled`, at most 1000 at a time
        and nothing in flight: call again until it has its `finished_at`.

        Args:
            replay_id: Which one; `NotFound` if there is none of that id.
            state: `done` or `cancelled`.

        Returns:
            The replay as it is stored then.
        """
        ...


class Webhooks(Protocol):
    """The webhooks we know; reading is from memory, changes are committed first."""

    def get(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or `None`."""
        ...

    def all(self) -> Sequence[Webhook]:
        """Return all webhooks, oldest first."""
        ...

    def put(
        self,
        webhook: Webhook,
        *events: Event,
        owed: Hold | Release | None = None,
        once: Once | None = None,
        answer: str | None = None,
    ) -> asyncio.Future[None]:
        """Store a new or changed webhook; its secrets and headers are sealed.

        What is owed to an inactive webhook is held, with its `disabled_reason` or
        `disabled`, whatever `owed` says; what is held for it, or for an active one,
        stays so until it is released. A webhook that becomes active starts with a
        clean `Standing`, but for its last error and success.

        Args:
            webhook: As it is from now on.
            events: What to tell of it.
            owed: What is to become of its deliveries that wait. It is carried on after
                a restart if it could not be finished.
            once: What the commit that stores it uses up. If that was used up before,
                nothing is stored and the future fails with `AlreadyDone`.
            answer: What is answered, kept sealed with `once` for those who repeat it.
        """
        ...

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up, with its answer; `None` if nothing has.

        The answer is `None` if it can't be opened any more, as when the master key is
        gone that it was sealed with. Fails with `StoreUnavailable` while the store
        can't be read.
        """
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


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a reply that a receiver gave by return value.

    Attributes:
        message_id: The message accepted, or accepted before for this event.
        skipped: Why nothing was accepted, such as `loop` or a problem's code.
    """

    message_id: str | None = None
    skipped: str | None = None


class Replies(Protocol):
    """Says in the room what a receiver answered."""

    async def say(
        self, webhook: Webhook, due: Due, answer: Mapping[str, object]
    ) -> Said:
        """Send `answer`, a body of POST /messages/{id}/reply, to the event's sender.

        Once per webhook and event, however often it is called. Nothing is raised but
        `StoreUnavailable`.
        """
        ...


class Sender(Protocol):
    """HTTP to strangers."""

    async def send(self, request: Request) -> Outcome:
        """POST it once. Whatever happens is an outcome; nothing is raised."""
        ...
