"""What a third party's request says, as one JSON value, whatever it came as."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qsl

from gateway.domain import cloud_events, multipart
from gateway.domain.arrivals import Arrival
from gateway.domain.errors import Invalid, MalformedJson, UnsupportedMediaType
from gateway.domain.json_text import loads
from gateway.domain.model import Preset
from gateway.domain.multipart import Part
from gateway.domain.presets import meshagent, slack

MAX_DEPTH: Final = 100  # Far below where writing it again would fail.
MAX_FIELDS: Final = 1_000

_NESTING: Final = (dict, list)
_FORM: Final = "application/x-www-form-urlencoded"
_IN_A_FIELD: Final = frozenset({Preset.GITHUB, Preset.SLACK})
_IN_A_HEADER: Final = frozenset({Preset.MESHAGENT, Preset.JSON})
_OPENINGS: Final = frozenset({"{", "["})
_CHARSETS: Final[Mapping[str, str]] = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "utf-8-sig",
    "ascii": "utf-8-sig",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
    # Of mail, which is made into forms.
    "iso-8859-2": "iso8859-2",
    "iso-8859-15": "iso8859-15",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "koi8-r": "koi8-r",
    "shift_jis": "cp932",
    "iso-2022-jp": "iso2022_jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
    "euc-kr": "euc_kr",
}
_CHARSET: Final = re.compile(r'charset\s*=\s*"?([\w.:-]{1,40})', re.ASCII)


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
    content_type = arrival.headers.get("content-type", "").lower()
    kind = content_type.partition(";")[0].strip()
    if arrival.method == "GET" or not (arrival.body or kind or _is_event(arrival)):
        return _fields(arrival.query)
    if preset is Preset.CLOUDEVENTS:
        return cloud_events.payload_of(arrival, kind)
    if kind == multipart.MEDIA_TYPE and not _is_json(arrival.body):
        return _parted(arrival, preset)
    return _text(_decoded(arrival.body, content_type, kind), kind, preset)


def _text(text: str, kind: str, preset: Preset) -> object:
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


def _is_json(body: bytes) -> bool:
    """Whether it may be JSON that only says that it is a form."""
    return body[:100].lstrip()[:1] in {b"{", b"["}


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
    if text.lstrip()[:1] in _OPENINGS:  # `curl -d '{…}'` says that it is a form.
        return loads(text)
    return _unwrapped(_fields(text), preset)


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


def _parted(arrival: Arrival, preset: Preset) -> object:
    content_type = arrival.headers["content-type"]
    parts = multipart.parts_of(arrival.body, content_type, MAX_FIELDS)
    charsets = _charsets(parts)
    told = ((part.name, _said(part, charsets.get(part.name))) for part in parts)
    return _unwrapped(_gathered(told), preset)


def _charsets(parts: Iterable[Part]) -> Mapping[str, object]:
    """Return the charsets of fields that mail was made to, by their names.

    Source: SendGrid, "Inbound Email Parse Webhook": the field `charsets`.
    """
    for part in parts:
        if part.name == "charsets" and part.filename is None:
            with suppress(MalformedJson):
                found = loads(part.content)
                return found if isinstance(found, dict) else {}
    return {}


def _said(part: Part, charset: object) -> object:
    """Return what a part says; of what is no text, what it is."""
    known = {"content_type": part.content_type or "text/plain", "size": part.size}
    if part.filename is not None:
        return {"filename": part.filename, **known}
    kind = part.content_type.partition(";")[0].strip()
    if kind == "application/json" or kind.endswith("+json"):
        return loads(part.content)
    stated = part.content_type
    if isinstance(charset, str) and charset.lower() in _CHARSETS:
        stated = f"{stated}; charset={charset.lower()}"
    try:
        return _decoded(part.content, stated, "")
    except MalformedJson as error:
        if kind and not _is_text(kind):
            return known
        message = f"The field {part.name[:100]} is not text in its charset."
        raise Invalid(message) from error


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
    return _gathered(pairs)


def _gathered(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Return an object of fields; one that came several times has an array."""
    fields: dict[str, list[object]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return {
        name: values[0] if len(values) == 1 else values
        for name, values in fields.items()
    }


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
