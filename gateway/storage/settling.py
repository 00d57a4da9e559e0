"""Moves of deliveries carried to their end, over failures and restarts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy import BigInteger, Connection, case, literal, select, update

from gateway.bridge.ports import Clock
from gateway.domain.model import Delivery, DeliveryState, Webhook
from gateway.storage import moving
from gateway.storage.batch import Batch
from gateway.storage.directory import Directory
from gateway.storage.engine import Reader
from gateway.storage.fanout import DELETED, OWED, settled
from gateway.storage.moving import NOT_RELEASED, Kind, Move, Moved, moves_of, text_of
from gateway.storage.rows import micros
from gateway.storage.tables import delivery, webhook as table
from gateway.storage.writer import Writer

AGAIN_AFTER_S = 1.0  # before a step that could not be stored is tried again
BARRING = {Kind.HOLD, Kind.CANCEL}  # Nothing is claimed until they are done.
UNSETTLED = (
    DeliveryState.PENDING.value,
    DeliveryState.RETRYING.value,
    DeliveryState.HELD.value,
)


@dataclass(slots=True)
class Turn:
    """One commit's part of the moves of a webhook."""

    webhook_id: str
    new: tuple[Move, ...] = ()
    left: list[Move] = field(default_factory=list)
    moved: Moved = field(default_factory=Moved)
    reason: str | None = None

    @property
    def is_holding(self) -> bool:
        """Whether something that is due is still to be held or cancelled."""
        return any(move.kind in BARRING for move in self.left)


class Settling:
    """What becomes of deliveries because of their webhook.

    What is left of a move is kept with its webhook until its last step is committed.

    Args:
        number: Gives the number that a new delivery would have.
    """

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        directory: Directory,
        clock: Clock,
        number: Callable[[], int],
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._directory = directory
        self._clock = clock
        self.number = number
        self._running: set[str] = set()  # Webhooks whose next step is submitted.
        self._unfinished: set[str] = set()
        self._holding: set[str] = set()
        self._marks: dict[str, str] = {}  # Why to hold what is in flight, by its id.
        self._stalled: set[str] = set()
        self._has_stalled = asyncio.Event()

    def stage(self, batch: Batch, webhook_id: str, *moves: Move) -> None:
        """Begin moves in a batch; what is left is moved in batches that follow."""
        if any(move.kind in BARRING for move in moves):
            batch.holding.add(webhook_id)
        turn = Turn(webhook_id, moves)
        batch.do(partial(self._work, batch, turn))
        batch.then.append(partial(self._note, turn))

    def is_holding(self, batch: Batch, webhook_id: str) -> bool:
        """Say whether what is due to a webhook may be about to be taken back.

        Whoever gets nothing because of that is told to ask again.
        """
        is_holding = webhook_id in batch.holding or webhook_id in self._holding
        if is_holding:
            batch.owed[webhook_id] = None
        return is_holding

    def settled(self, delivery: Delivery, webhook: Webhook | None) -> Delivery:
        """Return what is stored of a delivery that comes back."""
        if webhook is None and delivery.finished_at is None:
            return self._cancelled(delivery, DELETED)
        stored = settled(delivery, webhook)
        reason = self._marks.get(stored.id)
        if stored.state not in OWED:
            is_due = stored.next_attempt_at is not None
            return replace(stored, next_attempt_at=None) if is_due else stored
        if reason is None:
            return stored
        if reason == NOT_RELEASED:
            return self._cancelled(stored, reason)
        return replace(
            stored, state=DeliveryState.HELD, next_attempt_at=None, reason=reason
        )

    def _cancelled(self, delivery: Delivery, reason: str) -> Delivery:
        return replace(
            delivery,
            state=DeliveryState.CANCELLED,
            next_attempt_at=None,
            finished_at=self._clock.now(),
            reason=reason,
        )

    def forget(self, delivery_id: str) -> None:
        """Note that a delivery has come back."""
        self._marks.pop(delivery_id, None)

    async def resume(self) -> None:
        """Go on where a former process stopped, and with what it could not begin."""

        def read(connection: Connection) -> tuple[dict[str, str], list[str]]:
            moves = select(table.c.id, table.c.move).where(table.c.move.is_not(None))
            owing = (
                select(delivery.c.webhook_id)
                .where(delivery.c.state.in_(UNSETTLED))
                .distinct()
            )
            begun = {row[0]: row[1] for row in connection.execute(moves)}
            return begun, list(connection.execute(owing).scalars())

        begun, owing = await self._reader.read(read)
        for webhook_id, text in begun.items():
            self._note(Turn(webhook_id, left=moves_of(text)))
        for webhook_id in owing:
            webhook = self._directory.get(webhook_id)
            if webhook is None or not webhook.active:
                await self._writer.submit(partial(self._settle, webhook_id))

    async def persist(self) -> None:
        """Try again what the store failed to take, until cancelled."""
        while True:
            await self._has_stalled.wait()
            await self._clock.sleep(AGAIN_AFTER_S)
            self._has_stalled.clear()
            stalled, self._stalled = self._stalled, set()
            for webhook_id in stalled:
                self._go_on(webhook_id)

    def _settle(self, webhook_id: str, batch: Batch) -> None:
        """Stage what is to become of deliveries, as their webhook is by then."""
        webhook = self._directory.get_in(batch, webhook_id)
        if webhook is None:
            self.stage(batch, webhook_id, moving.cancel(self.number()))
        elif webhook.active or webhook_id in self._unfinished:
            self.stage(batch, webhook_id)
        else:
            move = moving.hold(webhook, None, self.number())
            self.stage(batch, webhook_id, move)

    def _work(self, batch: Batch, turn: Turn, connection: Connection) -> None:
        """Make a step of what a webhook's moves are, and store what is left."""
        turn.moved, turn.left = Moved(), []
        query = select(table.c.move).where(table.c.id == turn.webhook_id)
        found = connection.execute(query).one_or_none()
        moves = [*moves_of(None if found is None else found.move), *turn.new]
        if not moves:
            return
        now = micros(self._clock.now())
        turn.moved = moving.step(connection, turn.webhook_id, moves[0], now)
        turn.reason = moves[0].reason
        rest = turn.moved.left
        turn.left = moves[1:] if rest is None else [rest, *moves[1:]]
        if found is not None:
            connection.execute(
                update(table)
                .where(table.c.id == turn.webhook_id)
                .values(move=text_of(turn.left))
            )
        for key in turn.moved.keys:
            batch.pass_turn(turn.webhook_id, key, now)
        if turn.moved.marked:
            # After all else in this batch: what it records knows of no mark yet.
            batch.do(partial(_hold_marked, batch, turn, now))
        if turn.moved.unmarked or turn.moved.dropped:
            batch.do(partial(_release_unmarked, batch, turn, now))
        if turn.moved.is_owed:
            batch.owed[turn.webhook_id] = None

    def _note(self, turn: Turn) -> None:
        """Keep in mind what a commit left, and go on with it."""
        webhook_id = turn.webhook_id
        for delivery_id in turn.moved.unmarked:
            self.forget(delivery_id)
        if turn.reason is not None:
            self._marks.update(dict.fromkeys(turn.moved.marked, turn.reason))
        self._marks.update(dict.fromkeys(turn.moved.dropped, NOT_RELEASED))
        (self._holding.add if turn.is_holding else self._holding.discard)(webhook_id)
        (self._unfinished.add if turn.left else self._unfinished.discard)(webhook_id)
        if turn.left and webhook_id not in self._running:
            self._go_on(webhook_id)

    def _go_on(self, webhook_id: str) -> None:
        self._running.add(webhook_id)
        stored = self._writer.submit(partial(self._settle, webhook_id))
        stored.add_done_callback(partial(self._stepped, webhook_id))

    def _stepped(self, webhook_id: str, stored: asyncio.Future[None]) -> None:
        self._running.discard(webhook_id)
        if stored.cancelled() or stored.exception() is not None:
            self._stalled.add(webhook_id)
            self._has_stalled.set()
        elif webhook_id in self._unfinished:
            self._go_on(webhook_id)


