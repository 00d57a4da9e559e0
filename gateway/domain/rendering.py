"""Messages and events as the JSON that others read.

What users wrote (`body`, `data`) is set in as the text it is, never parsed again. An
event is rendered for each of its readers, thousands of times a second, hence text and
not trees of dicts.
"""

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring

from gateway.domain.model import (
    Attachment,
    Event,
    IncomingMessage,
    MessageError,
    OutgoingMessage,
    Recipient,
    Sender,
)
from gateway.domain.recipients import Present

INLINE_ATTACHMENT_BYTES = 65_536  # Larger attachments are linked, not sent along.


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_KEPT = 1024  # Most moments that are written lie in the last few seconds.


def rfc3339(moment: datetime) -> str:
    """Return an aware datetime as `2030-01-31T12:00:00.000Z`; microseconds are cut."""
    since = moment - _EPOCH
    second = _second(since.days, since.seconds)
    return f"{second}.{since.microseconds // 1000:03}Z"


def maybe_rfc3339(moment: datetime | None) -> str | None:
    """Return a time as JSON shows it, or `None` for none."""
    return None if moment is None else rfc3339(moment)


def rfc3339_micros(moment: datetime) -> str:
    """Return an aware datetime as `2030-01-31T12:00:00.000000Z`."""
    since = moment - _EPOCH
    return f"{_second(since.days, since.seconds)}.{since.microseconds:06}Z"


@lru_cache(_SECONDS_KEPT)
def _second(days: int, seconds: int) -> str:
    """Return a moment since 1970 to the second: that part takes the time."""
    moment = _EPOCH + timedelta(days=days, seconds=seconds)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def participant_object(one: Present) -> dict[str, object]:
    """Return a participant as every answer and every event shows it."""
    return {
        "id": one.id,
        "name": one.name,
        "role": one.role,
        "attributes": dict(one.attributes),
        "online": one.online,
        "since": rfc3339(one.since),
    }


def message_json(
    message: OutgoingMessage | IncomingMessage,
    *,
    next_retry_at: datetime | None = None,
) -> str:
    """Return a message as `GET /messages` shows it.

    Args:
        message: The message.
        next_retry_at: When the link to its room is tried again, if it is away.
    """
    attachment = _attachment(message.attachment)
    if isinstance(message, IncomingMessage):
        return (
            f"{_content(message, message.event_id, attachment)}"
            f',"from":{_sender(message.sender)},"seq":{message.seq}}}'
        )
    state = state_json(message, next_retry_at=next_retry_at)
    return f"{_content(message, message.event_id, attachment)},{state[1:]}"


def state_json(
    message: OutgoingMessage, *, next_retry_at: datetime | None = None
) -> str:
    """Return how far a message has come: the `data` of an event that tells of it."""
    return (
        f'{{"status":"{message.status.value}"'
        f',"waiting_for":{_text(message.waiting_for)}'
        f',"ref":{_text(message.ref)}'
        f",{_reach(message)}"
        f',"error":{_error(message.error)}'
        f',"expires_at":"{rfc3339(message.expires_at)}"'
        f',"next_retry_at":{_moment(next_retry_at)}'
        f',"key_id":{_text(message.key_id)}}}'
    )


def receipt_json(
    message: OutgoingMessage, *, next_retry_at: datetime | None = None
) -> str:
    """Return the answer to `POST /send` and `POST /broadcast`.

    A recipient, and the message as a whole, has an `error` only if there is one.

    Args:
        message: The message in the state it has reached.
        next_retry_at: When the link to its room is tried again, if it is away.
    """
    error = "" if message.error is None else f',"error":{_error(message.error)}'
    return (
        f'{{"id":{_text(message.id)}'
        f',"status":"{message.status.value}"'
        f',"waiting_for":{_text(message.waiting_for)}'
        f',"room":{_text(message.room)}'
        f',"type":{_text(message.type)}'
        f',"ref":{_text(message.ref)}'
        f",{_reach(message)}{error}"
        f',"created_at":"{rfc3339(message.created_at)}"'
        f',"expires_at":"{rfc3339(message.expires_at)}"'
        f',"next_retry_at":{_moment(next_retry_at)}}}'
    )


