"""The bytes that go with messages, in rows of 64 KiB."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.bridge.ports import Clock
from gateway.storage.batch import ADD_ATTACHMENT, ADD_CHUNK, Batch
from gateway.storage.engine import Reader
from gateway.storage.rows import micros
from gateway.storage.tables import attachment, attachment_chunk
from gateway.storage.writer import Stage, Writer

CHUNK_BYTES = 65_536
PART_CHUNKS = 4  # Chunks of one commit: more would keep others waiting too long.

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message, or a change of it, in its line: stored after what is before it."""

    message_id: str
    data: bytes | None
    stage: Stage
    check: Callable[[], None]
    future: asyncio.Future[None]

    @property
    def is_large(self) -> bool:
        """Whether its bytes go before it, in commits of their own."""
        return is_large(self.data)


class Attachments:
    """Stores messages with their bytes, in order.

    A small attachment goes in the commit of its message. A large one goes before it,
    part by part, while others commit; messages of the same line keep behind it. If it
    can't be stored they fail with it, so that those who try again keep their order.
    """

    def __init__(self, writer: Writer, reader: Reader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._lines: dict[Key, deque[Waiting]] = {}

    def submit(
        self,
        line: Key,
        message_id: str,
        data: bytes | None,
        stage: Stage,
        check: Callable[[], None] = lambda: None,
    ) -> asyncio.Future[None]:
        """Store a message after those of its line, and its bytes with it.

        Args:
            line: What keeps its order.
            message_id: The message.
            data: Its bytes.
            stage: Stores it.
            check: Raises, after the commit, what the message is to fail with.
        """
        if line not in self._lines and not is_large(data):
            return self._writer.ask(self._whole(message_id, data, stage), check)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = Waiting(message_id, data, stage, check, future)
        if line in self._lines:
            self._lines[line].append(waiting)
        else:
            self._lines[line] = deque([waiting])
            self._go_on(line)
        return future

    def follow(self, line: Key, message_id: str, stage: Stage) -> asyncio.Future[None]:
        """Store something after a message of a line, if that is not stored yet."""
        line_of_it = self._lines.get(line, ())
        if any(waiting.message_id == message_id for waiting in line_of_it):
            return self.submit(line, message_id, None, stage)
        return self._writer.submit(stage)

    async def read(self, message_id: str) -> bytes:
        """Return the bytes that go with a message; `KeyError` if it has none."""
        return await self._reader.read(lambda connection: load(connection, message_id))

    def _whole(self, message_id: str, data: bytes | None, stage: Stage) -> Stage:
        if data is None:
            return stage

        def with_bytes(batch: Batch) -> None:
            self._stage_part(batch, message_id, data, 0)
            stage(batch)

        return with_bytes

    def _stage_part(
        self, batch: Batch, message_id: str, data: bytes, start: int
    ) -> None:
        if start == 0:
            created_at = micros(self._clock.now())
            batch.add(ADD_ATTACHMENT, (message_id, len(data), created_at))
        end = min(len(data), start + PART_CHUNKS * CHUNK_BYTES)
        for offset in range(start, end, CHUNK_BYTES):
            chunk = data[offset : min(end, offset + CHUNK_BYTES)]
            batch.add(ADD_CHUNK, (message_id, offset // CHUNK_BYTES, chunk))

    def _go_on(self, line: Key) -> None:
        """Submit what is first in line, and what follows it without waiting."""
        waiting = self._lines[line]
        while waiting and not waiting[0].is_large:
            first = waiting.popleft()
            self._submit_message(first, first.data)
        if waiting:
            self._submit_part(line, 0)
        else:
            del self._lines[line]

    def _submit_part(self, line: Key, start: int) -> None:
        first = self._lines[line][0]
        data = first.data or b""
        if start >= len(data):
            self._lines[line].popleft()
            self._submit_message(first, None)
            self._go_on(line)
            return

        def next_part(part: asyncio.Future[None]) -> None:
            error = part.exception()
            if error is None:
                self._submit_part(line, start + PART_CHUNKS * CHUNK_BYTES)
                return
            for waiting in self._lines.pop(line):
                if not waiting.future.done():
                    waiting.future.set_exception(error)

        self._writer.submit(
            lambda batch: self._stage_part(batch, first.message_id, data, start)
        ).add_done_callback(next_part)

    def _submit_message(self, waiting: Waiting, data: bytes | None) -> None:
        def tell(stored: asyncio.Future[None]) -> None:
            if waiting.future.done():
                stored.exception()
            elif (error := stored.exception()) is not None:
                waiting.future.set_exception(error)
            else:
                waiting.future.set_result(None)

        stage = self._whole(waiting.message_id, data, waiting.stage)
        self._writer.ask(stage, waiting.check).add_done_callback(tell)


def is_large(data: bytes | None) -> bool:
    """Say whether bytes need more than one row."""
    return data is not None and len(data) > CHUNK_BYTES


def load(connection: Connection, message_id: str) -> bytes:
    """Return the bytes that go with a message; `KeyError` if it has none."""
    known = select(attachment.c.size).where(attachment.c.message_id == message_id)
    if connection.execute(known).scalar_one_or_none() is None:
        raise KeyError(message_id)
    chunks = connection.execute(
        select(attachment_chunk.c.data)
        .where(attachment_chunk.c.message_id == message_id)
        .order_by(attachment_chunk.c.number)
    )
    return b"".join(chunks.scalars())
