"""Deliveries of a webhook that change state together, at most 1000 in a commit."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from sqlalchemy import BigInteger, Connection, case, literal, select, update

from gateway.delivery.ports import Hold, Release
from gateway.domain.model import DeliveryState, Webhook
from gateway.storage.fanout import DELETED, DISABLED
from gateway.storage.rows import dumps, maybe_micros, micros
from gateway.storage.tables import delivery, event

Rows = Sequence[Any]  # of numbers and keys

STEP = 1000  # Rows of one commit.
NOT_RELEASED = "not_released"

PENDING = DeliveryState.PENDING.value
RETRYING = DeliveryState.RETRYING.value
IN_FLIGHT = DeliveryState.IN_FLIGHT.value
HELD = DeliveryState.HELD.value
CANCELLED = DeliveryState.CANCELLED.value


class Kind(StrEnum):
    """What becomes of deliveries."""

    HOLD = "hold"
    RELEASE = "release"
    UNORDER = "unorder"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of those deliveries of a webhook that there are by now.

    Attributes:
        below: Deliveries with a number from there on are not meant.
        reason: Why they are held or cancelled.
        since: Of a release: those of events before, in microseconds, are dropped.
        none: Of a release: all are dropped.
        position: Of a release: the number up to which it has come, so that what is
            held once more on the way is not released again.
    """

    kind: Kind
    below: int
    reason: str | None = None
    since: int | None = None
    none: bool = False
    position: int = 0


@dataclass(slots=True)
class Moved:
    """What a step did.

    Attributes:
        left: What remains of the move.
        keys: Order keys of which one may have lost its turn, or is new.
        is_owed: Whether something without order is due now.
        marked: Ids of those in flight that are to be held if they come back.
        unmarked: Ids of those in flight that no longer are.
        dropped: Ids of those in flight that are to be cancelled instead.
    """

    left: Move | None = None
    keys: set[str] = field(default_factory=set)
    is_owed: bool = False
    marked: Sequence[str] = ()
    unmarked: Sequence[str] = ()
    dropped: Sequence[str] = ()


def hold(webhook: Webhook, owed: Hold | Release | None, below: int) -> Move:
    """Return what becomes of what is owed to a webhook that has to wait."""
    reason = owed.reason if isinstance(owed, Hold) else DISABLED
    if not webhook.active:
        reason = webhook.disabled_reason or DISABLED
    return Move(Kind.HOLD, below, reason=reason)


def release(wish: Release, below: int) -> Move:
    """Return what becomes of what was held."""
    since = maybe_micros(wish.since)
    return Move(Kind.RELEASE, below, since=since, none=wish.none)


def cancel(below: int) -> Move:
    """Return what becomes of what is owed to a webhook that is deleted."""
    return Move(Kind.CANCEL, below, reason=DELETED)


def unorder(below: int) -> Move:
    """Return what becomes of what waits for its turn when there is no order."""
    return Move(Kind.UNORDER, below)


def moves_of(text: str | None) -> list[Move]:
    """Return moves as they are stored."""
    found = [] if text is None else json.loads(text)
    return [Move(**{**one, "kind": Kind(one["kind"])}) for one in found]


def text_of(moves: Sequence[Move]) -> str | None:
    """Return moves as they are stored; `None` for none."""
    return dumps([asdict(move) for move in moves]) if moves else None


def step(connection: Connection, webhook_id: str, move: Move, now: int) -> Moved:
    """Move at most 1000 deliveries, and say what is left to be done.

    Args:
        connection: In a transaction.
        webhook_id: Whose deliveries.
        move: What becomes of them.
        now: The moment, in microseconds.
    """
    match move.kind:
        case Kind.HOLD:
            return _hold(connection, webhook_id, move)
        case Kind.RELEASE:
            return _release(connection, webhook_id, move, now)
        case Kind.UNORDER:
            return _unorder(connection, webhook_id, move, now)
        case Kind.CANCEL:
            return _cancel(connection, webhook_id, move, now)
        case _:
            assert_never(move.kind)


def _hold(connection: Connection, webhook_id: str, move: Move) -> Moved:
    found = _some(connection, webhook_id, move, (PENDING, RETRYING))
    values = {"state": HELD, "reason": move.reason, "next_attempt_at": None}
    _change(connection, found, values)
    marked = connection.execute(
        update(delivery)
        .where(
            delivery.c.state == IN_FLIGHT,
            delivery.c.webhook_id == webhook_id,
            delivery.c.number < move.below,
        )
        .values(reason=move.reason)
        .returning(delivery.c.id)
    ).scalars()
    return Moved(_rest(move, found), _keys(found), marked=list(marked))


