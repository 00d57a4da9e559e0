"""The shapes of webhooks in bodies and answers, for the description of the API.

What is asked for is checked by `delivery.terms`, and tests hold both to each other.
"""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gateway.api.shapes import Shape
from gateway.delivery import terms
from gateway.domain.model import DEFAULT_SCHEDULE_S, ErrorClass

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


class WebhookBody(BaseModel):
    """What may be asked of a webhook; what is left out or null has its default."""

    model_config = ConfigDict(extra="forbid", title="WebhookBody")

    url: str = Field(
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
    filter: None = None
    format: Literal["envelope"] | None = "envelope"
    template: None = None
    content_type: None = None
    headers: dict[str, str] | None = Field(
        {},
        description="Further headers; their values are secrets and never shown again.",
        examples=[{"Authorization": "Bearer 5f2c"}],
    )
    secret: str | None = Field(
        None,
        description="`whsec_` and base64 of 24 to 64 bytes; minted if left out.",
    )
    signature: Literal["standard", "github", "none"] | None = Field(
        "standard",
        description="Standard Webhooks, GitHub's X-Hub-Signature-256, or none.",
    )
    ordering: Literal["none"] | None = "none"
    links: Literal[False] | None = False
    replies: Literal[False] | None = False
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
    rate_limit: None = None
    retry: Retry | None = Field(default_factory=Retry)
    stop_on: list[int] | None = Field(
        [410],
        min_length=1,
        max_length=terms.LIST_ENTRIES,
        description="Statuses that end a delivery at once, 300 to 599.",
    )
    active: bool | None = Field(default=True, description="Whether anything is sent.")
    description: str | None = Field(None, max_length=terms.TEXT_CHARACTERS)


class WebhookShape(Shape):
    """A webhook. Its secret and the values of its headers are masked as `***`."""

    model_config = ConfigDict(extra="forbid", title="Webhook")

    id: str = Field(examples=["wh_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"])
    name: str | None = Field(description="Of one given by configuration.")
    source: Literal["api", "env"] = Field(
        description="`env`: given by configuration, and changed there."
    )
    url: str
    events: list[str]
    rooms: list[str] | None
    types: list[str] | None
    senders: list[str] | None = Field(alias="from")
    filter: str | None
    format: str
    template: dict[str, Any] | str | None
    content_type: str | None
    headers: dict[str, str]
    secret: str = Field(description="Shown in the answer to POST /webhooks alone.")
    signature: Literal["standard", "github", "none"]
    ordering: Literal["none", "sender", "room"]
    links: bool
    replies: bool
    timeout_s: float
    max_in_flight: int
    max_age_s: float | None
    rate_limit: dict[str, Any] | None
    retry: Retry
    stop_on: list[int]
    active: bool
    disabled_reason: str | None = Field(
        description="Why it is inactive: `gone` (it answered 410), `by_request`, …"
    )
    description: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime | None


class WebhookDetail(WebhookShape):
    """A webhook, and how its deliveries fare."""

    model_config = ConfigDict(extra="forbid", title="WebhookDetail")

    pending: int = Field(description="Deliveries still to be made.")
    held: int = Field(description="Deliveries that wait for it to be enabled.")
    dead: int = Field(description="Deliveries given up.")
    last_error: str | None
    last_error_at: AwareDatetime | None
    last_success_at: AwareDatetime | None
    circuit: Literal["closed", "open", "half_open"]


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

    release: Literal["all"] | None = Field("all", description="`all`: send them.")


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
    detail: str | None
    request: TrialRequest
    response: TrialResponse | None
