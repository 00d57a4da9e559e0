"""The shapes of webhooks in bodies and answers, for the description of the API.

What is asked for is checked by `delivery.terms`, and tests hold both to each other.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from gateway.api.shapes import Shape
from gateway.delivery import terms
from gateway.delivery.looks import CONTENT_TYPE_CHARACTERS
from gateway.delivery.rotation import GRACE_DEFAULT_S, GRACE_MAX_S
from gateway.domain.filters import MAX_FILTER_CHARACTERS
from gateway.domain.model import (
    DEFAULT_SCHEDULE_S,
    ErrorClass,
    Format,
    Ordering,
    Signature,
)

_Names = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=256)]],
    Field(min_length=1, max_length=terms.LIST_ENTRIES),
]


class Retry(BaseModel):
    """When to try again."""

    model_config = ConfigDict(extra="forbid")

    schedule: list[int] = Field(
        list(DEFAULT_SCHEDULE_S),
        min_length=1,
        max_length=terms.SCHEDULE_ENTRIES,
        description="Seconds after each failure, 1 to 172800; up to a fifth is added.",
    )


class Rate(BaseModel):
    """How fast requests may follow each other."""

    model_config = ConfigDict(extra="forbid", title="RateLimit")

    per_second: float = Field(
        ge=terms.RATE_MIN,
        le=terms.RATE_MAX,
        description="Requests a second in the long run; a fraction is one in a while.",
    )
    burst: int | None = Field(
        None,
        ge=1,
        le=terms.BURST_MAX,
        description="How many may go at once after a rest; `per_second` rounded up.",
    )


class _Terms(BaseModel):
    """What may be asked of a webhook when it is made, and changed."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(
        None,
        min_length=1,
        max_length=terms.URL_CHARACTERS,
        description="Where events are POSTed to.",
        examples=["https://example.com/hooks/meshagent"],
    )
    events: _Names | None = Field(
        ["message.received"],
        description="Events wanted: a type, `message.*` for a kind, `*` for all.",
    )
    rooms: _Names | None = Field(None, description="Only events of these rooms.")
    types: _Names | None = Field(None, description="Only messages of these types.")
    senders: _Names | None = Field(
        None, alias="from", description="Only messages from participants so named."
    )
    filter: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_FILTER_CHARACTERS,
        description="JMESPath over the envelope; an event is wanted if it is truthy.",
        examples=["data.message.urgent"],
    )
    format: Format | None = Field(
        Format.ENVELOPE,
        description="What the body looks like; `template` with a template alone.",
    )
    template: dict[str, Any] | list[Any] | str | None = Field(
        None,
        description="A JSON value whose strings are Liquid, or a string of Liquid.",
        examples=[{"text": "{{ from_name }}: {{ text }}"}],
    )
    content_type: str | None = Field(
        None,
        min_length=3,
        max_length=CONTENT_TYPE_CHARACTERS,
        description="Of a template that is a string, which needs one.",
        examples=["text/plain; charset=utf-8"],
    )
    signature: Signature | None = Field(
        Signature.STANDARD,
        description="Standard Webhooks, GitHub's X-Hub-Signature-256, or none.",
    )
    ordering: Ordering | None = Field(
        Ordering.NONE,
        description="Whether one waits for the last: per room, or room and sender.",
    )
    links: bool | None = Field(
        default=False,
        description="Whether a message comes with `reply_url`, to answer it once.",
    )
    replies: bool | None = Field(
        default=False,
        description='Whether `{"reply":{"text":…}}` in the answer goes to the sender.',
    )
    timeout_s: int | None = Field(
        15,
        ge=1,
        le=terms.TIMEOUT_MAX_S,
        description="Seconds for the whole of an attempt, its answer's body included.",
    )
    max_in_flight: int | None = Field(
        8, ge=1, le=terms.IN_FLIGHT_MAX, description="Requests at the same time."
    )
    max_age_s: int | None = Field(
        None,
        ge=1,
        le=terms.AGE_MAX_S,
        description="A delivery older than that is given up.",
    )
    rate_limit: Rate | None = Field(
        None, description="How fast requests follow each other; unlimited if null."
    )
    retry: Retry | None = Field(default_factory=Retry)
    stop_on: list[int] | None = Field(
        [410],
        min_length=1,
        max_length=terms.LIST_ENTRIES,
        description="Statuses that end a delivery at once, 300 to 599.",
    )
    active: bool | None = Field(default=True, description="Whether anything is sent.")
    description: str | None = Field(
        None, min_length=1, max_length=terms.TEXT_CHARACTERS
    )


class WebhookPatch(_Terms):
    """What may be changed of a webhook: null is the default again."""

    model_config = ConfigDict(extra="forbid", title="WebhookPatch")

    headers: dict[str, str | None] | None = Field(
        {},
        description="Headers to be set; null takes one away. The others stay.",
        examples=[{"Authorization": "Bearer 77aa", "X-Team": None}],
    )


class WebhookBody(_Terms):
    """What may be asked of a webhook; what is left out or null has its default.

    One of `url`, `target_url` and `hookUrl` is needed.
    """

    model_config = ConfigDict(
        extra="forbid",
        title="WebhookBody",
        json_schema_extra={
            "anyOf": [{"required": [name]} for name in terms.URL_NAMES],
        },
    )

    target_url: str | None = Field(
        None,
        min_length=1,
        max_length=terms.URL_CHARACTERS,
        description="`url`, as REST hooks say it.",
    )
    hook_url: str | None = Field(
        None,
        alias="hookUrl",
        min_length=1,
        max_length=terms.URL_CHARACTERS,
        description="`url`, as other REST hooks say it.",
    )
    event: str | None = Field(
        None, min_length=1, description="One event, as REST hooks say it."
    )
    headers: dict[str, str] | None = Field(
        {},
        description="Further headers; their values are secrets and never shown again.",
        examples=[{"Authorization": "Bearer 5f2c"}],
    )
    secret: str | None = Field(
        None,
        description="`whsec_` and base64 of 24 to 64 bytes; minted if left out.",
    )

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        urls = (self.url, self.target_url, self.hook_url)
        if sum(url is not None for url in urls) != 1:
            message = f"one of {', '.join(terms.URL_NAMES)} is needed"
            raise ValueError(message)
        return self


