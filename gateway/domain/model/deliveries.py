"""Deliveries: events owed to webhooks, and what came of the attempts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    HELD = "held"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event owed to one webhook.

    Attributes:
        attempts: Attempts that were finished.
        schedule_index: Place in the webhook's schedule: a retry by hand starts it anew.
        next_attempt_at: When it is due; `None` when nothing more will happen by itself.
        reason: Why it is held, dead or cancelled.
        order_key: Deliveries of a webhook with the same key go one after the other; a
            pending one without `next_attempt_at` waits for its turn.
        replay_id: The replay that made it, if one did.
    """

    id: str
    webhook_id: str
    event_id: str
    event_seq: int
    state: DeliveryState
    created_at: datetime
    attempts: int = 0
    schedule_index: int = 0
    next_attempt_at: datetime | None = None
    finished_at: datetime | None = None
    reason: str | None = None
    traceparent: str | None = None
    order_key: str | None = None
    replay_id: str | None = None


class ErrorClass(StrEnum):
    """What kept an attempt from success."""

    DNS_ERROR = "dns_error"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    TLS_ERROR = "tls_error"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT_TOTAL = "timeout_total"
    BLOCKED_ADDRESS = "blocked_address"
    REDIRECT = "redirect"
    HTTP_STATUS = "http_status"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back from one HTTP request.

    Attributes:
        status: HTTP status of the answer; `None` if none came.
        error_class: What went wrong; `None` for a 2xx.
        detail: A sentence about it that names no address and no secret.
        headers: Lower-cased headers of the answer that matter (`retry-after`, …).
        body: At most the first 16 KiB of the answer, as received.
    """

    status: int | None
    error_class: ErrorClass | None
    duration: timedelta
    detail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request for a delivery, as it is kept.

    Attributes:
        number: Counted from 1 over the life of the delivery.
        verdict: What we made of the outcome: `delivered`, `try_again`, `give_up`.
        response: The start of the answer's body, as text; bad bytes replaced.
        reply_message_id: The message that the answer asked us to send, if it did.
        reply_skipped: Why a reply in the answer was not sent, such as `loop`.
    """

    id: str
    delivery_id: str
    number: int
    started_at: datetime
    duration: timedelta
    status: int | None
    error_class: ErrorClass | None
    detail: str | None
    verdict: str
    response: str | None = None
    reply_message_id: str | None = None
    reply_skipped: str | None = None
