"""The shapes of sources in bodies and answers, for the description of the API.

What is asked for is checked by `inbound.terms`, and tests hold both to each other.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from gateway.api.schemas import TO_SCHEMA
from gateway.api.shapes import Shape
from gateway.api.source_request_shapes import RefusalShape, RequestShape
from gateway.domain.filters import MAX_FILTER_CHARACTERS
from gateway.domain.model import (
    Algorithm,
    Encoding,
    Match,
    Preset,
    Profile,
)
from gateway.domain.model.sources import MIB
from gateway.domain.rules import MAX_NAME_CHARACTERS, MAX_TTL
from gateway.domain.verification.requirements import (
    MAX_HEADER,
    MAX_PREFIX,
    MAX_SECRET,
    MAX_SECRETS,
)
from gateway.inbound import terms
from gateway.inbound.amending import MOST_KEPT
from gateway.inbound.verifying import MAX_TOLERANCE_S, TOLERANCE_S

_DAY_S = int(MAX_TTL.total_seconds())
_Method = Literal["POST", "GET"]
_POST: Final[list[_Method]] = ["POST"]
_Secret = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SECRET)]
_To = Annotated[Any, WithJsonSchema(TO_SCHEMA)]


class VerifyBody(BaseModel):
    """How requests are verified, on the bytes of their bodies."""

    model_config = ConfigDict(extra="forbid", title="VerifyBody")

    profile: Profile = Field(
        description="Whose way of proving it; `hmac` for others, with `header`. `none`"
        " takes what anybody sends who knows the address."
    )
    secret: _Secret | None = Field(None, description="The only one of `secrets`.")
    secrets: list[_Secret] | None = Field(
        None,
        max_length=MAX_SECRETS,
        description="Any of them may match; of `basic` each is `user:password`, of"
        " `bearer` visible ASCII without spaces, of `standard` `whsec_` and base64."
        " They are never shown again.",
    )
    header: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_HEADER,
        description="Of `hmac`: where the signature is.",
        examples=["X-Signature"],
    )
    algorithm: Algorithm | None = Field(
        Algorithm.SHA256, description="Of `hmac`: its hash."
    )
    encoding: Encoding | None = Field(
        Encoding.HEX, description="Of `hmac`: how the signature is written."
    )
    prefix: str | None = Field(
        "",
        max_length=MAX_PREFIX,
        description="Of `hmac`: what stands before the signature; ASCII, no comma.",
        examples=["sha256="],
    )
    timestamp_header: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_HEADER,
        description="Of `hmac`: where a time in Unix seconds is, that is signed with"
        " the body as `<time>.<body>`.",
    )
    tolerance: int | None = Field(
        TOLERANCE_S,
        ge=1,
        le=MAX_TOLERANCE_S,
        description="Seconds that a signed time may be from now.",
    )


class VerifyShape(Shape):
    """How requests are verified; its secrets are not shown."""

    model_config = ConfigDict(extra="forbid", title="Verify")

    profile: Profile
    secret_count: int
    tolerance: int
    header: str | None = Field(None, description="Of `hmac`, as what follows.")
    algorithm: Algorithm | None = None
    encoding: Encoding | None = None
    prefix: str | None = None
    timestamp_header: str | None = None


class OwnResponseShape(BaseModel):
    """What requests are answered that were taken in, in place of our own answer."""

    model_config = ConfigDict(extra="forbid", title="OwnResponse")

    status: int | None = Field(202, ge=200, le=299)
    body: str | None = Field("", max_length=terms.RESPONSE_CHARACTERS)
    content_type: Literal["text/plain", "application/json"] | None = "text/plain"


class _Terms(BaseModel):
    """What may be asked of a source when it is made, and changed."""

    model_config = ConfigDict(extra="forbid")

    room: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_NAME_CHARACTERS,
        description="Where it is said; the only one if there is one.",
    )
    to: _To | None = Field(None, description="Whom it is said to: as in `/send`.")
    broadcast: bool | None = Field(
        default=False, description="In place of `to`: it is said to everybody."
    )
    match: Match | None = Field(
        Match.ONE, description="Whom `to` means if several fit it."
    )
    type: str | None = Field(
        "webhook",
        min_length=1,
        max_length=MAX_NAME_CHARACTERS,
        description="The type of the messages.",
    )
    format: Preset | None = Field(
        None,
        description="What the requests are, and so what is said of them and by what"
        " their repeats are known. If left out, that of the profile (`github`,"
        " `stripe`, `meshagent`), else `json`: the whole of it.",
    )
    template: dict[str, Any] | str | None = Field(
        None,
        description="The message: an object whose strings are Liquid, or its text."
        " They name what the request's JSON has, and the request as `webhook`.",
        examples=[{"text": "{{ webhook.event }} in {{ repository.full_name }}"}],
    )
    filter: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_FILTER_CHARACTERS,
        description="JMESPath; what is not truthy of a request is not said.",
        examples=["action == 'opened'"],
    )
    dedup: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_FILTER_CHARACTERS,
        description="`header:Name`, or JMESPath: what a request has in common with"
        " those that repeat it, within 72 hours. If left out, the provider's own id.",
        examples=["header:X-Request-Id", "event.id"],
    )
    methods: list[_Method] | None = Field(
        _POST,
        min_length=1,
        max_length=2,
        description="`GET` takes its query. Whatever shows a preview of the address"
        " sends one, too.",
    )
    max_body: int | None = Field(
        MIB, ge=1, le=terms.MAX_BODY, description="The largest body, in bytes."
    )
    ttl: int | None = Field(
        _DAY_S,
        ge=1,
        le=_DAY_S,
        description="Seconds that it waits to be said, while the room is away or"
        " nobody is there.",
    )
    response: OwnResponseShape | None = Field(
        None, description="In place of our own answer, for what was taken in."
    )
    active: bool | None = Field(
        default=True, description="Whether it takes anything; if not, it is 403."
    )
    description: str | None = Field(
        None, min_length=1, max_length=terms.DESCRIPTION_CHARACTERS
    )


class SourceBody(_Terms):
    """What may be asked of a source; what is left out or null has its default.

    `to`, or `broadcast` as true, is needed.
    """

    model_config = ConfigDict(
        extra="forbid",
        title="SourceBody",
        json_schema_extra={
            "anyOf": [
                {"required": ["to"]},
                {"required": ["broadcast"]},
            ],
        },
    )

    name: str = Field(min_length=1, max_length=terms.NAME_CHARACTERS)
    verify: VerifyBody

    @model_validator(mode="after")
    def _one_audience(self) -> Self:
        if (self.to is None) is not bool(self.broadcast):
            message = "to, or broadcast as true, is needed, and not both"
            raise ValueError(message)
        return self


class VerifyPatch(VerifyBody):
    """What may be changed of how requests are verified."""

    model_config = ConfigDict(extra="forbid", title="VerifyPatch")

    profile: Profile | None = Field(  # type: ignore[assignment]  # it may stay as it is
        None, description="Another has its own secrets: they must come with it."
    )


class SourcePatch(_Terms):
    """What may be changed of a source: null is the default again."""

    model_config = ConfigDict(extra="forbid", title="SourcePatch")

    name: str | None = Field(None, min_length=1, max_length=terms.NAME_CHARACTERS)
    verify: VerifyPatch | None = None


class SecretsBody(BaseModel):
    """Which secret is the new one, and how many of the former ones still count."""

    model_config = ConfigDict(extra="forbid", title="SecretsBody")

    secret: _Secret = Field(description="It is never shown again.")
    keep: int | None = Field(
        1,
        ge=0,
        le=MOST_KEPT,
        description="Former secrets that still match, newest first; 0 stops them now.",
    )


class SourceShape(Shape):
    """A source. Neither its token nor its secrets are shown."""

    model_config = ConfigDict(extra="forbid", title="Source")

    id: str = Field(examples=["src_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"])
    name: str
    room: str
    verify: VerifyShape
    to: _To | None
    broadcast: bool
    match: Match
    type: str
    format: Preset
    template: dict[str, Any] | None
    filter: str | None
    dedup: str | None
    methods: list[str]
    max_body: int
    ttl: int
    response: OwnResponseShape | None
    description: str | None
    active: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime | None


class SourceAddressed(SourceShape):
    """A source with its address, which is shown when it is new and never again."""

    model_config = ConfigDict(extra="forbid", title="SourceAddressed")

    url: str = Field(
        description="Where to send to.", examples=["https://example.com/in/8sVw…"]
    )
    path: str = Field(examples=["/in/8sVw…"])


class SourceDetail(SourceShape):
    """A source, what became of the requests that are held of it, and the last ones."""

    model_config = ConfigDict(extra="forbid", title="SourceDetail")

    accepted: int = Field(description="Requests that wait to be said.")
    said: int = Field(description="Those that have become messages.")
    filtered: int = Field(description="Those that its `filter` left out.")
    render_failed: int = Field(description="Those that can be mended and replayed.")
    refused: int = Field(description="Those that cannot be said, for good.")
    expired: int = Field(description="Those that could not be said within `ttl`.")
    waiting_since: AwareDatetime | None = Field(
        description="When the first of those that wait came in."
    )
    last_request: RequestShape | None = Field(
        description="The newest that was taken in."
    )
    last_refusal: RefusalShape | None = Field(
        description="The newest that was not; forgotten at a restart."
    )


class SourceList(Shape):
    """All sources, oldest first."""

    model_config = ConfigDict(extra="forbid", title="Sources")

    sources: list[SourceShape]
    next_cursor: None = Field(description="There is one page.")


class SampleBody(BaseModel):
    """A request as a third party might make it, or `request`: one that it made."""

    model_config = ConfigDict(extra="forbid", title="SampleBody")

    request: str | None = Field(
        None, description="The id of one that the source took in, in place of others."
    )

    body: Any = Field(
        None,
        description="Any JSON; or text as it is, if `headers` has a Content-Type.",
    )
    headers: dict[str, str] | None = Field(
        None, description="Those that matter.", examples=[{"X-GitHub-Event": "push"}]
    )
    query: str | None = None
    method: Literal["POST", "GET"] | None = "POST"


class SimulationShape(Shape):
    """What would become of a request; nothing was stored, and nothing said."""

    model_config = ConfigDict(extra="forbid", title="Simulation")

    status: Literal["said", "filtered", "render_failed"]
    room: str
    to: _To | None
    broadcast: bool
    type: str
    message: dict[str, Any] | None = Field(description="What would be said.")
    attachment_size: int | None = Field(
        description="Of the body, which goes along if it is too long to be said."
    )
    reason: str | None = Field(description="Why it would not be said.")
    identity: str | None = Field(description="By what its repeats would be known.")


class TakenShape(Shape):
    """A request of a third party that was taken in."""

    model_config = ConfigDict(extra="forbid", title="Taken")

    status: Literal["accepted", "duplicate"]
    id: str = Field(
        description="Of the request; of a duplicate that of the first.",
        examples=["inb_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"],
    )
