"""Events in the further forms that receivers ask for: flat, CloudEvents, variables.

An event is told by `Event` and its message; `None` for events not about a message, and
for a message no longer held. In every form:

- `attachment_url` of the arguments is where the attachment can be had. Only the
  envelope and CloudEvents can have the bytes themselves set in: for the others an
  address is needed for small attachments too, or there is none to be had.
- `reply_url` is where one answers the event, if links were asked for.
"""

import json
from collections.abc import Mapping
from urllib.parse import quote

from gateway.domain import rendering
from gateway.domain.model import Event, IncomingMessage, OutgoingMessage

CONTENT_TYPES: Mapping[str, str] = {
    "envelope": "application/json",
    "flat": "application/json",
    "cloudevents": "application/cloudevents+json; charset=utf-8",
}

_Message = IncomingMessage | OutgoingMessage


def flat_json(
    event: Event,
    message: _Message | None,
    *,
    attachment_url: str | None = None,
    reply_url: str | None = None,
    with_reply: bool = False,
) -> bytes:
    """Return an event without nesting, for tools that map fields; in UTF-8.

    What is absent is null, never missing. `from_…` is who said it: null for messages
    of ours, and the participant for events about one. `text` is the message's own
    `text` if that is a string. `message` is the message; for events not about one it
    is the event's `data`.

    Args:
        event: What happened.
        message: What it tells of.
        attachment_url: Where the attachment can be had, whatever its size.
        reply_url: Where one answers the event.
        with_reply: Whether there is a member `reply_url`, null without an address.
    """
    if message is not None:
        told = message.body
    else:
        told = "null" if event.message_id is not None else event.data or "{}"
    head = _head(event, message, None if told == "null" else json.loads(told))
    tail = _attachment(message, attachment_url)
    if with_reply:
        tail["reply_url"] = reply_url
    return rendering.utf8(f'{_dumps(head)[:-1]},"message":{told},{_dumps(tail)[1:]}')


def variables(
    event: Event,
    message: _Message | None,
    *,
    attachment_url: str | None = None,
    reply_url: str | None = None,
) -> dict[str, object]:
    """Return what a template can name.

    All members of the flat form, `reply_url` among them, `seq`, and `data` as in the
    envelope, with an attachment's address and never its bytes.
    """
    told = rendering.data_json(event, message, attachment_url=attachment_url)
    data = json.loads(told)
    if message is not None:
        content = data["message"]
    else:
        content = None if event.message_id is not None else data
    return {
        **_head(event, message, content),
        "message": content,
        **_attachment(message, attachment_url),
        "reply_url": reply_url,
        "seq": event.seq,
        "data": data,
    }


def cloudevents_json(
    event: Event,
    message: _Message | None,
    *,
    source: str = "",
    attachment: bytes | None = None,
    attachment_url: str | None = None,
    reply_url: str | None = None,
) -> bytes:
    """Return an event as a CloudEvent in structured mode, in UTF-8.

    `type` is the event's, after `meshagent.`; `subject` is the message's id, if it is
    about one; `data` is the envelope's. Extensions: `sequence`, the place in the log
    in 20 digits, so that it sorts as text, and `replyurl`.

    Args:
        event: What happened.
        message: What it tells of.
        source: Address of this gateway without a final slash. `/rooms/{room}`, or
            `/gateway` for what belongs to no room, is put behind it.
        attachment: The attachment's bytes, set in if they are few enough.
        attachment_url: Where the attachment can be had, used if the bytes are not.
        reply_url: Where one answers the event.

    Source: CloudEvents 1.0.2, §3 "Context Attributes" and "JSON Event Format" §3;
    extension "Sequence".
    """
    place = "gateway" if event.room is None else f"rooms/{_escaped(event.room)}"
    attributes: dict[str, object] = {
        "specversion": "1.0",
        "id": event.id,
        "source": f"{source}/{place}",
        "type": f"meshagent.{event.type.value}",
        "time": rendering.rfc3339(event.at),
        "datacontenttype": "application/json",
        "sequence": f"{event.seq:020}",
    }
    subject = _message_id(event, message)
    if subject is not None:
        attributes["subject"] = subject
    if reply_url is not None:
        attributes["replyurl"] = reply_url
    data = rendering.data_json(
        event, message, attachment=attachment, attachment_url=attachment_url
    )
    return rendering.utf8(f'{_dumps(attributes)[:-1]},"data":{data}}}')


def _head(event: Event, message: _Message | None, content: object) -> dict[str, object]:
    """Return the members before `message`, which is `content` when parsed."""
    sender = _from(event, message, content)
    text = content.get("text") if message and isinstance(content, dict) else None
    return {
        "id": event.id,
        "event": event.type.value,
        "room": event.room,
        "timestamp": rendering.rfc3339(event.at),
        "message_id": _message_id(event, message),
        "type": message.type if message is not None else event.message_type,
        "text": text if isinstance(text, str) else None,
        "from_id": sender.get("id"),
        "from_name": sender.get("name"),
        "from_role": sender.get("role"),
    }


def _attachment(message: _Message | None, url: str | None) -> dict[str, object]:
    if message is None or message.attachment is None:
        return {"attachment_url": None, "attachment_size": None}
    return {"attachment_url": url, "attachment_size": message.attachment.size}


def _from(
    event: Event, message: _Message | None, content: object
) -> Mapping[str, object]:
    if isinstance(message, IncomingMessage):
        sender = message.sender
        return {"id": sender.id, "name": sender.name, "role": sender.role}
    if message is not None:
        return {}
    participant = content.get("participant") if isinstance(content, dict) else None
    if isinstance(participant, dict):
        return participant
    return {"name": event.from_name}


def _message_id(event: Event, message: _Message | None) -> str | None:
    return event.message_id if message is None else message.id


def _escaped(room: str) -> str:
    return quote(room, safe="", errors="replace")


def _dumps(members: Mapping[str, object]) -> str:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))
