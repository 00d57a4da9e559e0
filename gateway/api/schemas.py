"""The bodies that callers send, checked once and turned into values."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from gateway.api import bodies, problems
from gateway.api.bodies import Body, Limits
from gateway.bridge.sending import Draft
from gateway.domain.addresses import addresses_of
from gateway.domain.errors import FieldError, Invalid, ReservedType
from gateway.domain.json_text import dumps, loads
from gateway.domain.model import Address, Match, OnUnknown
from gateway.domain.rules import (
    DEFAULT_TYPE,
    MAX_NAME_CHARACTERS,
    MAX_RECIPIENTS,
    MAX_TTL,
    RESERVED_TYPES,
    is_reserved,
)


def _whole(value: object) -> object:
    """Return 60.0 as 60: to JSON they are one number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _complete(schema: dict[str, Any]) -> None:
    """Say that one of two fields is needed, and that null is as good as nothing."""
    schema["oneOf"] = [{"required": ["message"]}, {"required": ["text"]}]
    for field in schema["properties"].values():
        options = [each for each in field.get("anyOf", ()) if each != {"type": "null"}]
        if len(options) == 1:
            del field["anyOf"]
            field.update(options[0])
            field.pop("default", None)


_MOST_FIELDS: Final = 100  # A body has some ten.
_TEXT: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_NAME_CHARACTERS,
}
_ADDRESS_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {**_TEXT, "description": "Tried as an id, then as an exact name."},
        *(
            {
                "type": "object",
                "properties": {kind: _TEXT},
                "required": [kind],
                "additionalProperties": False,
            }
            for kind in ("id", "name", "role")
        ),
    ]
}
TO_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        *_ADDRESS_SCHEMA["anyOf"],
        {
            "type": "array",
            "items": _ADDRESS_SCHEMA,
            "minItems": 1,
            "maxItems": MAX_RECIPIENTS,
        },
    ],
    "description": "Whom it is for. All are resolved before anything is sent.",
    "examples": ["alice", {"role": "agent"}, ["alice", {"id": "p-17"}]],
}
# A control character in a name is a mistake, and NUL cannot be stored by every store.
_Name = Annotated[
    str,
    Field(min_length=1, max_length=MAX_NAME_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]*$"),
]
_Ttl = Annotated[
    int,
    Field(ge=0, le=int(MAX_TTL.total_seconds())),
    BeforeValidator(_whole),  # The last is run first.
]
_BASE64: Final = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_MATCHES: Final[Mapping[str, Match]] = {each.value: each for each in Match}
_ON_UNKNOWN: Final[Mapping[str, OnUnknown]] = {each.value: each for each in OnUnknown}


class _Said(BaseModel):
    """What is said, to whomever."""

    type: _Name = Field(
        DEFAULT_TYPE,
        description="The message's own type.",
        json_schema_extra={"not": {"enum": [*sorted(RESERVED_TYPES)]}},
    )
    message: dict[str, Any] | None = Field(
        None, description="The message: any JSON object. This or `text` is needed."
    )
    text: str | None = Field(
        None, description='Shorthand for `"message": {"text": …}`.'
    )
    attachment: str | None = Field(
        None,
        description="Bytes that go with it, in base64; a file in multipart.",
        json_schema_extra={"contentEncoding": "base64", "pattern": _BASE64},
    )
    ttl: _Ttl | None = Field(
        None,
        description="Seconds to hold it while the room is unreachable; 0: fail now.",
    )
    ref: _Name | None = Field(None, description="A reference of your own.")


class ReplyBody(_Said):
    """An answer to whoever said something."""

    model_config = ConfigDict(
        extra="forbid", title="Reply", json_schema_extra=_complete
    )

    await_recipient: bool = Field(
        default=True, description="Also hold it while the sender is not there."
    )
    on_unknown: Literal["report", "retry"] = Field(
        "report", description="`retry`: send again what may or may not have been said."
    )


class BroadcastBody(_Said):
    """Something to be said to everybody in a room."""

    model_config = ConfigDict(
        extra="forbid", title="Broadcast", json_schema_extra=_complete
    )

    room: _Name | None = Field(None, description="Needed if there are several rooms.")


class SendBody(BroadcastBody):
    """Something to be said to some participants of a room."""

    model_config = ConfigDict(extra="forbid", title="Send", json_schema_extra=_complete)

    to: Annotated[object, WithJsonSchema(TO_SCHEMA)]
    match: Literal["one", "first", "all"] = Field(
        "one", description="Whom a name means that several have; `one` refuses it."
    )
    await_recipient: bool = Field(
        default=False, description="Also hold it while nobody of that name is there."
    )
    on_unknown: Literal["report", "retry"] = Field(
        "report", description="`retry`: send again what may or may not have been said."
    )


def form_schema(schema: Mapping[str, Any], *, files: bool) -> dict[str, Any]:
    """Return what a form looks like whose JSON looks like this.

    Args:
        schema: JSON Schema of one of the bodies above.
        files: Whether the form can carry a file, as multipart can.
    """
    properties = dict(schema["properties"])
    properties["message"] = {
        **properties["message"],
        "type": "string",
        "contentMediaType": "application/json",
        "description": "The message: a JSON object as text.",
    }
    properties["message"].pop("additionalProperties", None)
    if "to" in properties:
        several = {"type": "array", "items": _TEXT, "maxItems": MAX_RECIPIENTS}
        properties["to"] = {
            "anyOf": [_TEXT, {**several, "minItems": 1}],
            "description": "An id or an exact name; repeat it for several.",
        }
    if files:
        properties["attachment"] = {"type": "string", "format": "binary"}
    return {**schema, "properties": properties}


