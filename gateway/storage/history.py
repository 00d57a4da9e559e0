"""The log, for reading."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    func,
    or_,
    select,
)

from gateway.bridge.ports import Logged, Stretch
from gateway.domain.model import EventType
from gateway.domain.routing import Selection, is_subscribed
from gateway.storage.engine import Reader
from gateway.storage.following import Following
from gateway.storage.head import trimmed
from gateway.storage.message_rows import MESSAGE, message_of
from gateway.storage.rows import EVENT, columns, event_of, micros
from gateway.storage.tables import event, message

LOOK: Final = 5_000  # Places that one read looks at, however little of them is wanted.
LOOK_BACK: Final = 50_000
PART: Final = 200  # Rows that are fetched together: each may have 256 KiB.
MOST_BYTES: Final = 4_194_304  # of text in a stretch, but for its last part

END_OF_EVENT = len(EVENT)
BODY = END_OF_EVENT + MESSAGE.index("body")
DATA = EVENT.index("data")
ABOUT_MESSAGES = frozenset(kind for kind in EventType if kind.startswith("message."))

_ROWS = select(*columns(event, EVENT), *columns(message, MESSAGE)).outerjoin(
    message, message.c.id == event.c.message_id
)
_NEXT = (
    select(event.c.seq, event.c.at)
    .where(event.c.seq > bindparam("after"), event.c.seq <= bindparam("head"))
    .order_by(event.c.seq)
    .limit(1)
)


class History:
    """Satisfies the port of the same name.

    Nothing is read that lies beyond `head`: whoever follows has been told of what was
    read, and a place that was not committed when it was looked at is not passed over.

    Attributes:
        epoch: What tells this log from one that was recreated or restored.
    """

    def __init__(self, reader: Reader, following: Following, epoch: str) -> None:
        self._reader = reader
        self._following = following
        self.epoch = epoch

    @property
    def head(self) -> int:
        """The last place that is committed."""
        return self._following.head

    def follow(
        self,
        told: Callable[[Sequence[Logged]], None],
        forgotten: Callable[[Sequence[str]], None] | None = None,
    ) -> Callable[[], None]:
        """Have `told` called with what each commit appended, in order, without gap.

        Call what is returned to end that.
        """
        return self._following.add(told, forgotten)

    async def read(self, after: int, wanted: Selection, limit: int) -> Stretch:
        """Return at most `limit`, of at least 1, of what follows a place."""
        conditions, head = _conditions(wanted), self.head
        if conditions is None or after >= head:
            return Stretch((), max(after, head))
        rows = (
            _ROWS.where(*conditions)
            .where(event.c.seq > bindparam("after"), event.c.seq <= bindparam("reach"))
            .order_by(event.c.seq)
            .limit(bindparam("most"))
        )
        return await self._reader.read(partial(_stretch, rows, after, head, limit))

    async def newest(self, wanted: Selection, limit: int) -> Sequence[Logged]:
        """Return the newest of the last 50 000 that is wanted, newest first."""
        conditions, head = _conditions(wanted), self.head
        if conditions is None:
            return ()
        rows = (
            _ROWS.where(*conditions)
            .where(event.c.seq > head - LOOK_BACK, event.c.seq <= head)
            .order_by(event.c.seq.desc())
            .limit(limit)
        )
        return await self._reader.read(
            lambda connection: [_logged(row) for row in connection.execute(rows)]
        )

    async def place_of(self, event_id: str) -> int | None:
        """Return the place of an event; `None` if it is not held."""
        place = select(event.c.seq).where(event.c.id == event_id)

        def work(connection: Connection) -> int | None:
            found: int | None = connection.execute(place).scalar_one_or_none()
            return found

        return await self._reader.read(work)

    async def place_before(self, moment: datetime) -> int:
        """Return the place before the first event that is not older than a moment."""
        return await self._reader.read(partial(_before, micros(moment), self.head))

    async def missed(self, after: int) -> int:
        """Return how many events that followed a place are no longer held."""

        def work(connection: Connection) -> int:
            last = trimmed(connection)
            held = select(func.count()).where(event.c.seq > after, event.c.seq <= last)
            if last <= after:
                return 0
            return last - max(after, 0) - connection.execute(held).scalar_one()

        return await self._reader.read(work)

    async def earliest(self) -> int:
        """Return the place after which nothing is missing."""
        return await self._reader.read(trimmed)


def _conditions(wanted: Selection) -> list[ColumnElement[bool]] | None:
    """Return what `domain.routing.selects` says, as SQL; `None` if it wants nothing."""
    kinds = {kind for kind in EventType if is_subscribed(wanted.events, kind)}
    if not kinds:
        return None
    conditions: list[ColumnElement[bool]] = []
    if len(kinds) < len(EventType):
        conditions.append(event.c.type.in_(sorted(kinds)))
    if wanted.rooms is not None:
        conditions.append(event.c.room.in_(wanted.rooms))
    others = sorted(kinds - ABOUT_MESSAGES)
    for column, only in (
        (event.c.message_type, wanted.types),
        (event.c.from_name, wanted.senders),
    ):
        if only is not None:
            conditions.append(or_(event.c.type.in_(others), column.in_(only)))
    return conditions


def _stretch(
    rows: Select[Any], after: int, head: int, limit: int, connection: Connection
) -> Stretch:
    """Read on from a place, over what is no longer there."""
    first = _first(connection, after, head)
    if first is None:
        return Stretch((), head)
    reach, upto, size = min(head, first - 1 + LOOK), after, 0
    entries: list[Logged] = []
    while upto < reach and len(entries) < limit and size < MOST_BYTES:
        most = min(PART, limit - len(entries))
        values = {"after": upto, "reach": reach, "most": most}
        found = connection.execute(rows, values).all()
        entries += [_logged(row) for row in found]
        size += sum(len(row[DATA] or "") + len(row[BODY] or "") for row in found)
        upto = reach if len(found) < most else found[-1][0]
    return Stretch(entries, upto)


def _before(moment: int, head: int, connection: Connection) -> int:
    """Halve the log until the first event is found that is not older than a moment.

    There is no index of times. They grow with places, unless a clock is set back: then
    it is one of several such places, or one nearby.
    """
    low, high = 0, head  # What is up to `low` is older, what is beyond `high` is not.
    while low < high:
        middle = (low + high) // 2
        values = {"after": middle, "head": high}
        found = connection.execute(_NEXT, values).one_or_none()
        if found is None or found.at >= moment:
            high = middle
        else:
            low = found.seq
    first = _first(connection, low, head)
    return head if first is None else first - 1


def _first(connection: Connection, after: int, head: int) -> int | None:
    """Return the first place after another one that still has its event."""
    found = connection.execute(_NEXT, {"after": after, "head": head}).one_or_none()
    return None if found is None else found.seq


def _logged(row: Row[Any]) -> Logged:
    about = row[END_OF_EVENT:]
    return Logged(
        event_of(row[:END_OF_EVENT]), None if about[0] is None else message_of(about)
    )