def envelope(
    event: Event,
    message: OutgoingMessage | IncomingMessage | None,
    *,
    attachment: bytes | None = None,
    attachment_url: str | None = None,
    reply_url: str | None = None,
) -> bytes:
    """Return an event as every reader gets it, in UTF-8.

    Args:
        event: What happened.
        message: What it tells of; `None` for events not about a message, and for a
            message no longer held, of which the id and the state remain.
        attachment: The attachment's bytes, set in if they are at most
            `INLINE_ATTACHMENT_BYTES`.
        attachment_url: Where the attachment can be had, used if the bytes are not.
        reply_url: Where one answers the event; the last member, absent if `None`.
    """
    data = data_json(
        event, message, attachment=attachment, attachment_url=attachment_url
    )
    reply = "" if reply_url is None else f',"reply_url":{_text(reply_url)}'
    return utf8(
        f'{{"v":1,"id":{_text(event.id)}'
        f',"seq":{event.seq}'
        f',"type":"{event.type.value}"'
        f',"room":{_text(event.room)}'
        f',"timestamp":"{rfc3339(event.at)}"'
        f',"data":{data}{reply}}}'
    )


def utf8(json_text: str) -> bytes:
    """Return JSON as it is sent, whatever its strings hold."""
    # A lone surrogate becomes its escape, \udXXX, which JSON allows in a string, the
    # only place where one can be.
    return json_text.encode("utf-8", "backslashreplace")


def data_json(
    event: Event,
    message: OutgoingMessage | IncomingMessage | None,
    *,
    attachment: bytes | None = None,
    attachment_url: str | None = None,
) -> str:
    """Return the `data` of an event; the arguments are those of `envelope`."""
    if message is None:
        if event.message_id is None:
            return event.data or "{}"
        return _join(f'{{"id":{_text(event.message_id)}', event.data)
    shown = _attachment(message.attachment, attachment, attachment_url)
    if isinstance(message, IncomingMessage):
        return (
            f'{{"id":{_text(message.id)}'
            f',"from":{_sender(message.sender)}'
            f',"type":{_text(message.type)}'
            f',"message":{message.body}'
            f',"attachment":{shown}}}'
        )
    return _join(_content(message, event.id, shown), event.data or state_json(message))


def _join(opened: str, members: str | None) -> str:
    """Close an object, after setting in the members of another."""
    if members is None or members == "{}":
        return f"{opened}}}"
    return f"{opened},{members[1:]}"


def _content(
    message: OutgoingMessage | IncomingMessage, event_id: str | None, attachment: str
) -> str:
    """Return what never changes of a message, as an object not yet closed."""
    direction = "in" if isinstance(message, IncomingMessage) else "out"
    return (
        f'{{"id":{_text(message.id)}'
        f',"direction":"{direction}"'
        f',"room":{_text(message.room)}'
        f',"type":{_text(message.type)}'
        f',"message":{message.body}'
        f',"attachment":{attachment}'
        f',"created_at":"{rfc3339(message.created_at)}"'
        f',"event_id":{_text(event_id)}'
    )


def _attachment(
    attachment: Attachment | None, data: bytes | None = None, url: str | None = None
) -> str:
    if attachment is None:
        return "null"
    facts = f'{{"size":{attachment.size},"sha256":{_text(attachment.sha256)}'
    if data is not None and len(data) <= INLINE_ATTACHMENT_BYTES:
        return f'{facts},"data":"{b64encode(data).decode("ascii")}"}}'
    if url is not None:
        return f'{facts},"url":{_text(url)}}}'
    return f"{facts}}}"


def _sender(sender: Sender) -> str:
    return (
        f'{{"id":{_text(sender.id)}'
        f',"name":{_text(sender.name)}'
        f',"role":{_text(sender.role)}}}'
    )


def _reach(message: OutgoingMessage) -> str:
    """Return whom it is for, as one member: `present` for a broadcast."""
    if message.is_broadcast:
        return f'"present":{_number(message.present)}'
    return f'"recipients":{_recipients(message.recipients)}'


def _recipients(recipients: Iterable[Recipient]) -> str:
    return f"[{','.join(_recipient(recipient) for recipient in recipients)}]"


def _recipient(recipient: Recipient) -> str:
    error = "" if recipient.error is None else f',"error":{_error(recipient.error)}'
    return (
        f'{{"name":{_text(recipient.name)}'
        f',"participant_id":{_text(recipient.participant_id)}'
        f',"status":"{recipient.status.value}"'
        f',"attempts":{recipient.attempts}{error}}}'
    )


def _error(error: MessageError | None) -> str:
    if error is None:
        return "null"
    return (
        f'{{"code":{_text(error.code)}'
        f',"upstream_code":{_number(error.upstream_code)}'
        f',"text":{_text(error.text)}}}'
    )


def _moment(moment: datetime | None) -> str:
    return "null" if moment is None else f'"{rfc3339(moment)}"'


def _number(number: int | None) -> str:
    return "null" if number is None else str(number)


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)
