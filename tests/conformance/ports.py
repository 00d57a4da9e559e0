"""What every store offers, and nouns to put in it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.bridge.ports import History, Log as Appending, Messages, Outbox, Rooms
from gateway.bridge.tracing import Traces
from gateway.delivery.ports import Deliveries, Due, Replays, Webhooks
from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    ErrorClass,
    Event,
    EventType,
    Inbound,
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
    Profile,
    Source,
    Verification,
    Webhook,
)
from gateway.inbound.ports import Inbox, Sources
from tests.domain.nouns import INCOMING, OUTGOING, RECEIVED, WEBHOOK
from tests.fakes.clock import NOON


class Log(Appending, Protocol):
    """A log that can be read, too."""

    async def read(self, after: int = 0, limit: int = 100) -> Sequence[Event]:
        """Return the events that follow a place in the log."""
        ...


class Ports(Protocol):
    """Every port of a store."""

    @property
    def outbox(self) -> Outbox:
        """Outgoing messages."""
        ...

    @property
    def log(self) -> Log:
        """Everything that happened."""
        ...

    @property
    def history(self) -> History:
        """The log, for reading."""
        ...

    @property
    def rooms(self) -> Rooms:
        """What is remembered of rooms."""
        ...

    @property
    def messages(self) -> Messages:
        """Messages, for reading."""
        ...

    @property
    def deliveries(self) -> Deliveries:
        """Events owed to webhooks."""
        ...

    @property
    def webhooks(self) -> Webhooks:
        """The webhooks we know."""
        ...

    @property
    def replays(self) -> Replays:
        """Events of the past, owed once more."""
        ...

    @property
    def traces(self) -> Traces:
        """What was told of messages."""
        ...

    @property
    def sources(self) -> Sources:
        """The sources we know."""
        ...

    @property
    def inbox(self) -> Inbox:
        """What third parties sent."""
        ...


def outgoing(name: str, **changes: object) -> OutgoingMessage:
    """Return a queued message with an id of its own."""
    return replace(OUTGOING, id=f"msg_{name}", **changes)  # type: ignore[arg-type]  # A test's own changes.


def incoming(name: str, **changes: object) -> IncomingMessage:
    """Return a received message with an id of its own, as before it is stored."""
    blank = replace(INCOMING, id=f"msg_{name}", event_id=None, seq=0)
    return replace(blank, **changes)  # type: ignore[arg-type]  # A test's own changes.


def received(name: str, **changes: object) -> Event:
    """Return the event that tells of `incoming(name)`, as before it is stored."""
    blank = replace(RECEIVED, id=f"evt_{name}", message_id=f"msg_{name}", seq=0)
    return replace(blank, **changes)  # type: ignore[arg-type]  # A test's own changes.


def joined(name: str) -> Event:
    """Return an event that is about no message."""
    return Event(
        id=f"evt_{name}",
        type=EventType.PARTICIPANT_JOINED,
        room="lobby",
        at=NOON,
        data='{"participant":{"name":"é 🎈"}}',
    )


def sent(message: OutgoingMessage) -> tuple[OutgoingMessage, Event]:
    """Return a message as it is once sent, and the event that says so."""
    event_id = message.id.replace("msg_", "evt_")
    event = Event(
        id=event_id,
        type=EventType.MESSAGE_SENT,
        room=message.room,
        at=NOON,
        data='{"status":"sent"}',
        message_id=message.id,
        message_type=message.type,
    )
    return replace(message, status=MessageStatus.SENT, event_id=event_id), event


def webhook(name: str = "1", **changes: object) -> Webhook:
    """Return a webhook with an id of its own that wants everything."""
    wants_all = replace(WEBHOOK, id=f"wh_{name}", events=("*",))
    return replace(wants_all, **changes)  # type: ignore[arg-type]  # A test's own changes.


def source(name: str = "1", **changes: object) -> Source:
    """Return a source with an id and a token of its own."""
    plain = Source(
        id=f"src_{name}",
        name=name,
        room="lobby",
        token_hash=f"hash of {name}",
        verify=Verification(Profile.NONE),
        created_at=NOON,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # A test's own changes.


def inbound(name: str, **changes: object) -> Inbound:
    """Return a request with an id of its own, as before it is stored."""
    plain = Inbound(
        id=f"inb_{name}",
        source_id="src_1",
        received_at=NOON,
        method="POST",
        query="",
        headers={"content-type": "application/json"},
        body=b"{}",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # A test's own changes.


def attempt(
    delivery: Delivery, *, error: ErrorClass | None = None, at: datetime = NOON
) -> Attempt:
    """Return the next attempt of a delivery."""
    return Attempt(
        id=f"att_{delivery.id}_{delivery.attempts + 1}",
        delivery_id=delivery.id,
        number=delivery.attempts + 1,
        started_at=at,
        duration=timedelta(milliseconds=20),
        status=200 if error is None else 503,
        error_class=error,
        detail=None if error is None else "The answer was 503.",
        verdict="delivered" if error is None else "try_again",
        response="ok",
    )


def delivered(delivery: Delivery) -> Delivery:
    """Return a delivery that has succeeded."""
    return replace(
        delivery,
        state=DeliveryState.DELIVERED,
        attempts=delivery.attempts + 1,
        next_attempt_at=None,
        finished_at=NOON,
    )


def retrying(delivery: Delivery, at: datetime) -> Delivery:
    """Return a delivery that is tried again later."""
    return replace(
        delivery,
        state=DeliveryState.RETRYING,
        attempts=delivery.attempts + 1,
        schedule_index=delivery.schedule_index + 1,
        next_attempt_at=at,
    )


def event_ids(due: Sequence[Due]) -> list[str]:
    """Return the names of what is due, in order."""
    return [one.event.id for one in due]