def _hold_marked(batch: Batch, turn: Turn, now: int, connection: Connection) -> None:
    """Hold what came back in the batch that marked it; the others are still out."""
    mine = delivery.c.id.in_(turn.moved.marked)
    keys = connection.execute(
        update(delivery)
        .where(mine, delivery.c.state.in_([state.value for state in OWED]))
        .values(
            state=DeliveryState.HELD.value, reason=turn.reason, next_attempt_at=None
        )
        .returning(delivery.c.order_key)
    ).scalars()
    for key in keys:
        batch.pass_turn(turn.webhook_id, key, now)
    out = select(delivery.c.id).where(
        mine, delivery.c.state == DeliveryState.IN_FLIGHT.value
    )
    turn.moved.marked = list(connection.execute(out).scalars())


def _release_unmarked(
    batch: Batch, turn: Turn, now: int, connection: Connection
) -> None:
    """Release, or drop, what came back in the batch that did so with the rest."""
    held = delivery.c.state == DeliveryState.HELD.value
    moment = literal(now, BigInteger)
    keys = connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(turn.moved.unmarked), held)
        .values(
            state=DeliveryState.PENDING.value,
            reason=None,
            next_attempt_at=case((delivery.c.order_key.is_(None), moment)),
        )
        .returning(delivery.c.order_key)
    ).scalars()
    for key in keys:
        batch.pass_turn(turn.webhook_id, key, now)
        batch.owed[turn.webhook_id] = None
    connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(turn.moved.dropped), held)
        .values(
            state=DeliveryState.CANCELLED.value, reason=NOT_RELEASED, finished_at=moment
        )
    )
