"""An event as a line for a person."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from gateway.cli.calling import printable

if TYPE_CHECKING:
    from rich.text import Text

Part = tuple[str, str]  # text, and its style in rich's words
Members = Mapping[str, object]

DIM: Final = "dim"
NAME: Final = "bold"
PLAIN: Final = ""
GOOD: Final = "green"
WARNING: Final = "yellow"
WRONG: Final = "red"
_MESSAGE_STYLES: Final = {"message.sent": PLAIN, "message.failed": WRONG}
_ROOM_WORDS: Final = {
    "room.connected": ("connected", GOOD),
    "room.disconnected": ("disconnected: {reason}", WARNING),
    "room.gap": ("gap: nobody told us what was said from {from} to {to}", WARNING),
    "room.messaging_disabled": ("messaging is disabled", WARNING),
    "room.duplicate_gateway": ("another gateway uses our name", WARNING),
}
_FIELD: Final = re.compile(r"\{(\w+)\}")
_BREAKS: Final = re.compile(r"[\r\n\t\v\f\u2028\u2029]+")
_NOTHING: Final[Members] = {}


def plain(event: Members, today: date) -> str:
    """Return the line of an event without colours."""
    return "".join(text for text, _ in parts(event, today))


def coloured(event: Members, today: date) -> "Text":
    """Return the line of an event for a terminal."""
    from rich.text import Text  # noqa: PLC0415 - not for pipes

    return Text.assemble(*parts(event, today))


def parts(event: Members, today: date) -> list[Part]:
    """Return the line of an event in pieces of one style each.

    It is one line, whatever strangers wrote, and steers no terminal.

    Args:
        event: Its envelope.
        today: The present day here; times of another have their day.
    """
    kind, data = str(event.get("type")), _members(event, "data")
    found: list[Part] = [(_when(event.get("timestamp"), today), DIM)]
    if isinstance(event.get("room"), str):
        found.append((str(event["room"]), DIM))
    match kind.partition(".")[0]:
        case "message":
            found += _message(kind, data)
        case "participant":
            found += _participant(kind, data)
        case "room" if kind in _ROOM_WORDS:
            words, style = _ROOM_WORDS[kind]
            found.append((_filled(words, data), style))
        case "webhook":
            style = GOOD if kind == "webhook.recovered" else WARNING
            words = _filled("{webhook_id} {what}: {reason}", {**data, "what": kind})
            found.append((words, style))
        case "delivery":
            words = "delivery.dead: {delivery_id} to {webhook_id} is given up"
            found.append((_filled(words, data), WRONG))
        case _:
            found += [(kind, NAME), (_json(data), PLAIN)]
    spaced = [(f"{_clean(text)} ", style) for text, style in found[:-1]]
    return [*spaced, (_clean(found[-1][0]), found[-1][1])]


def _message(kind: str, data: Members) -> list[Part]:
    said = f"{data.get('type')}:"
    if kind == "message.received":
        return [(_name(data, "from"), NAME), (said, DIM), (_content(data), PLAIN)]
    found: list[Part] = [("→", DIM), (_recipients(data), NAME)]
    if kind != "message.sent":
        text = _members(data, "error").get("text")
        fate = kind.removeprefix("message.") + (f" ({text})" if text else "")
        found.append((fate, _MESSAGE_STYLES.get(kind, WARNING)))
    return [*found, (said, DIM), (_content(data), PLAIN)]


def _participant(kind: str, data: Members) -> list[Part]:
    name: Part = (_name(data, "participant"), NAME)
    if kind == "participant.updated":
        return [name, (f"changed {', '.join(_members(data, 'changed'))}", DIM)]
    return [name, (kind.removeprefix("participant."), DIM)]


def _content(data: Members) -> str:
    """Return what a message says: its text if that is all there is, else its JSON."""
    message, attachment = _members(data, "message"), _members(data, "attachment")
    text = message.get("text")
    is_text = isinstance(text, str) and len(message) == 1
    said = str(text) if is_text else _json(message)
    return f"{said} [+ {attachment.get('size')} bytes]" if attachment else said


def _recipients(data: Members) -> str:
    recipients = data.get("recipients")
    if not isinstance(recipients, list):
        return "everybody"
    each = ({"each": one} for one in recipients)
    return ", ".join(_name(one, "each") for one in each) or "nobody"


def _name(data: Members, member: str) -> str:
    one = _members(data, member)
    found = one.get("name") or one.get("id") or one.get("participant_id")
    return str(found or "somebody")


def _members(data: Members, name: str) -> Members:
    found = data.get(name)
    return found if isinstance(found, Mapping) else _NOTHING


def _when(timestamp: object, today: date) -> str:
    """Return a time as the clock here shows it."""
    try:
        at = datetime.fromisoformat(str(timestamp)).astimezone()
    except (ValueError, OverflowError):
        return str(timestamp)
    return f"{at:%H:%M:%S}" if at.date() == today else f"{at:%Y-%m-%d %H:%M:%S}"


def _filled(words: str, data: Members) -> str:
    return _FIELD.sub(lambda found: str(data.get(found[1])), words)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _clean(text: str) -> str:
    return printable(_BREAKS.sub(" ⏎ ", text))
