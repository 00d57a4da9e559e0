"""Messages as rows and back."""

import json
from datetime import timedelta
from typing import Any

import orjson

from gateway.domain.model import (
    Address,
    AddressKind,
    Attachment,
    IncomingMessage,
    Match,
    MessageError,
    MessageStatus,
    OnUnknown,
    OutgoingMessage,
    Recipient,
    Sender,
    WaitingFor,
)
from gateway.domain.model.messages import ERASED
from gateway.storage.rows import Row, Values, dumps, micros, moment_of, span
from gateway.storage.step_rows import steps_of, steps_text

SEPARATOR = "\x1f"  # Between names in `message.names`.

COMMON = (
    "position", "id", "direction", "room", "type", "body", "created_at",
    "attachment_size", "attachment_sha256", "event_id", "key_id", "traceparent",
)  # fmt: skip
IN = (*COMMON, "seq", "from_id", "from_name", "from_role")
OUT = (
    *COMMON, "status", "waiting_for", "addresses", "names", "match",
    "await_recipient", "on_unknown", "ref", "ttl", "expires_at", "recipients",
    "present", "error", "resent", "steps",
)  # fmt: skip
MESSAGE = (*IN, *OUT[len(COMMON) :])
CHANGED = (
    "event_id", "status", "waiting_for", "names", "expires_at", "recipients",
    "present", "error", "resent", "steps",
)  # fmt: skip  # In the order of the table, which is that of the statement.


def row_of_incoming(message: IncomingMessage, position: int, seq: int) -> Row:
    """Return a received message in the order of `IN`."""
    attachment = message.attachment
    return (
        position,
        message.id,
        "in",
        message.room,
        message.type,
        message.body,
        micros(message.created_at),
        None if attachment is None else attachment.size,
        None if attachment is None else attachment.sha256,
        message.event_id,
        None,
        None,
        seq,
        message.sender.id,
        message.sender.name,
        message.sender.role,
    )


def row_of_outgoing(message: OutgoingMessage, position: int) -> Row:
    """Return an outgoing message in the order of `OUT`."""
    attachment = message.attachment
    return (
        position,
        message.id,
        "out",
        message.room,
        message.type,
        message.body,
        micros(message.created_at),
        None if attachment is None else attachment.size,
        None if attachment is None else attachment.sha256,
        message.event_id,
        message.key_id,
        message.traceparent,
        message.status.value,
        message.waiting_for,
        None
        if message.to is None
        else _text([_address(address) for address in message.to]),
        _names(message),
        message.match.value,
        message.await_recipient,
        message.on_unknown.value,
        message.ref,
        span(message.ttl),
        micros(message.expires_at),
        _recipients(message.recipients),
        message.present,
        None if message.error is None else _text(_error(message.error)),
        message.resent,
        steps_text(message.steps, message.recipients),
    )


def row_of_change(message: OutgoingMessage) -> Row:
    """Return what changes in a message's life in the order of `CHANGED`, and its id."""
    return (
        message.event_id,
        message.status.value,
        message.waiting_for,
        _names(message),
        micros(message.expires_at),
        _recipients(message.recipients),
        message.present,
        None if message.error is None else _text(_error(message.error)),
        message.resent,
        steps_text(message.steps, message.recipients),
        message.id,
    )


def message_of(values: Values) -> IncomingMessage | OutgoingMessage:
    """Return the message of a row in the order of `MESSAGE`."""
    if values[2] == "in":
        return _incoming_of(values)
    return outgoing_of((*values[: len(COMMON)], *values[len(IN) :]))


def _incoming_of(values: Values) -> IncomingMessage:
    (_, message_id, _, room, kind, body, created_at, size, sha256, event_id) = values[
        :10
    ]
    seq, from_id, from_name, from_role = values[len(COMMON) : len(IN)]
    return IncomingMessage(
        id=message_id,
        room=room,
        type=kind,
        body=ERASED if body is None else body,
        sender=Sender(from_id, from_name, from_role),
        created_at=moment_of(created_at),
        attachment=None if size is None else Attachment(size, sha256),
        event_id=event_id,
        seq=seq,
    )


def outgoing_of(values: Values) -> OutgoingMessage:
    """Return the message of a row in the order of `OUT`."""
    row = dict(zip(OUT, values, strict=True))
    recipients = _recipients_of(row["recipients"])
    size = row["attachment_size"]
    waiting_for = row["waiting_for"]
    return OutgoingMessage(
        id=row["id"],
        room=row["room"],
        type=row["type"],
        body=ERASED if row["body"] is None else row["body"],
        to=_addresses_of(row["addresses"]),
        created_at=moment_of(row["created_at"]),
        ttl=timedelta(microseconds=row["ttl"]),
        expires_at=moment_of(row["expires_at"]),
        status=MessageStatus(row["status"]),
        waiting_for=None if waiting_for is None else WaitingFor(waiting_for),
        match=Match(row["match"]),
        await_recipient=bool(row["await_recipient"]),
        on_unknown=OnUnknown(row["on_unknown"]),
        ref=row["ref"],
        attachment=None if size is None else Attachment(size, row["attachment_sha256"]),
        recipients=recipients,
        present=row["present"],
        error=_error_of(None if row["error"] is None else json.loads(row["error"])),
        resent=bool(row["resent"]),
        position=row["position"],
        key_id=row["key_id"],
        traceparent=row["traceparent"],
        event_id=row["event_id"],
        steps=steps_of(row["steps"], recipients),
    )


def _text(parts: list[Any]) -> str:
    """Return lists of texts and whole numbers as what `dumps` makes of them, sooner."""
    try:
        return orjson.dumps(parts).decode()
    except orjson.JSONEncodeError:  # A lone surrogate, an integer beyond 64 bits.
        return dumps(parts)


def _names(message: OutgoingMessage) -> str | None:
    if message.to is None:
        return None
    if len(message.to) == len(message.recipients) == 1:  # as with nearly all
        name, known = message.to[0].value, message.recipients[0].name
        if known is None or known == name:
            return f"{SEPARATOR}{name}{SEPARATOR}"
    names = [address.value for address in message.to]
    names += [one.name for one in message.recipients if one.name is not None]
    return SEPARATOR + SEPARATOR.join(dict.fromkeys(names)) + SEPARATOR


def _addresses_of(text: str | None) -> tuple[Address, ...] | None:
    if text is None:
        return None
    return tuple(
        Address(AddressKind(kind), *values) for kind, *values in json.loads(text)
    )


def _address(address: Address) -> list[str | None]:
    """Return an address; only a sender's has more than its kind and value."""
    shown: list[str | None] = [address.kind.value, address.value]
    if address.kind is AddressKind.SENDER:
        shown += [address.name, address.role]
    return shown


def _recipients(recipients: tuple[Recipient, ...]) -> str:
    if not recipients:
        return "[]"
    return _text(
        [
            [
                one.to,
                one.name,
                one.participant_id,
                one.status.value,
                one.attempts,
                None if one.error is None else _error(one.error),
            ]
            for one in recipients
        ]
    )


def _recipients_of(text: str) -> tuple[Recipient, ...]:
    return tuple(
        Recipient(
            to, name, participant_id, MessageStatus(status), attempts, _error_of(error)
        )
        for to, name, participant_id, status, attempts, error in json.loads(text)
    )


def _error(error: MessageError) -> list[object]:
    return [error.code, error.text, error.upstream_code]


def _error_of(parts: Values | None) -> MessageError | None:
    return None if parts is None else MessageError(*parts)
