"""What a third party's request says, as one JSON value, whatever it came as."""

from codecs import BOM_UTF8
from contextlib import suppress
from typing import Final

from gateway.domain import cloud_events
from gateway.domain.arrivals import Arrival
from gateway.domain.charsets import decoded
from gateway.domain.errors import Invalid, MalformedJson, UnsupportedMediaType
from gateway.domain.forms import (
    MULTIPART,
    URLENCODED,
    fields_of,
    is_text,
    parted_fields_of,
)
from gateway.domain.json_text import loads
from gateway.domain.model import Preset
from gateway.domain.presets import meshagent, slack

MAX_DEPTH: Final = 100  # Far below where writing it again would fail.

# What is JSON if it is anything; a form comes this far only if it looks like it.
_JSON: Final = frozenset({"", "application/json", URLENCODED, MULTIPART})
_NESTING: Final = (dict, list)
_IN_A_FIELD: Final = frozenset({Preset.GITHUB, Preset.SLACK})
_IN_A_HEADER: Final = frozenset({Preset.MESHAGENT, Preset.JSON})


def payload_of(arrival: Arrival, preset: Preset) -> object:
    """Return what a request says.

    JSON as it is, whatever Content-Type says of it; a form's fields as an object, or
    the JSON in its field `payload`; the query of a GET, and of a POST without a body,
    as an object. A name that comes several times has an array. In a multipart form a
    file is its `filename`, `content_type` and `size`, and a part that says that it is
    JSON is that. Other text is `{"text": …}`, where the preset asks for nothing in
    particular. A CloudEvent is in its JSON format, and a batch of them an array,
    whichever HTTP mode they came in. MeshAgent may say its JSON in a header.

    Raises:
        MalformedJson: Not JSON in UTF-8, or numbers, text and nesting that cannot be
            said again.
        UnsupportedMediaType: Compressed, in a charset that is not read, or neither
            JSON nor text.
        Invalid: A form that cannot be read, no CloudEvent or no event of MeshAgent's
            where there should be one, or nothing to say for a Slack-compatible source.
    """
    payload = _payload(arrival, preset)
    _refuse_deep(payload)
    if preset is Preset.SLACK:
        slack.check(payload)
    if preset is Preset.MESHAGENT and not isinstance(payload, dict):
        message = "What MeshAgent tells is an object."
        raise Invalid(message)
    return payload


def _payload(arrival: Arrival, preset: Preset) -> object:
    encoding = arrival.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        message = "Send the body as it is, without Content-Encoding."
        raise UnsupportedMediaType(message)
    if preset in _IN_A_HEADER and meshagent.is_in_a_header(arrival):
        return loads(meshagent.content(arrival))
    kind = _content_type(arrival).partition(";")[0].strip()
    if arrival.method == "GET" or not (arrival.body or kind or _is_event(arrival)):
        return fields_of(arrival.query)
    if preset is Preset.CLOUDEVENTS:
        return cloud_events.payload_of(arrival, kind)
    return _told(arrival, kind, preset)


def _told(arrival: Arrival, kind: str, preset: Preset) -> object:
    """Return what a body says that is none of a CloudEvent."""
    if kind in {URLENCODED, MULTIPART} and not _is_json(arrival.body):
        return _unwrapped(_form(arrival, kind), preset)
    text = _text(arrival, kind)
    try:
        return loads(text)
    except MalformedJson as error:
        return _other(text, kind, preset, error)


def _is_event(arrival: Arrival) -> bool:
    """Whether it may be a CloudEvent without data, all of it in headers."""
    return "ce-specversion" in arrival.headers


def _other(text: str, kind: str, preset: Preset, error: MalformedJson) -> object:
    """Return text that is no JSON, if it may be said; else refuse it."""
    if preset is Preset.JSON and is_text(kind) and text.strip():
        return {"text": text}
    if kind in _JSON or kind.endswith("+json"):
        raise error
    message = f"Send application/json; {kind[:100]} is not read here."
    raise UnsupportedMediaType(message) from error


def _is_json(body: bytes) -> bool:
    """Whether it may be JSON that only says that it is a form, as with `curl -d`."""
    return body[:100].removeprefix(BOM_UTF8).lstrip()[:1] in {b"{", b"["}


def _text(arrival: Arrival, kind: str) -> str:
    try:
        return decoded(arrival.body, _content_type(arrival))
    except UnicodeDecodeError as error:
        if kind not in {"", URLENCODED, "application/json"} and not is_text(kind):
            message = f"Send application/json; {kind[:100]} is not read here."
            raise UnsupportedMediaType(message) from error
        message = f"The body is not text in its charset at byte {error.start}."
        raise MalformedJson(message) from error


def _content_type(arrival: Arrival) -> str:
    return arrival.headers.get("content-type", "").lower()


def _form(arrival: Arrival, kind: str) -> dict[str, object]:
    if kind == URLENCODED:
        return fields_of(_text(arrival, kind), _content_type(arrival))
    # The boundary is in there, and its case counts.
    return parted_fields_of(arrival.body, arrival.headers["content-type"])


def _unwrapped(fields: dict[str, object], preset: Preset) -> object:
    """Return the JSON in the field `payload`, if it is there for that."""
    inner = fields.get("payload")
    is_promised = preset in _IN_A_FIELD
    if isinstance(inner, dict) and (is_promised or len(fields) == 1):
        return inner
    if isinstance(inner, str) and is_promised:
        return loads(inner)
    if isinstance(inner, str) and len(fields) == 1 and inner.lstrip()[:1] == "{":
        with suppress(MalformedJson):
            return loads(inner)
    return fields


def _refuse_deep(payload: object) -> None:
    """Refuse what could be parsed here and might not be written elsewhere."""
    # Every value is looked at, so cheaply: what parsing makes has no subclasses.
    level: list[dict[str, object] | list[object]] = []
    if isinstance(payload, _NESTING):
        level.append(payload)
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return
    message = f"The body is nested deeper than {MAX_DEPTH} levels."
    raise MalformedJson(message)
