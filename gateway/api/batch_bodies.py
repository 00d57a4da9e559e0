"""The body of `POST /send/batch`: many messages, judged together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from gateway.api import bodies, problems
from gateway.api.bodies import Body, Limits
from gateway.api.schemas import (
    addresses,
    broadcast_draft,
    refuse_reserved,
    refuse_wordless,
    send_draft,
)
from gateway.bridge.sending import Draft
from gateway.domain.errors import (
    FieldError,
    GatewayError,
    Invalid,
    Rejected,
    Unavailable,
)

MAX_MESSAGES: Final = 100
_MESSAGES: Final = "messages"
_SCHEMAS: Final = "#/components/schemas/"
_MESSAGE_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [{"$ref": f"{_SCHEMAS}SendBody"}, {"$ref": f"{_SCHEMAS}BroadcastBody"}],
    "description": "As `POST /send` takes it; without `to`, as `POST /broadcast`.",
}


class BatchBody(BaseModel):
    """Messages of one room, which are all accepted or none, in this order."""

    model_config = ConfigDict(extra="forbid", title="Batch")

    messages: list[Annotated[object, WithJsonSchema(_MESSAGE_SCHEMA)]] = Field(
        min_length=1, max_length=MAX_MESSAGES
    )


def batch_drafts(
    body: Mapping[str, object],
    limits: Limits,
    *,
    key_id: str | None = None,
    traceparent: str | None = None,
) -> list[Draft]:
    """Return the messages that a batch asks for, in order.

    Args:
        body: The batch.
        limits: The largest message and attachment, of each.
        key_id: The key of the caller.
        traceparent: The trace that the request belongs to.

    Raises:
        Rejected: One of them breaks a rule, and `errors` has every place of every one
            of them that does, such as `/messages/3/to`. It is `Invalid` unless all of
            them break one rule.
    """
    drafts: list[Draft] = []
    wrong: list[GatewayError] = []
    for index, each in enumerate(_listed(body)):
        try:
            fields = bodies.an_object(each)
            draft_of = send_draft if "to" in fields else broadcast_draft
            drafts.append(
                draft_of(Body(fields), limits, key_id=key_id, traceparent=traceparent)
            )
        except Rejected as error:
            wrong += [
                within(every, index) for every in _each_wrong(error, each, limits)
            ]
    if wrong:
        raise _together(wrong)
    return drafts


def within(error: GatewayError, index: int) -> GatewayError:
    """Return a refusal of one message as the refusal of a batch, with its place."""
    if isinstance(error, Unavailable):
        return error
    at = f"/{_MESSAGES}/{index}"
    found = error.errors or (FieldError("", error.detail),)
    placed = [FieldError(at + each.pointer, each.detail) for each in found]
    detail = f"{placed[0].pointer}: {placed[0].detail}"
    return type(error)(detail, errors=placed, facts=error.facts)


def _listed(body: Mapping[str, object]) -> Sequence[object]:
    unknown = [name for name in body if name != _MESSAGES]
    if unknown:
        detail = "There is no such field; a batch has `messages` alone."
        raise problems.invalid(detail, at=f"/{unknown[0]}")
    messages = body.get(_MESSAGES)
    if not isinstance(messages, list) or not 1 <= len(messages) <= MAX_MESSAGES:
        detail = (
            f"It should be a list of 1 to {MAX_MESSAGES} bodies of /send or /broadcast."
        )
        raise problems.invalid(detail, at=f"/{_MESSAGES}")
    return messages


def _each_wrong(
    first: Rejected, message: object, limits: Limits
) -> Iterator[GatewayError]:
    """Yield what is wrong with a message, besides the first thing that was found."""
    yield first
    if not isinstance(message, dict):
        return
    seen = _places(first)
    for check in _checks(message, limits):
        try:
            check()
        except Rejected as error:
            if seen.isdisjoint(_places(error)):
                yield error
                seen |= _places(error)


def _places(error: GatewayError) -> set[str]:
    return {each.pointer for each in error.errors} or {""}


def _checks(
    message: Mapping[str, object], limits: Limits
) -> Iterator[Callable[[], object]]:
    """Yield what can be said of single fields, whatever is wrong with the others."""
    kind, attachment = message.get("type"), message.get("attachment")
    if "to" in message:
        yield lambda: addresses(message["to"])
    if isinstance(kind, str):
        yield lambda: refuse_reserved(kind)
    yield lambda: refuse_wordless(message.get("text"), message.get("message"))
    if isinstance(attachment, str):
        yield lambda: bodies.base64(attachment, limits.attachment, "/attachment")


def _together(wrong: Sequence[GatewayError]) -> GatewayError:
    """Return one refusal that has every place of all of them."""
    first = wrong[0]
    places = [place for error in wrong for place in error.errors]
    more = f" ({len(places) - 1} more)" if len(places) > 1 else ""
    detail = f"{places[0].pointer}: {places[0].detail}{more}"
    if any(type(error) is not type(first) for error in wrong):
        return Invalid(detail, errors=places)
    return type(first)(detail, errors=places, facts=first.facts)
