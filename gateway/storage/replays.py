"""Replays, and the log that they look through."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, func, insert, select

from gateway.bridge.ports import Clock
from gateway.delivery.ports import Recall, ReplayPage
from gateway.domain.model import DeliveryState, Event, Replay, ReplayState
from gateway.storage import recalling, replaying
from gateway.storage.batch import Batch
from gateway.storage.directory import Directory
from gateway.storage.engine import Reader
from gateway.storage.fanout import FanOut
from gateway.storage.replay_rows import REPLAY, place, replay_of, row_of_replay
from gateway.storage.rows import columns
from gateway.storage.tables import event as log, replay as table
from gateway.storage.writer import Writer


class Replays:
    """Satisfies the port of the same name."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        directory: Directory,
        fan_out: FanOut,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._directory = directory
        self._fan_out = fan_out
        self._clock = clock

    def add(self, replay: Replay) -> asyncio.Future[None]:
        """Store a new replay."""
        values = dict(zip(REPLAY, row_of_replay(replay), strict=True))

        def work(connection: Connection) -> None:
            connection.execute(insert(table).values(values))

        return self._writer.submit(lambda batch: batch.do(work))

    async def get(self, replay_id: str) -> Replay | None:
        """Return a replay, or `None`."""
        query = select(*columns(table, REPLAY)).where(table.c.id == replay_id)

        def work(connection: Connection) -> Replay | None:
            row = connection.execute(query).one_or_none()
            return None if row is None else replay_of(row)

        return await self._reader.read(work)

    async def list(self, cursor: str | None, limit: int) -> ReplayPage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        after = place(cursor)
        query = select(*columns(table, REPLAY)).order_by(table.c.id.desc())
        if after is not None:
            query = query.where(table.c.id < after)

        def work(connection: Connection) -> ReplayPage:
            found = connection.execute(query.limit(limit + 1)).all()
            page = [replay_of(row) for row in found[:limit]]
            return ReplayPage(page, page[-1].id if len(found) > limit else None)

        return await self._reader.read(work)

    async def unfinished(self) -> Sequence[Replay]:
        """Return those without `finished_at`, oldest first."""
        query = (
            select(*columns(table, REPLAY))
            .where(table.c.finished_at.is_(None))
            .order_by(table.c.id)
        )

        def work(connection: Connection) -> Sequence[Replay]:
            return [replay_of(row) for row in connection.execute(query)]

        return await self._reader.read(work)

    async def head(self) -> int:
        """Return the last place in the log."""

        def work(connection: Connection) -> int:
            return connection.execute(select(func.max(log.c.seq))).scalar_one() or 0

        return await self._reader.read(work)

    async def recall(self, replay: Replay, limit: int, *, messages: bool) -> Recall:
        """Look through the log from a replay's position on, up to its `last`."""
        return await self._reader.read(
            lambda connection: recalling.recall(
                connection, replay, limit, messages=messages
            )
        )

    async def progress(self, replay_id: str) -> Mapping[DeliveryState, int]:
        """Return how many of a replay's deliveries are in each state."""
        return await self._reader.read(
            lambda connection: replaying.progress(connection, replay_id)
        )

    async def unsettled(self, replay_id: str) -> Mapping[DeliveryState, int]:
        """Return how many are in each state in which something may still happen."""
        return await self._reader.read(
            lambda connection: replaying.unsettled(connection, replay_id)
        )

    def owe(
        self, replay: Replay, events: Sequence[Event], position: int
    ) -> asyncio.Future[Replay]:
        """Owe events to a replay's target, and note how far it has come."""
        step = replaying.Step(
            replay.id, position=replay.position, reach=position, rows=()
        )

        def stage(batch: Batch) -> None:
            target = self._directory.get_in(batch, replay.target_id)
            step.rows = ()
            if target is not None:
                step.rows = [
                    (each.seq, self._fan_out.row(each, each.seq, target, replay.id))
                    for each in events
                ]
                for each in events:
                    self._fan_out.pass_turn(batch, each, target)
            batch.do(step.run)

        return self._writer.ask(stage, step.result)

    def end(self, replay_id: str, state: ReplayState) -> asyncio.Future[Replay]:
        """End a replay that runs; one that has ended keeps its state."""
        end = replaying.End(replay_id, state=state)

        def stage(batch: Batch) -> None:
            end.now = self._clock.now()
            batch.do(partial(end.run, pass_turn=batch.pass_turn))

        return self._writer.ask(stage, end.result)