def _release(connection: Connection, webhook_id: str, move: Move, now: int) -> Moved:
    found = connection.execute(
        select(delivery.c.number, delivery.c.order_key, event.c.at)
        .join(event, event.c.seq == delivery.c.event_seq)
        .where(
            delivery.c.state == HELD,
            delivery.c.webhook_id == webhook_id,
            delivery.c.next_attempt_at.is_(None),  # So the index gives their order.
            delivery.c.number > move.position,
            delivery.c.number < move.below,
        )
        .order_by(delivery.c.number)
        .limit(STEP)
    ).all()
    dropped = [row for row in found if _is_dropped(move, row.at)]
    sent = [row for row in found if not _is_dropped(move, row.at)]
    values = {"state": CANCELLED, "reason": NOT_RELEASED, "finished_at": now}
    _change(connection, dropped, values)
    due_at = case((delivery.c.order_key.is_(None), literal(now, BigInteger)))
    values = {"state": PENDING, "reason": None, "next_attempt_at": due_at}
    _change(connection, sent, values)
    left = _rest(move, found)
    out = _marked(connection, webhook_id)
    forbidden = [row.number for row in out if _is_dropped(move, row.at)]
    allowed = [row.number for row in out if not _is_dropped(move, row.at)]
    return Moved(
        None if left is None else replace(left, position=found[-1].number),
        _keys(sent),
        is_owed=any(row.order_key is None for row in sent),
        unmarked=_mark(connection, allowed, None),
        dropped=_mark(connection, forbidden, NOT_RELEASED),
    )


def _marked(connection: Connection, webhook_id: str) -> Rows:
    """Return the numbers of those in flight that are not to go on, and their age."""
    return connection.execute(
        select(delivery.c.number, event.c.at)
        .join(event, event.c.seq == delivery.c.event_seq)
        .where(
            delivery.c.state == IN_FLIGHT,
            delivery.c.webhook_id == webhook_id,
            delivery.c.reason.is_not(None),
            delivery.c.reason != NOT_RELEASED,
        )
    ).all()


def _mark(
    connection: Connection, numbers: Sequence[int], reason: str | None
) -> Sequence[str]:
    if not numbers:
        return ()
    change = update(delivery).where(delivery.c.number.in_(numbers))
    marked = connection.execute(change.values(reason=reason).returning(delivery.c.id))
    return list(marked.scalars())


def _unorder(connection: Connection, webhook_id: str, move: Move, now: int) -> Moved:
    states = (PENDING, RETRYING, IN_FLIGHT, HELD)
    found = _some(connection, webhook_id, move, states, is_in_order=True)
    is_waiting = delivery.c.state.in_((PENDING, RETRYING)) & (
        delivery.c.next_attempt_at.is_(None)
    )
    moment = literal(now, BigInteger)
    due_at = case((is_waiting, moment), else_=delivery.c.next_attempt_at)
    _change(connection, found, {"order_key": None, "next_attempt_at": due_at})
    return Moved(_rest(move, found), _keys(found), is_owed=bool(found))


def _cancel(connection: Connection, webhook_id: str, move: Move, now: int) -> Moved:
    found = _some(connection, webhook_id, move, (PENDING, RETRYING, HELD))
    values = {
        "state": CANCELLED,
        "reason": move.reason,
        "next_attempt_at": None,
        "finished_at": now,
    }
    _change(connection, found, values)
    return Moved(_rest(move, found))


def _some(
    connection: Connection,
    webhook_id: str,
    move: Move,
    states: Iterable[str],
    *,
    is_in_order: bool = False,
) -> Rows:
    """Return the numbers and keys of at most 1000."""
    found: list[Any] = []
    for state in states:
        query = select(delivery.c.number, delivery.c.order_key).where(
            delivery.c.state == state,
            delivery.c.webhook_id == webhook_id,
            delivery.c.number < move.below,
        )
        if is_in_order:
            query = query.where(delivery.c.order_key.is_not(None))
        found += connection.execute(query.limit(STEP - len(found))).all()
    return found


def _change(connection: Connection, found: Rows, values: dict[str, Any]) -> None:
    if found:
        numbers = [row.number for row in found]
        connection.execute(
            update(delivery).where(delivery.c.number.in_(numbers)).values(values)
        )


def _rest(move: Move, found: Rows) -> Move | None:
    return move if len(found) >= STEP else None


def _keys(found: Rows) -> set[str]:
    return {row.order_key for row in found if row.order_key is not None}


def _is_dropped(move: Move, at: int) -> bool:
    return move.none or (move.since is not None and at < move.since)


def take_over(connection: Connection, now: datetime) -> int:
    """Make what is `in_flight` due at once; return how many there were.

    What was to be held or cancelled if it came back is so.
    """
    is_marked = delivery.c.reason.is_not(None)
    is_dropped = delivery.c.reason == NOT_RELEASED
    moment = literal(micros(now), BigInteger)
    changed = connection.execute(
        update(delivery)
        .where(delivery.c.state == IN_FLIGHT)
        .values(
            state=case(
                (is_dropped, CANCELLED),
                (is_marked, HELD),
                (delivery.c.attempts == 0, PENDING),
                else_=RETRYING,
            ),
            next_attempt_at=case((~is_marked, moment)),
            finished_at=case((is_dropped, moment)),
        )
    )
    return changed.rowcount
