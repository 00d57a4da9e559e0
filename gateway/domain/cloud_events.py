"""CloudEvents as they come over HTTP: binary, structured and in batches.

Source: CloudEvents 1.0.2, "HTTP Protocol Binding" §3 and "JSON Event Format".
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from gateway.domain.arrivals import Arrival
from gateway.domain.errors import Invalid, MalformedJson, UnsupportedMediaType
from gateway.domain.json_text import loads

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"

_VERSION: Final = "1.0"
_NEEDED: Final = ("id", "source", "type")
_PREFIX: Final = "ce-"
_NAME: Final = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
# Those that the body and its Content-Type say.
_ELSEWHERE: Final = frozenset({"data", "datacontenttype"})
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")


def payload_of(arrival: Arrival, kind: str) -> object:
    """Return the event in its JSON format, or an array of those of a batch.

    An event in JSON is also known by itself, if its Content-Type says no more than
    that it is JSON.

    Args:
        arrival: The request.
        kind: Its media type, in lower case and without parameters.

    Raises:
        MalformedJson: Not JSON, where the Content-Type says that it is.
        UnsupportedMediaType: An event format other than JSON.
        Invalid: No CloudEvent of version 1.0.
    """
    if kind == BATCH:
        events = loads(arrival.body)
        if not isinstance(events, list):
            message = "A batch of CloudEvents is an array."
            raise Invalid(message)
        return [_checked(event) for event in events]
    if kind == STRUCTURED:
        return _checked(loads(arrival.body))
    if kind.startswith("application/cloudevents"):
        message = f"Send {STRUCTURED}, {BATCH}, or an event in binary mode."
        raise UnsupportedMediaType(message)
    if "ce-specversion" in arrival.headers:
        return _binary(arrival, kind)
    if kind in {"", "application/json"}:
        return _checked(loads(arrival.body))
    message = "There is no CloudEvent: no ce-specversion, and no Content-Type of one."
    raise Invalid(message)


def _checked(event: object) -> Mapping[str, object]:
    if not isinstance(event, dict):
        message = "A CloudEvent is a JSON object."
        raise Invalid(message)
    if event.get("specversion") != _VERSION:
        message = f"Only CloudEvents of specversion {_VERSION} are read here."
        raise Invalid(message)
    for name in _NEEDED:
        value = event.get(name)
        if not isinstance(value, str) or not value:
            message = f"A CloudEvent needs {name}, as text that is not empty."
            raise Invalid(message)
    return event


def _binary(arrival: Arrival, kind: str) -> Mapping[str, object]:
    event: dict[str, object] = {}
    for header, value in arrival.headers.items():
        if not header.startswith(_PREFIX):
            continue
        name = header.removeprefix(_PREFIX)
        if _NAME.fullmatch(name) and name not in _ELSEWHERE:
            event[name] = decoded(value)
    content_type = arrival.headers.get("content-type", "")
    if kind and not _CONTROL.search(content_type):
        event["datacontenttype"] = content_type
    if arrival.body:
        event.update(_data(arrival.body, kind))
    return _checked(event)


def _data(body: bytes, kind: str) -> Mapping[str, object]:
    # Without a Content-Type the data is JSON (JSON Event Format §2.4).
    if kind in {"", "application/json", "text/json"} or kind.endswith("+json"):
        try:
            return {"data": loads(body)}
        except MalformedJson:
            if kind:
                raise
    if not kind or kind.startswith("text/") or kind.endswith(("/xml", "+xml")):
        try:
            return {"data": body.decode()}
        except UnicodeDecodeError:
            pass
    return {"data_base64": b64encode(body).decode("ascii")}


def decoded(value: str) -> str:
    """Return what a header with an attribute in it says.

    It is UTF-8 in percent-encoding. Senders that know of neither, such as the library
    for JavaScript, write Latin-1 (RFC 9110 §5.5).

    Args:
        value: The header, each byte of it a character.

    Raises:
        Invalid: It is not UTF-8 once decoded, overlong forms among that, or has a
            control character.

    Source: "HTTP Protocol Binding" §3.1.3.2.
    """
    quoted = _QUOTED.fullmatch(value.strip(" \t"))
    if quoted is not None:
        value = _ESCAPED.sub(r"\1", quoted[1])
    try:
        text = _text(value.encode("latin-1"))
    except UnicodeError as error:
        message = "An attribute of the CloudEvent is not UTF-8 in percent-encoding."
        raise Invalid(message) from error
    if _CONTROL.search(text):
        message = "An attribute of the CloudEvent has a control character."
        raise Invalid(message)
    return text


def _text(raw: bytes) -> str:
    try:
        return _PERCENT.sub(lambda found: bytes([int(found[1], 16)]), raw).decode()
    except UnicodeDecodeError:
        if _PERCENT.search(raw):
            raise
        return raw.decode("latin-1")
