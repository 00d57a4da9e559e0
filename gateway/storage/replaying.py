"""What a replay writes: its steps, and its end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from gateway.domain.errors import NotFound
from gateway.domain.model import DeliveryState, Replay, ReplayState
from gateway.storage.batch import ADD_DELIVERY
from gateway.storage.replay_rows import REPLAY, replay_of
from gateway.storage.rows import Row, columns, micros
from gateway.storage.tables import delivery, event, replay as table

CANCELLED = "replay_cancelled"
MOST = 1000  # Rows of one commit.

RUNNING = ReplayState.RUNNING.value
# Nobody works at these, so they can be taken back.
WAITING = (
    DeliveryState.PENDING.value,
    DeliveryState.RETRYING.value,
    DeliveryState.HELD.value,
)
UNSETTLED = (*WAITING, DeliveryState.IN_FLIGHT.value)

PassTurn = Callable[[str, str | None, int], None]


@dataclass(slots=True, eq=False)
class Written:
    """What a write left of a replay."""

    replay_id: str
    left: Replay | None = None

    def result(self) -> Replay:
        """Return the replay as it is stored now; `NotFound`."""
        if self.left is None:
            detail = f"There is no replay {self.replay_id}."
            raise NotFound(detail, facts={"what": "replay"})
        return self.left

    def look(self, connection: Connection) -> Replay | None:
        """Read the replay again."""
        query = select(*columns(table, REPLAY)).where(table.c.id == self.replay_id)
        row = connection.execute(query).one_or_none()
        self.left = None if row is None else replay_of(row)
        return self.left


@dataclass(slots=True, eq=False)
class Step(Written):
    """Events owed to a replay's target, and how far it has then come.

    Attributes:
        position: Where it must be for the step to be made.
        reach: Where it is then.
        rows: The deliveries, by the place of their event.
    """

    position: int = 0
    reach: int = 0
    rows: Sequence[tuple[int, Row]] = field(default_factory=tuple)

    def run(self, connection: Connection) -> None:
        """Make the step, unless it has been made or the replay runs no more."""
        rows = self._rows_there(connection)
        changed = connection.execute(
            update(table)
            .where(
                table.c.id == self.replay_id,
                table.c.state == RUNNING,
                table.c.position == self.position,
            )
            .values(position=self.reach, owed=table.c.owed + len(rows))
        )
        if changed.rowcount and rows:
            ADD_DELIVERY.run(connection, rows)
        self.look(connection)

    def _rows_there(self, connection: Connection) -> list[Row]:
        """Leave out deliveries of events trimmed since: nothing could send them."""
        seqs = [seq for seq, _ in self.rows]
        if not seqs:
            return []
        found = connection.execute(select(event.c.seq).where(event.c.seq.in_(seqs)))
        there = set(found.scalars())
        return [row for seq, row in self.rows if seq in there]


@dataclass(slots=True, eq=False)
class End(Written):
    """The end of a replay."""

    state: ReplayState = ReplayState.DONE
    now: datetime | None = None

    def run(self, connection: Connection, pass_turn: PassTurn) -> None:
        """End it if it runs, and take back what one that is cancelled has made.

        Args:
            connection: In the transaction.
            pass_turn: Told whose turn may have ended, as by `Batch.pass_turn`.
        """
        connection.execute(
            update(table)
            .where(table.c.id == self.replay_id, table.c.state == RUNNING)
            .values(state=self.state.value)
        )
        found = self.look(connection)
        if found is None or found.finished_at is not None:
            return
        if found.state is ReplayState.CANCELLED:
            self._take_back(connection, pass_turn)
            if self._is_unsettled(connection):
                return
        connection.execute(
            update(table)
            .where(table.c.id == self.replay_id)
            .values(finished_at=self._now)
        )
        self.look(connection)

    @property
    def _now(self) -> int:
        if self.now is None:
            raise AssertionError(self)
        return micros(self.now)

    def _take_back(self, connection: Connection, pass_turn: PassTurn) -> None:
        some = (
            select(delivery.c.number)
            .where(
                delivery.c.replay_id == self.replay_id, delivery.c.state.in_(WAITING)
            )
            .limit(MOST)
        )
        taken = connection.execute(
            update(delivery)
            .where(delivery.c.number.in_(some.scalar_subquery()))
            .values(
                state=DeliveryState.CANCELLED.value,
                reason=CANCELLED,
                next_attempt_at=None,
                finished_at=self._now,
            )
            .returning(delivery.c.webhook_id, delivery.c.order_key)
        )
        for webhook_id, order_key in taken.all():
            pass_turn(webhook_id, order_key, self._now)

    def _is_unsettled(self, connection: Connection) -> bool:
        return any(unsettled(connection, self.replay_id).values())


def unsettled(connection: Connection, replay_id: str) -> dict[DeliveryState, int]:
    """Return how many deliveries are in each state that is not the end."""
    return _counted(connection, replay_id, UNSETTLED)


def progress(connection: Connection, replay_id: str) -> dict[DeliveryState, int]:
    """Return how many deliveries are in each state."""
    return _counted(connection, replay_id, tuple(DeliveryState))


def _counted(
    connection: Connection, replay_id: str, states: Sequence[str]
) -> dict[DeliveryState, int]:
    found = connection.execute(
        select(delivery.c.state, func.count())
        .where(delivery.c.replay_id == replay_id, delivery.c.state.in_(states))
        .group_by(delivery.c.state)
    )
    return {DeliveryState(state): count for state, count in found}