class RotationBody(BaseModel):
    """Which secret is the new one, and how long the old one signs along."""

    model_config = ConfigDict(extra="forbid", title="RotationBody")

    secret: str | None = Field(
        None,
        description="`whsec_` and base64 of 24 to 64 bytes; minted if left out.",
    )
    grace_s: int | None = Field(
        GRACE_DEFAULT_S,
        ge=0,
        le=GRACE_MAX_S,
        description="Seconds for which the old secret signs along; 0 stops it now.",
    )


class OldSecretShape(Shape):
    """A secret that was replaced, and signs along for a while."""

    model_config = ConfigDict(extra="forbid", title="OldSecret")

    until: AwareDatetime


class WebhookShape(Shape):
    """A webhook. Its secret and the values of its headers are masked as `***`."""

    model_config = ConfigDict(extra="forbid", title="Webhook")

    id: str = Field(examples=["wh_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"])
    name: str | None = Field(description="Of one given by configuration.")
    source: Literal["api", "env"] = Field(
        description="`env`: given by configuration, and changed there."
    )
    subscription: bool = Field(
        description="Made as a REST hook: it is deleted when it answers 410."
    )
    url: str
    events: list[str]
    rooms: list[str] | None
    types: list[str] | None
    senders: list[str] | None = Field(alias="from")
    filter: str | None
    format: Format
    template: dict[str, Any] | list[Any] | str | None
    content_type: str | None
    headers: dict[str, str]
    secret: str = Field(description="Shown when it is new, and never again.")
    old_secrets: list[OldSecretShape] = Field(
        description="Those that still sign along, newest first."
    )
    signature: Signature
    ordering: Ordering
    links: bool
    replies: bool
    timeout_s: float
    max_in_flight: int
    max_age_s: float | None
    rate_limit: Rate | None
    retry: Retry
    stop_on: list[int]
    active: bool
    disabled_reason: str | None = Field(
        description="Why it is inactive: `by_request`, `gone` (it answered 410), "
        "`failing` (for five days), `removed` (from the configuration)."
    )
    description: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime | None


class WebhookChanged(WebhookShape):
    """A webhook after a change."""

    model_config = ConfigDict(extra="forbid", title="WebhookChanged")

    held: int | None = Field(
        description="Deliveries that wait to be released; null if not known just now."
    )


class WebhookDetail(WebhookShape):
    """A webhook, and how its deliveries fare."""

    model_config = ConfigDict(extra="forbid", title="WebhookDetail")

    pending: int = Field(description="Deliveries still to be made.")
    held: int = Field(description="Deliveries that wait to be released.")
    dead: int = Field(description="Deliveries given up.")
    last_error: str | None
    last_error_at: AwareDatetime | None
    last_success_at: AwareDatetime | None
    failing_since: AwareDatetime | None = Field(
        description="First failure since the last success."
    )
    paused_until: AwareDatetime | None = Field(
        description="Nothing is sent before, because its receiver asked for that."
    )
    circuit: Literal["closed", "open", "half_open"] = Field(
        description="`open`: it fails, and is left alone for a while."
    )


class WebhookQuery(BaseModel):
    """Which webhooks to list."""

    model_config = ConfigDict(extra="forbid")

    target_url: str | None = Field(
        None, description="Only those with exactly this URL."
    )


class WebhookList(Shape):
    """All webhooks, oldest first."""

    model_config = ConfigDict(extra="forbid", title="Webhooks")

    webhooks: list[WebhookShape]
    next_cursor: None = Field(description="There is one page.")


class Deleted(Shape):
    """What was deleted."""

    id: str


class ReleaseBody(BaseModel):
    """What to do with the deliveries that were held."""

    model_config = ConfigDict(extra="forbid", title="ReleaseBody")

    release: str | None = Field(
        "all",
        description="`all`: send them. `none`: drop them. A time, or so long ago as "
        "`10m`: send those of events since then, and drop the rest.",
        examples=["all", "none", "10m", "2030-01-31T12:00:00Z"],
    )


class TrialBody(BaseModel):
    """Which sample to send."""

    model_config = ConfigDict(extra="forbid", title="TrialBody")

    event: str | None = Field(
        None,
        description="The type of the event; the first that the webhook wants.",
        examples=["message.received"],
    )


class TrialRequest(Shape):
    """What was sent."""

    headers: dict[str, str] = Field(description="Values of its own are masked.")
    body: str = Field(description="The first 16 KiB, as text.")


class TrialResponse(Shape):
    """What came back."""

    headers: dict[str, str] = Field(description="Those that matter here.")
    body: str = Field(description="The first 16 KiB, as text.")


class TrialShape(Shape):
    """What came of a test."""

    model_config = ConfigDict(extra="forbid", title="Trial")

    ok: bool
    status: int | None
    duration_ms: float
    error_class: ErrorClass | None
    detail: str | None = Field(description="What went wrong, if anything did.")
    request: TrialRequest | None = Field(
        description="Null if the template failed, so that nothing was sent."
    )
    response: TrialResponse | None
