"""Which requests of third parties nobody needs any more."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, select, update

from gateway.domain.model import InboundState
from gateway.storage.kept import Kept
from gateway.storage.tables import inbound, source

_age = inbound.c.received_at
_IS_SETTLED = inbound.c.state != InboundState.ACCEPTED.value
_HAS_CONTENT = inbound.c.headers.is_not(None)


def requests(old: int, repeatable: int) -> Kept:
    """Return requests that go with all that is known of them.

    One with an identity is known for longer, so that a repeat is told from it.

    Args:
        old: Those from before that may go.
        repeatable: Those with an identity must be from before that, too.
    """
    is_forgotten = inbound.c.identity.is_(None) | (_age < repeatable)
    is_over = (_age < old) & _is_done() & is_forgotten
    return Kept(inbound.c.position, _age, old, is_over, _drop)


def contents(old: int, repeatable: int) -> Kept:
    """Return requests of which nothing stays but that they came; see `requests`."""
    is_over = (_age < old) & (_age >= repeatable) & _is_done() & _HAS_CONTENT
    return Kept(inbound.c.position, _age, old, is_over, _empty)


def cut_after(reach: int, connection: Connection) -> int | None:
    """Return when the request behind so many of the oldest came; `None` without one.

    Those that wait, or are empty already, are not counted.
    """
    oldest = select(_age).where(_HAS_CONTENT, _IS_SETTLED).order_by(inbound.c.position)
    return connection.execute(oldest.offset(reach).limit(1)).scalar_one_or_none()


def _is_done() -> ColumnElement[bool]:
    """Whether nothing more becomes of it: its source may be gone for good."""
    return _IS_SETTLED | ~exists().where(source.c.id == inbound.c.source_id)


def _drop(connection: Connection, kept: Kept, keys: Sequence[Any]) -> Sequence[int]:
    gone = delete(inbound).where(kept.key.in_(keys), kept.is_over)
    return connection.execute(gone.returning(inbound.c.position)).scalars().all()


def _empty(connection: Connection, kept: Kept, keys: Sequence[Any]) -> Sequence[int]:
    emptied = update(inbound).where(kept.key.in_(keys), kept.is_over)
    nothing = emptied.values(headers=None, query="", body=None)
    return connection.execute(nothing.returning(inbound.c.position)).scalars().all()
