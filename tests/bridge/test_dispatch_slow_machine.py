"""However long each commit takes, and whatever comes of it, promises are kept."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import invariant, precondition, rule
from typing_extensions import override

from gateway.bridge.ports import AlreadyDone, Once
from gateway.bridge.reading import Reading
from gateway.bridge.sending import Draft
from gateway.domain.errors import GatewayError, StoreUnavailable
from gateway.domain.model import Event, OutgoingMessage
from gateway.domain.model.messages import ERASED
from tests.bridge.conftest import Scene
from tests.bridge.test_dispatch_machine import DispatchMachine
from tests.fakes.clock import settle
from tests.fakes.memory_messages import MemoryOutbox

Told = asyncio.Future[Any]


class There(Exception):
    """An event is in the log already, because its commit was hidden."""


@dataclass
class Waiting:
    """What is to be committed; if it is taken in, it is taken back when hidden."""

    change: Callable[[], Any]
    told: Told
    is_taken_in: bool


class SlowOutbox(MemoryOutbox):
    """An outbox whose commits, and all others of its store, wait for a test."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.store)
        self.waiting: list[Waiting] = []
        self._append = scene.store.append
        self._takes_in = False
        vars(scene.store).update(
            outbox=self, append=self._append_once, commit=self.submit
        )
        scene.dispatcher._outbox = scene.dispatcher._record._outbox = self

    @override
    def add(
        self,
        message: OutgoingMessage,
        attachment: bytes | None = None,
        *,
        once: Once | None = None,
    ) -> asyncio.Future[None]:
        """Store a message sometime."""
        self._takes_in = True
        return super().add(message, attachment, once=once)

    @override
    def change(
        self,
        message: OutgoingMessage,
        event: Event | None = None,
        *,
        before: OutgoingMessage | None = None,
    ) -> asyncio.Future[None]:
        """Change a message sometime."""
        self._takes_in = before is not None
        return super().change(message, event, before=before)

    def submit(self, change: Callable[[], Any]) -> Told:
        """Have something committed sometime."""
        told: Told = asyncio.get_running_loop().create_future()
        self.waiting.append(Waiting(change, told, self._takes_in))
        self._takes_in = False
        return told

    def commit(self, count: int) -> None:
        """Commit what has waited longest, and then tell of all of it."""
        group, self.waiting = self.waiting[:count], self.waiting[count:]
        results = [_made(each) for each in group]
        for each, result in zip(group, results, strict=True):
            if each.told.done():
                continue
            if isinstance(result, Exception):
                each.told.set_exception(result)
            else:
                each.told.set_result(result)

    def fail(self, *, hidden: bool) -> None:
        """Fail all that waits; what is hidden is committed all the same."""
        failed, self.waiting = self.waiting, []
        for each in failed:
            if hidden and not each.is_taken_in:
                _made(each)
            if not each.told.done():
                each.told.set_exception(StoreUnavailable("disk full"))

    def _append_once(self, events: Sequence[Event]) -> None:
        known = {event.id for event in self._store.events}
        if not known.isdisjoint(event.id for event in events):
            raise There
        self._append(events)


def _made(waiting: Waiting) -> object:
    try:
        return waiting.change()
    except (AlreadyDone, GatewayError, There) as refusal:
        return refusal


class SlowMachine(DispatchMachine):
    """Callers who do not wait for each other, and a store that commits when it likes.

    What is asked for goes on beside all that follows.
    """

    @override
    async def _start(self, window: int) -> None:
        await super()._start(window)
        scene = self.scene
        self.outbox = SlowOutbox(scene)
        self.asking: set[asyncio.Task[None]] = set()

    @precondition(lambda self: self.outbox.waiting)
    @rule(count=st.sampled_from([1, 2, 3, 100]))
    def commit(self, count: int) -> None:
        """Let the store commit some of what waits."""
        self.runner.run(self._tell(lambda: self.outbox.commit(count)))

    @precondition(lambda self: self.outbox.waiting)
    @rule(hidden=st.booleans())
    def fail(self, *, hidden: bool) -> None:
        """Let the store fail."""
        self.runner.run(self._tell(lambda: self.outbox.fail(hidden=hidden)))

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        """Have what was said forgotten."""
        id_ = data.draw(st.sampled_from(list(self.seen)))
        self.runner.run(self._ask(self._do_erase(id_)))

    async def _ask(self, work: Coroutine[None, None, None]) -> None:
        """Begin something that goes on."""
        task = asyncio.get_running_loop().create_task(work)
        self.asking.add(task)
        task.add_done_callback(self.asking.discard)
        await settle()

    @override
    async def _accept(self, draft: Draft) -> None:
        await self._ask(super()._accept(draft))

    @override
    async def _cancel(self, id_: str) -> None:
        await self._ask(super()._cancel(id_))

    @override
    async def _retry(self, id_: str) -> None:
        await self._ask(super()._retry(id_))

    async def _do_erase(self, id_: str) -> None:
        scene = self.scene
        reading = Reading(scene.registry, scene.store.messages, scene.clock)
        try:
            message = await reading.erase(id_)
        except GatewayError:
            return
        assert message.body == ERASED

    @override
    async def _restart(self) -> None:
        """Kill the process after a commit, of which nobody was told."""
        lost = self.outbox.waiting
        for each in lost[: len(lost) // 2]:
            _made(each)
        for task in self.asking:
            task.cancel()
        for each in lost:
            each.told.cancel()
        await settle()
        self.outbox.waiting.clear()
        self._notice_retries()
        committing = asyncio.get_running_loop().create_task(self._keep_committing())
        await super()._restart()
        committing.cancel()

    async def _keep_committing(self) -> None:
        while True:
            self.outbox.commit(100)
            await settle(1)

    def _notice_retries(self) -> None:
        """Look whose end was taken back by a commit, before anybody was told."""
        for id_ in self.seen:
            stored = self.scene.store.messages_by_id[id_]
            assert isinstance(stored, OutgoingMessage)
            if not stored.status.is_final:
                self.seen[id_] = stored.status.value

    @invariant()
    @override
    def nothing_accepted_is_lost(self) -> None:
        """As before, but that a retry may be stored and not told of yet."""
        self._notice_retries()
        super().nothing_accepted_is_lost()

    @invariant()
    def nothing_erased_is_said(self) -> None:
        """It would be said as null."""
        assert all(post.message.body != ERASED for post in self.link.posts)

    @override
    async def _end(self) -> None:
        committing = asyncio.get_running_loop().create_task(self._keep_committing())
        await settle()
        await super()._end()
        assert not self.asking
        committing.cancel()


TestSlowly = pytest.mark.timeout(120)(SlowMachine.TestCase)
TestSlowly.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
