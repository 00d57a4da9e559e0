"""A log in memory, its streams running, and things that happen in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.bridge.places import Cursor
from gateway.bridge.streams import StreamOptions, Streams
from gateway.domain.ids import Kind
from gateway.domain.model import Attachment, Event, EventType, IncomingMessage, Sender
from tests.fakes.clock import FakeClock, settle
from tests.fakes.links import FakeLinks
from tests.fakes.memory_store import MemoryStore


class ReadLog:
    """A log that is written and read in a test.

    Attributes:
        draining: Set it to stop the streams.
    """

    def __init__(self, options: StreamOptions | None = None) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.draining = asyncio.Event()
        self.streams = Streams(
            self.store.history,
            self.store.messages,
            FakeLinks(),
            self.clock,
            self.draining,
            # A clock that is set stops at each pulse.
            replace(options or StreamOptions(), pulse_s=5.0),
        )

    def cursor(self, place: int | None = None) -> str:
        """Return the cursor of a place; of the head unless told."""
        history = self.store.history
        return str(Cursor(history.epoch, history.head if place is None else place))

    async def say(
        self,
        text: str = "hi",
        *,
        name: str = "alice",
        body: str | None = None,
        attachment: bytes | None = None,
    ) -> IncomingMessage:
        """Have a message received."""
        kept = Attachment(len(attachment), "5ha") if attachment else None
        message = IncomingMessage(
            id=self.store.ids.new(Kind.MESSAGE),
            room="lobby",
            type="chat",
            body=body or f'{{"text":"{text}"}}',
            sender=Sender("p-1", name, "user"),
            created_at=self.clock.now(),
            event_id=self.store.ids.new(Kind.EVENT),
            attachment=kept,
        )
        event = Event(
            id=message.event_id or "",
            type=EventType.MESSAGE_RECEIVED,
            room="lobby",
            at=self.clock.now(),
            message_id=message.id,
            message_type="chat",
            from_name=name,
        )
        await self.store.log.append(event, message=message, attachment=attachment)
        return message

    async def happen(self, *types: EventType, room: str = "lobby") -> None:
        """Have something happen that is about no message, in one commit."""
        await self.store.log.append(
            *(
                Event(
                    id=self.store.ids.new(Kind.EVENT),
                    type=each,
                    room=room,
                    at=self.clock.now(),
                    data="{}",
                )
                for each in types
            )
        )


@asynccontextmanager
async def reading(log: ReadLog) -> AsyncIterator[Streams]:
    """Run a log's streams."""
    async with asyncio.timeout(25), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(log.streams.run())
        await settle()
        try:
            yield log.streams
        finally:
            running.cancel()


async def a_log_of_four() -> ReadLog:
    """Return a log in which alice and bob spoke, and rooms came and went."""
    log = ReadLog()
    await log.say("one")
    await log.happen(EventType.ROOM_CONNECTED)
    await log.clock.advance(60)
    await log.say("two", name="bob")
    await log.happen(EventType.ROOM_DISCONNECTED, room="other")
    return log
