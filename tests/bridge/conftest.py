"""A room whose every part a test holds in its hand."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest

from gateway.bridge.dispatch import Dispatcher, DispatchOptions
from gateway.bridge.ports import Refused, RoomRecord
from gateway.bridge.rooms import Memory, Registry, Room
from gateway.bridge.sending import Draft, Sending
from gateway.domain.ids import Ids
from gateway.domain.model import Address, AddressKind, OutgoingMessage
from tests.fakes.clock import FakeClock, settle
from tests.fakes.link import FakeLink
from tests.fakes.memory_store import MemoryStore
from tests.fakes.meter import FakeMeter


def to(*names: str) -> tuple[Address, ...]:
    """Return addresses as a caller writes them: an id or a name."""
    return tuple(Address(AddressKind.ANY, name) for name in names)


def a_draft(body: str = '{"text":"hi"}', **changes: object) -> Draft:
    """Return a draft to alice, but for the changes."""
    given: dict[str, object] = {
        "room": None,
        "to": to("alice"),
        "type": "chat",
        "body": body,
    }
    return Draft(**(given | changes))  # type: ignore[arg-type]  # a builder


@dataclass
class Scene:
    """A dispatcher between a fake room and a store in memory."""

    clock: FakeClock = field(default_factory=FakeClock)
    meter: FakeMeter = field(default_factory=FakeMeter)
    options: DispatchOptions = field(default_factory=DispatchOptions)

    def __post_init__(self) -> None:
        """Build what has not been given."""
        self.ids = Ids(self.clock, Random(1))  # noqa: S311  # the same ids each time
        self.link = FakeLink(self.clock)
        self.store = MemoryStore(self.clock)
        self.begin()

    def begin(self) -> None:
        """Build a dispatcher, as at the start of a process."""
        self.dispatcher = Dispatcher(
            self.link,
            self.store.outbox,
            clock=self.clock,
            meter=self.meter,
            ids=self.ids,
            options=self.options,
        )
        memory = Memory(RoomRecord("lobby"), self.store.rooms)
        self.room = Room(self.link, self.dispatcher, memory, set())
        self.registry = Registry([self.room])
        self.sending = Sending(
            self.registry,
            clock=self.clock,
            ids=self.ids,
            default_ttl=timedelta(seconds=300),
            messages=self.store.messages,
        )

    async def accept(self, draft: Draft | None = None) -> OutgoingMessage:
        """Accept a message, do not wait for its fate, let everything run."""
        message = await self.sending.accept(draft or a_draft(), wait_s=0)
        await settle()
        return message

    async def stored(self, message: OutgoingMessage) -> OutgoingMessage:
        """Return a message as the store has it."""
        found = await self.store.messages.get(message.id)
        assert isinstance(found, OutgoingMessage)
        return found

    async def status(self, message: OutgoingMessage) -> str:
        """Return a message's status as the store has it."""
        return (await self.stored(message)).status.value

    def happened(self, *prefixes: str) -> list[str]:
        """Return the types of the events of the log, in order."""
        return [
            event.type.value
            for event in self.store.events
            if not prefixes or event.type.value.startswith(prefixes)
        ]


def kinds(message: OutgoingMessage) -> list[str]:
    """Return what happened to a message, in order."""
    return [step.kind.value for step in message.steps]


async def refused(scene: Scene, body: str = '{"n":1}') -> OutgoingMessage:
    """Return a message to alice that the room has refused."""
    message = await scene.accept(a_draft(body))
    scene.link.posts[-1].acknowledged.set_exception(Refused(1, "no"))
    await settle()
    return await scene.stored(message)


async def parked(scene: Scene) -> OutgoingMessage:
    """Return a message that waits for bob."""
    return await scene.accept(a_draft(to=to("bob"), await_recipient=True))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A scene whose dispatcher runs, in a room that is away."""
    scene = Scene()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(scene.dispatcher.run())
        await settle()
        yield scene
        running.cancel()


@pytest.fixture
async def ready(scene: Scene) -> Scene:
    """The same in a room that is ready, with alice in it."""
    scene.link.arrive("alice")
    scene.link.become("ready")
    await settle()
    return scene
