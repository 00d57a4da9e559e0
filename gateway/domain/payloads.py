"""What a third party's request says, as one JSON value, whatever it came as."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qsl

from gateway.domain import cloud_events
from gateway.domain.arrivals import Arrival
from gateway.domain.errors import Invalid, MalformedJson, UnsupportedMediaType
from gateway.domain.json_text import loads
from gateway.domain.model import Preset
from gateway.domain.presets import slack

MAX_DEPTH: Final = 100  # Far below where writing it again would fail.
MAX_FIELDS: Final = 1_000

_NESTING: Final = (dict, list)
_FORM: Final = "application/x-www-form-urlencoded"
_IN_A_FIELD: Final = frozenset({Preset.GITHUB, Preset.SLACK})
_CHARSETS: Final[Mapping[str, str]] = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "utf-8-sig",
    "ascii": "utf-8-sig",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}
_CHARSET: Final = re.compile(r'charset\s*=\s*"?([\w.:-]{1,40})', re.ASCII)


def payload_of(arrival: Arrival, preset: Preset) -> object:
    """Return what a request says.

    JSON as it is, whatever Content-Type says of it; a form's fields as an object, or
    the JSON in its field `payload`; the query of a GET, and of a POST without a body,
    as an object. A name that comes several times has an array. Other text is
    `{"text": …}`, where the preset asks for nothing in particular. A CloudEvent is in
    its JSON format, and a batch of them an array, whichever HTTP mode they came in.

    Raises:
        MalformedJson: Not JSON in UTF-8, or numbers, text and nesting that cannot be
            said again.
        UnsupportedMediaType: Compressed, in a charset that is not read, or neither
            JSON nor text.
        Invalid: A form that cannot be read, no CloudEvent where there should be one,
            or nothing to say for a Slack-compatible source.
    """
    payload = _payload(arrival, preset)
    _refuse_deep(payload)
    if preset is Preset.SLACK:
        slack.check(payload)
    return payload


def _payload(arrival: Arrival, preset: Preset) -> object:
    encoding = arrival.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        message = "Send the body as it is, without Content-Encoding."
        raise UnsupportedMediaType(message)
    content_type = arrival.headers.get("content-type", "").lower()
    kind = content_type.partition(";")[0].strip()
    if arrival.method == "GET" or not (arrival.body or kind or _is_event(arrival)):
        return _fields(arrival.query)
    if preset is Preset.CLOUDEVENTS:
        return cloud_events.payload_of(arrival, kind)
    text = _decoded(arrival.body, content_type, kind)
    if kind == _FORM:
        return _form(text, preset)
    try:
        return loads(text)
    except MalformedJson as error:
        return _other(text, kind, preset, error)


def _is_event(arrival: Arrival) -> bool:
    """Whether it may be a CloudEvent without data, all of it in headers."""
    return "ce-specversion" in arrival.headers


def _other(text: str, kind: str, preset: Preset, error: MalformedJson) -> object:
    """Return text that is no JSON, if it may be said; else refuse it."""
    if preset is Preset.JSON and _is_text(kind) and text.strip():
        return {"text": text}
    if kind in {"", "application/json"} or kind.endswith("+json"):
        raise error
    message = f"Send application/json; {kind[:100]} is not read here."
    raise UnsupportedMediaType(message) from error


def _is_text(kind: str) -> bool:
    return (
        kind.startswith("text/") or kind == "application/xml" or kind.endswith("+xml")
    )


def _decoded(body: bytes, content_type: str, kind: str) -> str:
    found = _CHARSET.search(content_type)
    name = _CHARSETS.get(found[1] if found else "utf-8")
    if name is None:
        message = "This charset is not read here; send the body in UTF-8."
        raise UnsupportedMediaType(message)
    try:
        return body.decode(name)
    except UnicodeDecodeError as error:
        if kind not in {"", _FORM, "application/json"} and not _is_text(kind):
            message = f"Send application/json; {kind[:100]} is not read here."
            raise UnsupportedMediaType(message) from error
        message = f"The body is not text in its charset at byte {error.start}."
        raise MalformedJson(message) from error


def _form(text: str, preset: Preset) -> object:
    if text.lstrip()[:1] in {"{", "["}:  # `curl -d '{…}'` says that it is a form.
        return loads(text)
    fields = _fields(text)
    inner = fields.get("payload")
    if isinstance(inner, str) and preset in _IN_A_FIELD:
        return loads(inner)
    if isinstance(inner, str) and len(fields) == 1 and inner.lstrip()[:1] == "{":
        with suppress(MalformedJson):
            return loads(inner)
    return fields


def _fields(text: str) -> dict[str, object]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        message = (
            "The fields cannot be read: they should be UTF-8, percent-encoded, and at"
            f" most {MAX_FIELDS}."
        )
        raise Invalid(message) from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return {
        name: values[0] if len(values) == 1 else values
        for name, values in fields.items()
    }


def _refuse_deep(payload: object) -> None:
    """Refuse what could be parsed here and might not be written elsewhere."""
    level = [payload] if isinstance(payload, _NESTING) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, _NESTING)
        ]
        if not level:
            return
    message = f"The body is nested deeper than {MAX_DEPTH} levels."
    raise MalformedJson(message)
