"""Which requests of third parties nobody needs any more."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, exists, select, update

from gateway.domain.model import InboundState
from gateway.storage.inbound_rows import INLINE_BYTES
from gateway.storage.kept import Kept
from gateway.storage.tables import attachment, attachment_chunk, inbound, source

READ: Final = (InboundState.SAID.value, InboundState.FILTERED.value)
FEW: Final = 4  # Large bodies of one commit: each may have 400 rows of 64 KiB.
EMPTY_BYTES: Final = 600  # What is left of an emptied request takes, with its indexes.

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


def of_source(source_id: str, old: int) -> Kept:
    """Return what a source took in and nobody can look at any more: it was deleted."""
    mine = inbound.c.source_id == source_id
    is_over = (_age < old) & _IS_SETTLED
    return Kept(inbound.c.position, _age, old, is_over, _drop, among=mine)


def emptied(old: int) -> Kept:
    """Return requests that are known for nothing but to tell a repeat from them."""
    is_over = (_age < old) & _is_done()
    return Kept(inbound.c.position, _age, old, is_over, _drop, among=~_HAS_CONTENT)


def said(old: int) -> Sequence[Kept]:
    """Return requests that nobody has to read again, to be emptied at once.

    Those that were not said for another reason than the filter are kept for a replay.

    Args:
        old: Those from before that may go.
    """
    is_read = inbound.c.state.in_(READ) & _HAS_CONTENT
    is_small = inbound.c.size <= INLINE_BYTES
    position = inbound.c.position
    return (
        Kept(position, _age, old, _age < old, _empty, among=is_read & is_small),
        Kept(position, _age, old, _age < old, _erase, FEW, among=is_read & ~is_small),
    )


def cut_after(reach: int, connection: Connection) -> int | None:
    """Return when the request behind so many of the oldest came; `None` without one.

    Those that wait, or are empty already, are not counted.
    """
    oldest = select(_age).where(_HAS_CONTENT, _IS_SETTLED).order_by(inbound.c.position)
    return connection.execute(oldest.offset(reach).limit(1)).scalar_one_or_none()


def emptied_cut(most_bytes: int, connection: Connection) -> int | None:
    """Return when those emptied came that are too many for so many bytes.

    `None` if they are not: they came before that moment, the newest are left.
    """
    newest = select(_age).where(~_HAS_CONTENT).order_by(inbound.c.position.desc())
    some = newest.offset(most_bytes // EMPTY_BYTES).limit(1)
    return connection.execute(some).scalar_one_or_none()


def _is_done() -> ColumnElement[bool]:
    """Whether nothing more becomes of it: its source may be gone for good."""
    return _IS_SETTLED | ~exists().where(source.c.id == inbound.c.source_id)


def _drop(connection: Connection, kept: Kept, keys: Sequence[Any]) -> Sequence[int]:
    gone = delete(inbound).where(kept.key.in_(keys), kept.is_over)
    return connection.execute(gone.returning(inbound.c.position)).scalars().all()


def _empty(connection: Connection, kept: Kept, keys: Sequence[Any]) -> Sequence[int]:
    is_over = kept.among & kept.is_over
    emptied = update(inbound).where(kept.key.in_(keys), is_over)
    nothing = emptied.values(headers=None, query="", body=None)
    return connection.execute(nothing.returning(inbound.c.position)).scalars().all()


def _erase(connection: Connection, kept: Kept, keys: Sequence[Any]) -> Sequence[int]:
    """Empty requests with their bodies, which are in rows of their own."""
    positions = _empty(connection, kept, keys)
    ids = select(inbound.c.id).where(inbound.c.position.in_(positions))
    for table in (attachment_chunk, attachment):
        connection.execute(delete(table).where(table.c.message_id.in_(ids)))
    return positions