_Parsed = TypeVar("_Parsed", bound=_Said)


def send_draft(
    body: Body,
    limits: Limits,
    *,
    key_id: str | None = None,
    traceparent: str | None = None,
) -> Draft:
    """Return what a body of `POST /send` asks for.

    Args:
        body: The body.
        limits: The largest message and attachment.
        key_id: The key of the caller.
        traceparent: The trace that the request belongs to.

    Raises:
        Invalid: It breaks a rule; `errors` points at each place.
        ReservedType: A type that rooms keep for themselves.
        PayloadTooLarge: The message or the attachment is over its limit.
        MalformedJson: A form's `message` is not JSON.
    """
    parsed = _parsed(SendBody, body)
    return Draft(
        room=parsed.room,
        to=addresses(parsed.to),
        type=_type(parsed),
        body=_message(parsed, limits),
        attachment=_attachment(parsed, body, limits),
        match=_MATCHES[parsed.match],
        ttl=_ttl(parsed),
        await_recipient=parsed.await_recipient,
        on_unknown=_ON_UNKNOWN[parsed.on_unknown],
        ref=parsed.ref,
        key_id=key_id,
        traceparent=traceparent,
    )


def broadcast_draft(
    body: Body,
    limits: Limits,
    *,
    key_id: str | None = None,
    traceparent: str | None = None,
) -> Draft:
    """Return what a body of `POST /broadcast` asks for; raises as `send_draft` does."""
    parsed = _parsed(BroadcastBody, body)
    return Draft(
        room=parsed.room,
        to=None,
        type=_type(parsed),
        body=_message(parsed, limits),
        attachment=_attachment(parsed, body, limits),
        ttl=_ttl(parsed),
        ref=parsed.ref,
        key_id=key_id,
        traceparent=traceparent,
    )


def reply_draft(
    body: Body,
    limits: Limits,
    *,
    key_id: str | None = None,
    traceparent: str | None = None,
) -> Draft:
    """Return what a reply asks for, addressed to nobody yet; raises as `send_draft`."""
    parsed = _parsed(ReplyBody, body)
    return Draft(
        room=None,
        to=None,
        type=_type(parsed),
        body=_message(parsed, limits),
        attachment=_attachment(parsed, body, limits),
        ttl=_ttl(parsed),
        await_recipient=parsed.await_recipient,
        on_unknown=_ON_UNKNOWN[parsed.on_unknown],
        ref=parsed.ref,
        key_id=key_id,
        traceparent=traceparent,
    )


def addresses(to: object) -> tuple[Address, ...]:
    """Return the addresses of a `to`; `Invalid` points at each that is none."""
    found, flaws = addresses_of(to)
    wrong = [
        FieldError("/to" if place is None else f"/to/{place}", flaw)
        for place, flaw in flaws.items()
    ]
    if wrong:
        message = f"{wrong[0].pointer}: {wrong[0].detail}"
        raise Invalid(message, errors=wrong)
    return found


def _parsed(model: type[_Parsed], body: Body) -> _Parsed:
    fields = dict(body.fields)
    if len(fields) > _MOST_FIELDS:  # To tell of each would take longer than to read it.
        first = next(name for name in fields if name not in model.model_fields)
        detail = (
            f"There is no such field, nor most of the {len(fields)} that are given."
        )
        raise problems.invalid(detail, at=problems.pointer(("body", first)))
    if not body.typed and isinstance(fields.get("message"), str):
        message = loads(str(fields["message"]))
        fields["message"] = bodies.an_object(message, "/message")
    unknown = body.files.keys() - {"attachment"}
    if unknown:
        detail = "A file can only be the attachment."
        raise problems.invalid(detail, at=f"/{min(unknown)}")
    try:
        return model.model_validate(fields, strict=body.typed)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        located = [{**each, "loc": ("body", *each["loc"])} for each in found]
        raise problems.validation(located) from error


def refuse_reserved(kind: str) -> None:
    """Return unless rooms keep a message type for themselves: then `ReservedType`."""
    if is_reserved(kind):
        detail = f"Rooms keep the type {kind} for themselves."
        raise ReservedType(detail, errors=[FieldError("/type", detail)])


def refuse_wordless(text: object, message: object) -> None:
    """Return if exactly one of `text` and `message` is given; `Invalid` if not."""
    if (text is None) == (message is None):
        pointer = "/text" if message is not None else "/message"
        detail = "Give one of `message` and `text`."
        raise problems.invalid(detail, at=pointer)


def _type(parsed: _Said) -> str:
    refuse_reserved(parsed.type)
    return parsed.type


def _message(parsed: _Said, limits: Limits) -> str:
    """Return the message as compact JSON text, written this once."""
    refuse_wordless(parsed.text, parsed.message)
    message = {"text": parsed.text} if parsed.message is None else parsed.message
    text = dumps(message)
    # A character is at most four bytes: most texts are measured without encoding.
    if len(text) * 4 > limits.message and len(text.encode()) > limits.message:
        raise problems.too_large(limits.message, what="The message")
    return text


def _attachment(parsed: _Said, body: Body, limits: Limits) -> bytes:
    file = body.files.get("attachment")
    if parsed.attachment is None:
        return file or b""
    if file is not None:
        detail = "It is given twice."
        raise problems.invalid(detail, at="/attachment")
    return bodies.base64(parsed.attachment, limits.attachment, "/attachment")


def _ttl(parsed: _Said) -> timedelta | None:
    return None if parsed.ttl is None else timedelta(seconds=parsed.ttl)
