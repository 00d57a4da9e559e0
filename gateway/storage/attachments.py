"""The bytes that go with messages, and large bodies, in rows of 64 KiB."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.bridge.ports import Clock
from gateway.storage.batch import ADD_ATTACHMENT, ADD_CHUNK, Batch
from gateway.storage.engine import Reader
from gateway.storage.rows import micros
from gateway.storage.tables import attachment, attachment_chunk
from gateway.storage.writer import Stage, Writer

CHUNK_BYTES = 65_536
PART_BYTES = 4 * CHUNK_BYTES  # of one commit: more would keep others waiting too long

Key = tuple[str, str]
Part = tuple[str, bytes | None]  # A message by its id, and the bytes that go with it.


@dataclass(frozen=True, slots=True)
class Chunk:
    """A row of the bytes that go with a message; of no bytes there is an empty one."""

    message_id: str
    data: bytes
    number: int

    @property
    def size(self) -> int:
        """How many bytes the row has."""
        return min(CHUNK_BYTES, len(self.data) - self.number * CHUNK_BYTES)

    def stage(self, batch: Batch, now: int) -> None:
        """Put it in a batch, the first of a message with the row that it rests on."""
        if self.number == 0:
            batch.add(ADD_ATTACHMENT, (self.message_id, len(self.data), now))
        if self.size:
            start = self.number * CHUNK_BYTES
            row = (self.message_id, self.number, self.data[start : start + CHUNK_BYTES])
            batch.add(ADD_CHUNK, row)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages, or a change of one, in their line: stored after what is before them."""

    parts: Sequence[Part]
    stage: Stage
    check: Callable[[], None]
    future: asyncio.Future[None]

    @property
    def is_large(self) -> bool:
        """Whether the bytes go before the messages, in commits of their own."""
        return are_large(self.parts)


class Attachments:
    """Stores messages with their bytes, in order.

    Up to 64 KiB go in the commit of their messages. More go before it, part by part,
    while others commit; messages of the same line keep behind. If the bytes can't be
    stored these fail with them, so that those who try again keep their order.
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
        return self.submit_all(line, [(message_id, data)], stage, check)

    def submit_all(
        self,
        line: Key,
        parts: Sequence[Part],
        stage: Stage,
        check: Callable[[], None] = lambda: None,
    ) -> asyncio.Future[None]:
        """Store messages after those of their line, in one commit; see `submit`.

        Args:
            line: What keeps its order.
            parts: The messages, each with its bytes or `None`.
            stage: Stores them.
            check: Raises, after the commit, what they are to fail with.
        """
        if line not in self._lines and not are_large(parts):
            return self._writer.ask(self._whole(parts, stage), check)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = Waiting(parts, stage, check, future)
        if line in self._lines:
            self._lines[line].append(waiting)
        else:
            self._lines[line] = deque([waiting])
            self._go_on(line)
        return future

    def follow(self, line: Key, message_id: str, stage: Stage) -> asyncio.Future[None]:
        """Store something after a message of a line, if that is not stored yet."""
        line_of_it = self._lines.get(line, ())
        known = (name for waiting in line_of_it for name, _ in waiting.parts)
        if message_id in known:
            return self.submit(line, message_id, None, stage)
        return self._writer.submit(stage)

    async def read(self, message_id: str) -> bytes:
        """Return the bytes that go with a message; `KeyError` if it has none."""
        return await self._reader.read(lambda connection: load(connection, message_id))

    def _whole(self, parts: Sequence[Part], stage: Stage) -> Stage:
        chunks = _chunks(parts)
        if not chunks:
            return stage

        def with_bytes(batch: Batch) -> None:
            self._stage_chunks(batch, chunks)
            stage(batch)

        return with_bytes

    def _stage_chunks(self, batch: Batch, chunks: Sequence[Chunk]) -> None:
        now = micros(self._clock.now())
        for chunk in chunks:
            chunk.stage(batch, now)

    def _go_on(self, line: Key) -> None:
        """Submit what is first in line, and what follows it without waiting."""
        waiting = self._lines[line]
        while waiting and not waiting[0].is_large:
            first = waiting.popleft()
            self._submit_messages(first, first.parts)
        if waiting:
            self._submit_chunks(line, _chunks(waiting[0].parts))
        else:
            del self._lines[line]

    def _submit_chunks(self, line: Key, chunks: Sequence[Chunk]) -> None:
        """Submit the next of what goes before the first in line, or at last that."""
        if not chunks:
            self._submit_messages(self._lines[line].popleft(), ())
            self._go_on(line)
            return

        count = _one_commit(chunks)

        def go_on(stored: asyncio.Future[None]) -> None:
            error = stored.exception()
            if error is None:
                self._submit_chunks(line, chunks[count:])
                return
            for waiting in self._lines.pop(line):
                if not waiting.future.done():
                    waiting.future.set_exception(error)

        self._writer.submit(
            lambda batch: self._stage_chunks(batch, chunks[:count])
        ).add_done_callback(go_on)

    def _submit_messages(self, waiting: Waiting, parts: Sequence[Part]) -> None:
        def tell(stored: asyncio.Future[None]) -> None:
            if waiting.future.done():
                stored.exception()
            elif (error := stored.exception()) is not None:
                waiting.future.set_exception(error)
            else:
                waiting.future.set_result(None)

        stage = self._whole(parts, waiting.stage)
        self._writer.ask(stage, waiting.check).add_done_callback(tell)


def are_large(parts: Sequence[Part]) -> bool:
    """Say whether the bytes of messages are too many for the commit of these."""
    size = 0
    for _, data in parts:  # A `sum` takes three times as long, and few have any.
        size += len(data) if data else 0
    return size > CHUNK_BYTES


def _chunks(parts: Sequence[Part]) -> list[Chunk]:
    return [
        Chunk(message_id, data, number)
        for message_id, data in parts
        if data is not None
        for number in range(max(1, -(-len(data) // CHUNK_BYTES)))
    ]


def _one_commit(chunks: Sequence[Chunk]) -> int:
    """Return how many of them go in the next commit, at least one."""
    total = 0
    for count, chunk in enumerate(chunks):
        total += chunk.size
        if total > PART_BYTES:
            return count
    return len(chunks)


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
