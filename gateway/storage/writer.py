"""The one writer: what arrives while a commit runs is committed together next."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from gateway.bridge.ports import Clock, Meter
from gateway.domain.errors import ShuttingDown, StoreUnavailable
from gateway.storage.batch import Batch, Work
from gateway.storage.engine import Channel, CommitFailed, is_outage, is_unanswered
from gateway.storage.head import Head, Replaced, advance, place_of

T = TypeVar("T")

GROUP = 256  # Operations of one commit; more would make the first wait for the last.
CHECKS = 20  # How often to ask whether a commit took effect before giving up on it.
CHECK_INTERVAL_S = 0.5

Stage = Callable[[Batch], None]


@dataclass(slots=True)
class Operation:
    """One thing to be written; `future` is done once it is."""

    stage: Stage
    result: Callable[[], Any]
    future: asyncio.Future[Any]

    def succeed(self) -> None:
        """Tell whoever waits that it is committed, and what came of it."""
        if self.future.done():
            return
        try:
            self.future.set_result(self.result())
        except Exception as refusal:  # noqa: BLE001  # It goes to whoever asked.
            self.future.set_exception(refusal)

    def fail(self, error: Exception) -> None:
        """Tell whoever waits that nothing of it was stored."""
        if not self.future.done():
            self.future.set_exception(error)


class Writer:
    """Commits operations in groups, in the order in which they came.

    Nothing waits while the store is idle: a group is what has arrived, up to 256.
    Each transaction first advances the head of the log, so that a writer that was
    replaced can't commit, and places in the log are dense and in commit order.
    When the store fails, all that waits fails with the group it failed, so that those
    who submit it again keep its order. Should it turn out, before the next commit, that
    a group that failed was stored, `then` and `on_owed` follow all the same, and the
    next commit takes back what has an `undo`.

    Attributes:
        lost: Done when another gateway has taken the store over.
        is_failing: Whether the last commit failed.
    """

    def __init__(
        self, channel: Channel, head: Head, clock: Clock, meter: Meter
    ) -> None:
        self._channel = channel
        self._owner = head.owner
        self._seq = head.seq
        self._turn = head.turn
        self._is_stale = False  # Whether `_seq` and `_turn` may be behind the store's.
        self._doubted: Batch | None = None  # Failed, but it may have been committed.
        self._undo: list[Work] = []  # What takes back such a one that was.
        self._clock = clock
        self._meter = meter
        self._queue: deque[Operation] = deque()
        self._arrived = asyncio.Event()
        self._is_closing = False
        self._on_owed: list[Callable[[Sequence[str]], None]] = []
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_failing = False

    def submit(self, stage: Stage) -> asyncio.Future[None]:
        """Have something written.

        Args:
            stage: Puts it in a batch; called again if the batch has to be made anew.
        """
        return self.ask(stage, _nothing)

    def ask(self, stage: Stage, result: Callable[[], T]) -> asyncio.Future[T]:
        """Have something written that has a result.

        Args:
            stage: As for `submit`.
            result: Makes the result, once it is committed; what it raises is the
                answer to whoever asked.
        """
        # To ask for the loop that runs is a system call, in Python 3.11.
        future: asyncio.Future[T] = self.lost.get_loop().create_future()
        if self._is_closing:
            future.set_exception(ShuttingDown("The gateway is stopping."))
        elif self.lost.done():
            future.set_exception(_taken_over())
        else:
            self._queue.append(Operation(stage, result, future))
            self._arrived.set()
        return future

    @property
    def is_in_doubt(self) -> bool:
        """Whether something may be stored that was said to have failed."""
        return self._is_stale or bool(self._undo)

    async def decide(self) -> None:
        """Return once nothing is in doubt that was said to have failed.

        Raises:
            StoreUnavailable: Nobody can tell at the moment.
        """
        if self.is_in_doubt:
            await self.submit(lambda _batch: None)

    def on_owed(self, wake: Callable[[Sequence[str]], None]) -> None:
        """Have `wake` called with the webhooks to which a commit owes something."""
        self._on_owed.append(wake)

    def close(self) -> None:
        """Let `run` end once everything that was submitted is committed."""
        self._is_closing = True
        self._arrived.set()

    async def run(self) -> None:
        """Commit what is submitted until closed."""
        group: list[Operation] = []
        try:
            while not (self._is_closing and not self._queue):
                await self._arrived.wait()
                self._arrived.clear()
                while self._queue:
                    taken = min(len(self._queue), GROUP)
                    group = [self._queue.popleft() for _ in range(taken)]
                    await self._commit(group)
                    # Whoever the commit woke may join the next group.
                    await _turn_of_loop()
        finally:
            self._is_closing = True
            for operation in group:
                # Cut short while it was being committed: there is no true answer.
                operation.future.cancel()
            for operation in self._queue:
                operation.fail(ShuttingDown("The gateway is stopping."))

    async def _commit(self, group: Sequence[Operation]) -> None:
        if await self._is_caught_up(group):
            batch = Batch(self._seq)
            for work in self._undo:
                batch.do(work)
            await self._commit_from(batch, group)

    async def _commit_from(self, batch: Batch, group: Sequence[Operation]) -> None:
        try:
            for operation in group:
                operation.stage(batch)
            await self._channel.transact(partial(self._write, batch))
        except CommitFailed as error:
            await self._find_out(group, batch, error)
        except Replaced as error:
            self._lose(group, error)
        except Exception as error:  # noqa: BLE001  # It goes to the futures it is of.
            if is_outage(error):
                self._fail(group, error)
            else:
                await self._separate(group, error)
        else:
            self._succeed(group, batch)

    def _write(self, batch: Batch, connection: Connection) -> None:
        advance(connection, self._owner, batch.seq - self._seq)
        batch.apply(connection)

    async def _separate(self, group: Sequence[Operation], error: Exception) -> None:
        """Commit one by one, so that one that can't be written harms no other."""
        if len(group) == 1:
            group[0].fail(error)
            return
        # From the queue, which is emptied if the store fails on the way.
        self._queue.extendleft(reversed(group))
        for _ in group:
            if self._queue:
                await self._commit([self._queue.popleft()])

    async def _find_out(
        self, group: Sequence[Operation], batch: Batch, error: CommitFailed
    ) -> None:
        """Tell a group whether its COMMIT that failed was one, by its turn."""
        ends_at_s = self._clock.monotonic() + CHECKS * CHECK_INTERVAL_S
        for _ in range(CHECKS):
            try:
                _, turn = await self._place()
            except Replaced as replaced:
                self._lose(group, replaced)
            except Exception as failure:
                if not is_unanswered(failure):
                    raise
                if self._clock.monotonic() > ends_at_s:
                    break  # It does not even say that it does not know.
                await self._clock.sleep(CHECK_INTERVAL_S)
                continue
            else:
                if turn > self._turn:
                    self._succeed(group, batch)
                else:
                    self._fail(group, error)
            return
        self._is_stale, self._doubted = True, batch
        self._fail(group, error)

    async def _is_caught_up(self, group: Sequence[Operation]) -> bool:
        """Learn the last place and turn, if they may be others than we know."""
        if self._is_stale:
            try:
                seq, turn = await self._place()
            except Replaced as replaced:
                self._lose(group, replaced)
                return False
            except Exception as failure:
                if not is_unanswered(failure):
                    raise
                self._fail(group, failure)
                return False
            doubted, was_committed = self._doubted, turn > self._turn
            self._is_stale, self._doubted = False, None
            self._seq, self._turn = seq, turn
            if doubted is not None and was_committed:
                self._undo += doubted.undo
                self._tell(doubted)
        return True

    async def _place(self) -> tuple[int, int]:
        return await self._channel.transact(partial(place_of, owner=self._owner))

    def _succeed(self, group: Sequence[Operation], batch: Batch) -> None:
        self._seq = batch.seq
        self._turn += 1
        self._undo.clear()
        if self.is_failing:
            self.is_failing = False
            self._meter.info("store.recovered")
        self._tell(batch, group)

    def _tell(self, batch: Batch, group: Sequence[Operation] = ()) -> None:
        """Do what follows from a batch that was committed, soon or late."""
        for then in batch.then:
            then()
        for operation in group:
            operation.succeed()
        if batch.owed:
            webhook_ids = list(batch.owed)
            for wake in self._on_owed:
                wake(webhook_ids)

    def _fail(self, group: Sequence[Operation], error: Exception) -> None:
        failed = self._with_waiting(group)
        if not self.is_failing:
            self.is_failing = True
            reason = _first_line(error.__cause__ or error)
            self._meter.error("store.failed", reason=reason, operations=len(failed))
        for operation in failed:
            failure = StoreUnavailable("The store cannot be written at the moment.")
            failure.__cause__ = error
            operation.fail(failure)

    def lose(self) -> None:
        """Take no more: another gateway has taken the store over."""
        self._lose((), Replaced())

    def _lose(self, group: Sequence[Operation], error: Replaced) -> None:
        if not self.lost.done():
            self._meter.error("store.lost")
            self.lost.set_result(None)
        self.is_failing = True
        for operation in self._with_waiting(group):
            failure = _taken_over()
            failure.__cause__ = error
            operation.fail(failure)

    def _with_waiting(self, group: Sequence[Operation]) -> Sequence[Operation]:
        """Return a group and, taken off the queue, all that waits behind it."""
        waiting = (*group, *self._queue)
        self._queue.clear()
        return waiting


def _first_line(error: BaseException) -> str:
    """Return what the driver says, without the statement that SQLAlchemy adds."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _taken_over() -> StoreUnavailable:
    return StoreUnavailable("Another gateway has taken this store over.")


def _nothing() -> None:
    """Stand for a result that there is none of."""


async def _turn_of_loop() -> None:
    """Let everything that is ready run once."""
    loop = asyncio.get_running_loop()
    turn: asyncio.Future[None] = loop.create_future()
    loop.call_soon(turn.set_result, None)
    await turn
