"""Rows that are kept for a time, and how those are found that are over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, func, select, true

STEP: Final = 1000  # Rows looked at together, and at most removed in one commit.
SOME: Final = 250  # Rows with indexes of their own, of one commit: nobody waits longer.


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of a table, oldest first, and which of them nobody needs any more.

    Attributes:
        key: Their order, which is that of their age but for clocks that were wrong.
        age: When they came to be.
        until: Only rows from before that may go.
        is_over: Which of them may go now.
        drop: Removes rows with their keys, unless they are needed again, and returns
            what tells which they were.
        most: How many go in one commit.
        among: Which rows are looked at at all.
    """

    key: Column[Any]
    age: Column[Any]
    until: int
    is_over: ColumnElement[bool]
    drop: Callable[[Connection, "Kept", Sequence[Any]], Sequence[Any]]
    most: int = SOME
    among: ColumnElement[bool] = field(default_factory=true)


def look(
    kept: Kept, after: object, connection: Connection
) -> tuple[object, Sequence[Any]]:
    """Look at the next 1000 rows.

    Returns:
        The key of the last one, `None` if there is nothing more to look at; and the
        keys of those that are over.
    """
    looked_at = select(kept.key, kept.age).where(kept.among)
    stretch = looked_at.order_by(kept.key).limit(STEP)
    if after is not None:
        stretch = stretch.where(kept.key > after)
    rows = stretch.subquery()
    ends = select(func.max(rows.c[0]), func.min(rows.c[1]))
    last, oldest = connection.execute(ends).one()
    if last is None or oldest >= kept.until:
        return None, ()
    is_over = kept.among & kept.is_over
    over = select(kept.key).where(kept.key <= last, is_over).order_by(kept.key)
    if after is not None:
        over = over.where(kept.key > after)
    return last, connection.execute(over).scalars().all()
