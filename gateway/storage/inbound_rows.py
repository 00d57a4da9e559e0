"""Requests of third parties as rows and back."""

import hashlib
import json
from typing import Any, Final

from sqlalchemy import RowMapping

from gateway.domain.model import Inbound, InboundState
from gateway.storage import tables
from gateway.storage.rows import Row, dumps, micros, moment_of

INLINE_BYTES: Final = 65_536  # The largest body that is in the row itself.
IDENTITY_LENGTH: Final = 200  # Longer ones do not fit in an index of PostgreSQL.

INBOUND = tuple(column.name for column in tables.inbound.columns)
LISTED = tuple(name for name in INBOUND if name != "body")
CHANGED = ("state", "message_id", "reason")


def row_of_inbound(inbound: Inbound, position: int) -> Row:
    """Return a request in the order of `INBOUND`; a large body is not in it."""
    return (
        position,
        inbound.id,
        inbound.source_id,
        micros(inbound.received_at),
        inbound.state.value,
        len(inbound.body),
        identity_of(inbound),
        inbound.message_id,
        _plain(inbound.reason),
        inbound.replay_of,
        inbound.key_id,
        inbound.traceparent,
        inbound.method,
        _plain(inbound.query),
        dumps({name: _plain(value) for name, value in inbound.headers.items()}),
        None if is_large(inbound) else inbound.body,
    )


def row_of_settled(inbound: Inbound) -> Row:
    """Return a request's state in the order of `CHANGED`, and its id."""
    return (
        inbound.state.value,
        inbound.message_id,
        _plain(inbound.reason),
        inbound.id,
    )


def is_large(inbound: Inbound) -> bool:
    """Say whether a request's body is stored in rows of its own."""
    return len(inbound.body) > INLINE_BYTES


def identity_of(inbound: Inbound) -> str | None:
    """Return the identity as it is kept: a digest of one that is long or odd."""
    identity = inbound.identity
    if identity is None or (
        len(identity) <= IDENTITY_LENGTH and identity.isprintable()
    ):
        return identity
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256:{digest}"


def inbound_of(row: RowMapping, body: bytes = b"") -> Inbound:
    """Return the request of a row with the columns of `LISTED`."""
    headers: dict[str, Any] = json.loads(row["headers"] or "{}")
    return Inbound(
        id=row["id"],
        source_id=row["source_id"],
        received_at=moment_of(row["received_at"]),
        method=row["method"],
        query=row["query"],
        headers=headers,
        body=body,
        identity=row["identity"],
        state=InboundState(row["state"]),
        message_id=row["message_id"],
        reason=row["reason"],
        replay_of=row["replay_of"],
        key_id=row["key_id"],
        traceparent=row["traceparent"],
        position=row["position"],
        size=row["size"],
    )


def _plain(text: str | None) -> str | None:
    """Return text that every database takes: without NUL and halves of characters."""
    return text and text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
