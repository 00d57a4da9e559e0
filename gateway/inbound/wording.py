"""What is said of a request, as its source wants it said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from gateway.domain.arrivals import Arrival
from gateway.domain.errors import Rejected
from gateway.domain.filters import BadFilter, compile_filter
from gateway.domain.json_text import dumps_parsed
from gateway.domain.model import Inbound, Source
from gateway.domain.payloads import payload_of
from gateway.domain.presets import message_of, outline, text_of
from gateway.domain.rendering import rfc3339
from gateway.domain.templates import BadTemplate, TemplateFailed, stored_template

# What templates and filters call the request itself, beside the members of its JSON.
REQUEST: Final = "webhook"
EXCERPT_CHARACTERS: Final = 4_000
MOST_QUERY_FIELDS: Final = 1_000

_EVENT_HEADERS = ("x-github-event", "x-gitlab-event", "x-shopify-topic", "ce-type")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a room takes, in bytes.

    Attributes:
        message: The largest message object, as JSON.
        attachment: The largest attachment.
    """

    message: int = 256 * 1024
    attachment: int = 5 * 1024**2


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be said.

    Attributes:
        body: The message object as compact JSON text.
        attachment: What goes with it: the request's body, if that is too much to say.
    """

    body: str
    attachment: bytes = b""


@dataclass(frozen=True, slots=True)
class Filtered:
    """The source's filter does not let it pass."""

    reason: str = "the filter of the source is not true of it, or had too much work"


@dataclass(frozen=True, slots=True)
class Unsayable:
    """It could not be said; the sentence shows nothing of it."""

    reason: str


Wording = Said | Filtered | Unsayable


def arrival_of(inbound: Inbound) -> Arrival:
    """Return a stored request as it arrived, less what was redacted."""
    return Arrival(inbound.method, inbound.query, inbound.headers, inbound.body)


def worded(source: Source, inbound: Inbound, sizes: Sizes) -> Wording:
    """Return what is said of a request in a room that takes so much.

    Nothing is raised: what cannot be said is a value, too.
    """
    try:
        arrival = arrival_of(inbound)
        payload = payload_of(arrival, source.preset)
        named = source.filter or source.template is not None
        facts = variables(source, inbound, payload) if named else {}
        if source.filter and not compile_filter(source.filter).accepts(facts):
            return Filtered()
        if source.template is not None:
            template = stored_template(source.template, is_json=True)
            body = template.render(facts).decode()
        else:
            body = dumps_parsed(message_of(source.preset, arrival, payload))
        if _bytes(body) <= sizes.message:
            return Said(body)
        return _shortened(source, arrival, payload, sizes)
    except (BadFilter, BadTemplate, TemplateFailed) as error:
        return Unsayable(str(error))
    except Rejected as error:
        return Unsayable(error.detail)


def variables(
    source: Source, inbound: Inbound, payload: object
) -> Mapping[str, object]:
    """Return what templates and filters can name.

    That is the members of the request's JSON, or `value` if it is no object; and the
    request itself under `webhook`.
    """
    members = payload if isinstance(payload, Mapping) else {"value": payload}
    headers = inbound.headers
    fields = parse_qsl(inbound.query, keep_blank_values=True, max_num_fields=None)[
        :MOST_QUERY_FIELDS
    ]
    named = (headers[name] for name in _EVENT_HEADERS if name in headers)
    request = {
        "id": inbound.id,
        "source": source.name,
        "received_at": rfc3339(inbound.received_at),
        "method": inbound.method,
        "query": dict(fields),
        "headers": dict(headers),
        "event": next(named, None),
        "text": text_of(source.preset, arrival_of(inbound), payload),
        "body": payload,
    }
    return {**members, REQUEST: request}


def _shortened(source: Source, arrival: Arrival, payload: object, sizes: Sizes) -> Said:
    """Return what is said of what is too long: a text, and all of it attached."""
    text = text_of(source.preset, arrival, payload) or (
        f"{source.name}: {outline(payload)}"
    )
    if len(arrival.body) <= sizes.attachment:
        message = {"text": text[:EXCERPT_CHARACTERS], "attached": "body"}
        return Said(dumps_parsed(message), arrival.body)
    start = arrival.body[: 4 * EXCERPT_CHARACTERS].decode("utf-8", "replace")
    excerpt = start[:EXCERPT_CHARACTERS].replace("\0", "\ufffd")
    message = {"text": text[:EXCERPT_CHARACTERS], "excerpt": excerpt}
    return Said(dumps_parsed({**message, "size": len(arrival.body)}))


def _bytes(text: str) -> int:
    # Most are ASCII, which need not be encoded to be counted.
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
