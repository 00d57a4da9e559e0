"""The shapes of what third parties sent to a source, for the description of the API."""

from pydantic import AwareDatetime, ConfigDict, Field

from gateway.api.shapes import Shape
from gateway.domain.model import InboundState


class RequestShape(Shape):
    """A request that a third party made, verified and stored."""

    model_config = ConfigDict(extra="forbid", title="SourceRequest")

    id: str = Field(examples=["inb_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"])
    source_id: str
    status: InboundState = Field(
        description="`accepted`: it waits. `said`: it has become the message"
        " `message_id`. `filtered`: the source's `filter` left it out."
        " `render_failed`: mend the template, and replay it. `refused`: it cannot be"
        " said. `expired`: it waited for longer than `ttl`."
    )
    reason: str | None = Field(description="Why it was not said.")
    message_id: str | None = Field(
        description="`GET /messages/{id}` has what became of that, and what it waits"
        " for while nobody is there whom it is for."
    )
    identity: str | None = Field(
        description="By what its repeats are known; null: they are said, too."
    )
    replay_of: str | None = Field(description="The request that it repeats on demand.")
    method: str
    query: str = Field(description="As it came, without `?`.")
    size: int = Field(description="Of its body, in bytes.")
    received_at: AwareDatetime


class RequestDetail(RequestShape):
    """A request that a third party made, as it came."""

    model_config = ConfigDict(extra="forbid", title="SourceRequestDetail")

    headers: dict[str, str] = Field(
        description="In lower case; what proves who somebody is is `[redacted]`."
    )
    body: str | None = Field(
        description="Null if it is no UTF-8, or is not held any more."
    )
    body_base64: str | None = Field(description="If it is no UTF-8.")


class RefusalShape(Shape):
    """A request that was not taken; the last hundred are kept, until a restart."""

    model_config = ConfigDict(extra="forbid", title="RefusedRequest")

    verified: bool = Field(
        description="Whether it had proved whom it is from, and was refused for"
        " something else."
    )
    code: str = Field(
        description="That of the problem that it was answered with.",
        examples=["not_verified"],
    )
    reason: str = Field(description="What its sender was told.")
    method: str
    size: int = Field(description="Of its body, in bytes; 0 if that was not read.")
    content_type: str | None
    user_agent: str | None
    received_at: AwareDatetime


class RequestList(Shape):
    """A page of requests, newest first; with the first, what was refused lately."""

    model_config = ConfigDict(extra="forbid", title="SourceRequests")

    requests: list[RequestShape]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next.")
    refused: list[RefusalShape] = Field(
        description="Newest first; on the first page alone, whatever else is asked."
    )
