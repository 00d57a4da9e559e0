"""Sources among a store, a room, senders and an owner who all do as they like.

The store is a real one, whose commits fail as they are told to, answered or not. Time
is a test's own, so that an hour takes no longer than what happens in it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, TypeVar

from sqlalchemy import Connection

from gateway.app.inbounding import Ground, Inbounding
from gateway.app.voice import Reserve
from gateway.bridge.dispatch import Dispatcher, DispatchOptions
from gateway.bridge.ports import OutcomeUnknown, RoomRecord
from gateway.bridge.rooms import Memory, Registry, Room
from gateway.bridge.sending import Sending
from gateway.domain.errors import Gone, SourceDisabled, Unavailable
from gateway.domain.ids import Ids
from gateway.domain.model import OutgoingMessage
from gateway.inbound.wording import Sizes
from gateway.storage.engine import Channel, CommitFailed
from gateway.storage.store import Store
from tests.fakes.clock import FakeClock
from tests.fakes.inbound import an_arrival
from tests.fakes.link import FakeLink
from tests.fakes.meter import FakeMeter
from tests.storage.failing import outage
from tests.storage.opening import query

T = TypeVar("T")
Opening = Callable[[FakeClock], AbstractAsyncContextManager[Store]]

SIZES = Sizes(message=2_000)  # What is longer is attached.
LIMITS = DispatchOptions(window=8, max_messages=24)
BODIES = (0, 0, 0, 0, 3_000, 70_000, 300_000)  # Bytes besides the number.
OPEN = """
SELECT 'inbound', id FROM inbound WHERE state = 'accepted'
UNION ALL SELECT 'message', id FROM message WHERE status IN ('queued', 'sending')
"""


class Weather:
    """The connection to a store: fair, or failing with and without an answer."""

    def __init__(self, inner: Channel, rng: Random) -> None:
        self._inner = inner
        self._rng = rng
        self.is_failing = False
        self.is_dead = False

    async def transact(self, work: Callable[[Connection], T]) -> T:
        """Run statements in one transaction, or fail, or do both."""
        if self.is_dead or (self.is_failing and self._rng.random() < 0.6):
            raise outage()
        done = await self._inner.transact(work)
        if self.is_failing and self._rng.random() < 0.5:
            raise CommitFailed
        return done


class Wall(FakeLink):
    """A room that has written down what was said in it, in which life of ours."""

    life = 0
    heard: list[tuple[int, str | None, str, "asyncio.Future[None]"]]

    def post(  # type: ignore[explicit-override]  # typing.override needs 3.12
        self, to: str | None, message: OutgoingMessage, attachment: bytes
    ) -> "asyncio.Future[None]":
        """Write it down."""
        told = super().post(to, message, attachment)
        self.heard.append((self.life, to, message.ref or "", told))
        return told

    def leave(self) -> None:
        """Forget whoever listened and waited: their process is gone."""
        self._watchers.clear()
        self.posts.clear()
        self.life += 1


@dataclass
class Sender:
    """A third party that sends each number until it is taken, or can't be any more.

    Attributes:
        path: The source.
        next: The number that follows.
        open: Numbers without an answer that tells that they were taken.
        under_way: Numbers that an answer is awaited for.
        taken: The request that each number was taken in as.
    """

    path: str
    next: int = 0
    open: set[int] = field(default_factory=set)
    under_way: set[int] = field(default_factory=set)
    taken: dict[int, str] = field(default_factory=dict)


class Parish:
    """Everything that a history happens to."""

    def __init__(self, opening: Opening, rng: Random, tasks: asyncio.TaskGroup) -> None:
        self.rng = rng
        self.clock = FakeClock()
        self.meter = FakeMeter()
        self.link = Wall(self.clock)
        self.link.heard = []
        self.senders: list[Sender] = []
        self.replays: set[str] = set()
        self._opening = opening
        self._tasks = tasks
        self._acting: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Start a process."""
        self._started, self._killed = asyncio.Event(), asyncio.Event()
        self._process = self._tasks.create_task(self._live())
        await self._started.wait()

    async def kill(self) -> None:
        """End the process as a power cut does: what is not committed never will be."""
        self.weather.is_dead = True
        self._killed.set()
        while not self._process.done():  # A store that asks again waits by the clock.
            await self.clock.advance(1)
        self.link.leave()

    async def _live(self) -> None:
        async with self._opening(self.clock) as self.store:
            self.weather = Weather(self.store._writer._channel, self.rng)
            self.store._writer._channel = self.weather
            dispatcher = self._joined()
            await dispatcher.load()
            async with asyncio.TaskGroup() as tasks:
                chores = [
                    tasks.create_task(dispatcher.run()),
                    tasks.create_task(self.parts.speaker.run()),
                ]
                self._started.set()
                await self._killed.wait()
                for task in (*chores, *self._acting):
                    task.cancel()
                self._acting = []

    def _joined(self) -> Dispatcher:
        """Join a gateway's parts on the store and the room."""
        ids = Ids(self.clock, self.rng)
        dispatcher = Dispatcher(
            self.link,
            self.store.outbox,
            clock=self.clock,
            meter=self.meter,
            ids=ids,
            options=LIMITS,
        )
        memory = Memory(RoomRecord("lobby"), self.store.rooms)
        registry = Registry([Room(self.link, dispatcher, memory, set())])
        self.parts = Inbounding(
            Ground(
                sources=self.store.sources,
                inbox=self.store.inbox,
                sending=Sending(
                    registry,
                    clock=self.clock,
                    ids=ids,
                    default_ttl=timedelta(seconds=300),
                ),
                registry=registry,
                reserve=Reserve(messages=4),
                sizes=SIZES,
                public_url="https://gateway.example.com",
                clock=self.clock,
                ids=ids,
                meter=self.meter,
            )
        )
        return dispatcher

    async def add(self, **terms: object) -> None:
        """Add a sender with a source of its own."""
        name = f"source-{len(self.senders)}"
        body = {"name": name, "verify": {"profile": "none"}, "dedup": "n", **terms}
        source, _ = await self.parts.controls.create(body)
        self.senders.append(Sender(source.id))

    def send(self, sender: Sender, count: int = 1) -> None:
        """Have a third party send the next numbers, and repeat what was not taken."""
        again = sorted(sender.open - sender.under_way)
        numbers = [*again, *range(sender.next, sender.next + count)]
        sender.next += count
        for number in numbers:
            self.act(self._send(sender, number))

    def act(self, doing: Coroutine[None, None, None]) -> None:
        """Have somebody do something, however long the process takes for it."""
        self._acting = [task for task in self._acting if not task.done()]
        self._acting.append(self._tasks.create_task(doing))

    async def _send(self, sender: Sender, number: int) -> None:
        sender.open.add(number)
        sender.under_way.add(number)
        try:
            inbound_id = await self._taken(sender, number)
        except Unavailable:
            return
        except (Gone, SourceDisabled):  # Nobody has to take it.
            inbound_id = None
        finally:
            sender.under_way.discard(number)
        sender.open.discard(number)
        if inbound_id is not None:
            sender.taken[number] = inbound_id

    async def _taken(self, sender: Sender, number: int) -> str | None:
        source = self.store.sources.get(sender.path)
        assert source is not None
        filling = "x" * self.rng.choice(BODIES)
        body = {"n": number, "odd": number % 2 == 1, "filling": filling}
        return (await self.parts.intake.take(source, an_arrival(body))).inbound_id

    async def patch(self, sender: Sender, **changes: object) -> None:
        """Have the owner change a source, if the store lets him."""
        try:
            await self.parts.controls.patch(sender.path, changes)
        except (Unavailable, Gone):
            return

    async def delete(self, sender: Sender) -> None:
        """Have the owner delete a source, if the store lets him."""
        try:
            await self.parts.controls.delete(sender.path)
        except (Unavailable, Gone):
            return

    async def replay(self, sender: Sender) -> None:
        """Have the owner replay a request, if the store lets him."""
        if not sender.taken:
            return
        inbound_id = self.rng.choice(sorted(sender.taken.values()))
        try:
            replayed = await self.parts.controls.replay(sender.path, inbound_id)
        except (Unavailable, Gone):
            return
        self.replays.add(replayed.id)

    def acknowledge(self) -> None:
        """Have the room answer some of what was written, in order."""
        for post in self.link.posts[: self.rng.randrange(20)]:
            if not post.acknowledged.done():
                post.acknowledged.set_result(None)

    def cut(self) -> None:
        """Lose the room; what was not answered never will be."""
        self.link.cut(OutcomeUnknown("the link was cut"))

    async def peace(self) -> None:
        """Let all go well until nothing is open."""
        self.weather.is_failing = False
        self.link.acknowledges = True
        self.acknowledge()
        for name in ("alice", "bob"):
            self.link.depart(name)
            self.link.arrive(name)
        self.link.cut(OutcomeUnknown("the link was cut"))
        self.link.become("ready")
        while self._acting or await self.rows(OPEN):
            await self.clock.advance(1)
            for sender in self.senders:
                self.send(sender, 0)
            self._acting = [task for task in self._acting if not task.done()]

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the store has."""
        return await query(self.store, statement)


@asynccontextmanager
async def a_parish(opening: Opening, rng: Random) -> AsyncIterator[Parish]:
    """Run a parish with three sources: to everybody, to alice, and to bob."""
    async with asyncio.TaskGroup() as tasks:
        parish = Parish(opening, rng, tasks)
        await parish.begin()
        await parish.add(broadcast=True)
        await parish.add(to="alice")
        await parish.add(to="bob", ttl=600)
        yield parish
        await parish.kill()
