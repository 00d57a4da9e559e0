"""A worker on a store in memory, with everything a test wants to look at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

from gateway.delivery.attempts import Attempts
from gateway.delivery.cap import Cap
from gateway.delivery.patience import Patience
from gateway.delivery.requests import Requests
from gateway.delivery.roster import Roster
from gateway.delivery.worker import Worker
from gateway.delivery.works import Works
from gateway.domain.errors import UrlBlocked
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Delivery,
    Event,
    EventType,
    IncomingMessage,
    Sender,
    Webhook,
)
from tests.fakes.clock import NOON, FakeClock, settle
from tests.fakes.links import FakeLinks
from tests.fakes.memory_store import MemoryStore
from tests.fakes.meter import FakeMeter
from tests.fakes.replies import FakeReplies
from tests.fakes.sender import Answer, ScriptedSender

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def a_webhook(name: str = "one", **changes: object) -> Webhook:
    """Return a webhook `wh_<name>` that wants every message received."""
    webhook = Webhook(
        id=f"wh_{name}",
        url=f"https://{name}.example/hook",
        secret=SECRET,
        created_at=NOON,
    )
    return replace(webhook, **changes)  # type: ignore[arg-type]  # Given by name.


def check_url(url: str) -> None:
    """Block every URL that has `inside` in it."""
    if "inside" in url:
        detail = "This address is inside."
        raise UrlBlocked(detail, facts={"rule": "private_address"})


class Delivering:
    """A worker and all around it; time stands still until `clock.advance`.

    Args:
        answers: What the receivers answer, one after the other, then 200.
        in_flight: How many requests may be in flight in all.
    """

    def __init__(self, *answers: Answer, in_flight: int = 256) -> None:
        self.clock = FakeClock()
        self.meter = FakeMeter()
        self.store = MemoryStore(self.clock)
        self.sender = ScriptedSender(answers)
        self.rng = Random(7)  # noqa: S311  # A test is to be repeated.
        self.ids = Ids(self.clock, self.rng)
        self.roster = Roster(self.store.webhooks)
        self.attempts = Attempts(
            requests=Requests("gw_test", FakeLinks()),
            sender=self.sender,
            roster=self.roster,
            clock=self.clock,
            rng=self.rng,
            ids=self.ids,
            meter=self.meter,
        )
        self.replies = FakeReplies()
        self.works = Works(
            deliveries=self.store.deliveries,
            roster=self.roster,
            attempting=self.attempts,
            cap=Cap(in_flight),
            patience=Patience(self.clock, self.rng, self.meter),
            clock=self.clock,
            replies=self.replies,
        )
        self.worker = Worker(self.works)

    def restart(self) -> None:
        """Have a worker that knows nothing but what is stored."""
        self.works = replace(
            self.works, cap=Cap(self.works.cap.free), draining=asyncio.Event()
        )
        self.worker = Worker(self.works)

    async def add(self, *webhooks: Webhook) -> None:
        """Store webhooks."""
        for webhook in webhooks:
            await self.store.webhooks.put(webhook)

    async def say(self, text: str = "hi", *, times: int = 1) -> None:
        """Have that many messages received, and everything that follows at once."""
        for _ in range(times):
            event, message = self.a_message(text)
            await self.store.log.append(event, message=message)
        await settle()

    def a_message(self, text: str) -> tuple[Event, IncomingMessage]:
        """Return a message received from alice, and the event that tells of it."""
        message = IncomingMessage(
            id=self.ids.new(Kind.MESSAGE),
            room="lobby",
            type="chat",
            body=f'{{"text":"{text}"}}',
            sender=Sender("p1", "alice", "user"),
            created_at=self.clock.now(),
            event_id=self.ids.new(Kind.EVENT),
        )
        event = Event(
            id=message.event_id or "",
            type=EventType.MESSAGE_RECEIVED,
            room="lobby",
            at=self.clock.now(),
            message_id=message.id,
            message_type="chat",
            from_name="alice",
            traceparent=TRACEPARENT,
        )
        return event, message

    @property
    def deliveries(self) -> list[Delivery]:
        """All deliveries, oldest first."""
        return list(self.store.deliveries_by_id.values())

    @property
    def states(self) -> list[str]:
        """The states of all deliveries, oldest first."""
        return [delivery.state.value for delivery in self.deliveries]

    @property
    def urls(self) -> list[str]:
        """Where requests went, in order."""
        return [request.url for request in self.sender.requests]

    @property
    def told(self) -> list[str]:
        """The types of all events but the messages themselves."""
        types = [event.type.value for event in self.store.events]
        return [name for name in types if name != EventType.MESSAGE_RECEIVED]


@asynccontextmanager
async def delivering(delivery: Delivering) -> AsyncIterator[Delivering]:
    """Run the worker, and drain it at the end."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(delivery.worker.run())
        await settle()
        try:
            yield delivery
        finally:
            drained = tasks.create_task(delivery.worker.drain(0.5))
            await delivery.clock.advance(1)
            await drained
            await settle()
            if not running.done():
                running.cancel()
