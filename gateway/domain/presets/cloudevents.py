"""What a CloudEvent, or a batch of them, says."""

import json
from typing import Final

from gateway.domain.presets.reading import a_line, an_object, at, cut, without_nothing

MAX_EVENTS: Final = 10
MAX_TEXT: Final = 4_000

_EXCERPT: Final = 300  # Characters of the data.


def said(payload: object) -> str:
    """Return type, source and subject of an event, and the beginning of its data.

    Text stands behind `> `; of binary data it is told how much there is. Of a batch of
    several each of the first ten, a line each.
    """
    if isinstance(payload, list) and len(payload) == 1:
        payload = payload[0]
    if not isinstance(payload, list):
        lines = [_head(payload), _data(payload)]
        return cut("\n".join(line for line in lines if line), MAX_TEXT)
    lines = [f"{len(payload)} events"]
    lines += [_head(event) for event in payload[:MAX_EVENTS]]
    if len(payload) > MAX_EVENTS:
        lines.append(f"and {len(payload) - MAX_EVENTS} more")
    return cut("\n".join(lines), MAX_TEXT)


def facts(payload: object) -> dict[str, object]:
    """Return the attributes and the data of an event, or the events of a batch."""
    if isinstance(payload, list):
        return {"events": payload}
    event = an_object(payload)
    named = {"event": a_line(event.get("type"))}
    names = ("id", "source", "subject", "time", "datacontenttype")
    named |= {name: a_line(event.get(name), 1_000) for name in names}
    data = {name: event[name] for name in ("data", "data_base64") if name in event}
    return {**without_nothing({**named}), **data}


def excerpt(data: object, limit: int = _EXCERPT) -> str:
    """Return the beginning of a JSON value as one line."""
    if data is None:
        return ""
    return a_line(data if isinstance(data, str) else _written(data), limit)


def _data(event: object) -> str:
    data, encoded = at(event, "data"), at(event, "data_base64")
    if isinstance(data, str):
        told = excerpt(data)
        return f"> {told}" if told else ""
    if data is not None or not isinstance(encoded, str) or not encoded:
        return excerpt(data)
    size = len(encoded) * 3 // 4 - encoded[-2:].count("=")
    kind = a_line(at(event, "datacontenttype"), 80) or "data"
    return f"{size:,} bytes of {kind}"


def _written(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(", ", ": "))


def _head(event: object) -> str:
    kind = a_line(at(event, "type")) or "event"
    source, subject = a_line(at(event, "source")), a_line(at(event, "subject"))
    line = f"{kind} from {source}" if source else kind
    return f"{line}: {subject}" if subject else line
