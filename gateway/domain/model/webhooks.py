"""Webhooks: somebody's address, and how events go to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.model.events import EventType


class Signature(StrEnum):
    """How a delivery is signed."""

    STANDARD = "standard"
    GITHUB = "github"
    NONE = "none"


class Ordering(StrEnum):
    """Which deliveries of a webhook wait for each other."""

    NONE = "none"
    SENDER = "sender"
    ROOM = "room"


DEFAULT_SCHEDULE_S = (
    5, 30, 120, 300, 900, 3600, 7200, 18000, 36000, 50400, 64800, 86400,
)  # fmt: skip  # Seconds after each failure: 13 attempts over 74 h 22 m.


class Format(StrEnum):
    """What the body of a delivery looks like."""

    ENVELOPE = "envelope"
    FLAT = "flat"
    CLOUDEVENTS = "cloudevents"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How fast requests may follow each other.

    Attributes:
        per_second: Requests a second in the long run; fractions are allowed.
        burst: How many may go at once after a rest.
    """

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class OldSecret:
    """A secret that was replaced, and signs along for a while."""

    secret: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody's address, and which events it wants.

    Attributes:
        secret: A `whsec_…` secret, with which deliveries are signed.
        old_secrets: Those it replaced, newest first.
        filter: A JMESPath expression that must be truthy of the event's envelope.
        template: A JSON value as compact text, its string leaves in Liquid.
        content_type: Of a template that is one string.
        headers: Further headers of a delivery; their values are secrets.
        is_subscription: Whether it was made as a REST hook: it is deleted when its
            receiver says that it is gone.
        source: `api`, or `env` for one given by configuration, which is read-only.
        disabled_reason: Why it is inactive, if we made it so.
    """

    id: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    created_at: datetime
    old_secrets: tuple[OldSecret, ...] = ()
    events: tuple[str, ...] = (EventType.MESSAGE_RECEIVED.value,)
    rooms: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    senders: tuple[str, ...] | None = None
    filter: str | None = None
    format: Format = Format.ENVELOPE
    template: str | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    signature: Signature = Signature.STANDARD
    ordering: Ordering = Ordering.NONE
    links: bool = False
    replies: bool = False
    timeout: timedelta = timedelta(seconds=15)
    max_in_flight: int = 8
    max_age: timedelta | None = None
    rate_limit: RateLimit | None = None
    schedule_s: tuple[int, ...] = DEFAULT_SCHEDULE_S
    stop_on: tuple[int, ...] = (410,)
    is_subscription: bool = False
    active: bool = True
    description: str | None = None
    name: str | None = None
    source: str = "api"
    disabled_reason: str | None = None
    updated_at: datetime | None = None
    key_id: str | None = None

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that sign at a moment, newest first."""
        old = (old.secret for old in self.old_secrets if now < old.until)
        return (self.secret, *old)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a webhook's receiver has behaved; kept over a restart.

    Attributes:
        failing_since: End of the first failure since the last success.
        warned_at: When it was last told of that it keeps failing; `None` again after a
            success.
        paused_until: Nothing goes to it before, because its receiver asked for that.
    """

    last_error: str | None = None
    last_error_at: datetime | None = None
    last_success_at: datetime | None = None
    failing_since: datetime | None = None
    warned_at: datetime | None = None
    paused_until: datetime | None = None
