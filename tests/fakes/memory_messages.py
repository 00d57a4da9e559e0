"""Messages of both directions and the log, in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from gateway.bridge.ports import (
    Done,
    MessageFilter,
    MessagePage,
    Once,
    RoomRecord,
)
from gateway.domain.errors import NotFound, WrongState
from gateway.domain.model import (
    Event,
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
)
from tests.fakes.memory_rows import MemoryRows, Message, position_of


class MemoryOutbox:
    """Outgoing messages."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store

    def add(
        self,
        message: OutgoingMessage,
        attachment: bytes | None = None,
        *,
        once: Once | None = None,
    ) -> asyncio.Future[None]:
        """Store a message with its attachment's bytes, unless `once` is used up."""
        return self._add([(message, attachment)], once)

    def add_all(
        self,
        messages: Sequence[tuple[OutgoingMessage, bytes | None]],
        *,
        once: Once | None = None,
    ) -> asyncio.Future[None]:
        """Store messages of one room, all of them or none."""
        return self._add(messages, once)

    def _add(
        self,
        messages: Sequence[tuple[OutgoingMessage, bytes | None]],
        once: Once | None,
    ) -> asyncio.Future[None]:
        def change() -> None:
            ids = [message.id for message, _ in messages]
            if once is not None:
                self._store.use(once, Done(tuple(ids), once.fingerprint))
            for message, attachment in messages:
                position = self._store.place(message.id)
                stored = replace(message, position=position)
                self._store.messages_by_id[message.id] = stored
                if attachment is not None:
                    self._store.attachments[message.id] = attachment

        return self._store.commit(change)

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up; `None` if nothing has."""
        return self._store.done.get(once)

    def change(
        self,
        message: OutgoingMessage,
        event: Event | None = None,
        *,
        before: OutgoingMessage | None = None,  # noqa: ARG002  # never in doubt
    ) -> asyncio.Future[None]:
        """Store the state of a message and append the event."""

        def change() -> None:
            known = self._store.messages_by_id.get(message.id)
            if isinstance(known, OutgoingMessage):
                self._store.messages_by_id[message.id] = replace(
                    known,
                    status=message.status,
                    waiting_for=message.waiting_for,
                    recipients=message.recipients,
                    present=message.present,
                    error=message.error,
                    resent=message.resent,
                    expires_at=message.expires_at,
                    event_id=message.event_id,
                    steps=message.steps,
                )
            self._store.append([] if event is None else [event])

        return self._store.commit(change)

    async def pending(self, room: str) -> Sequence[OutgoingMessage]:
        """Return what is `queued` or `sending`, in order of acceptance."""
        return sorted(
            (
                message
                for message in self._store.messages_by_id.values()
                if isinstance(message, OutgoingMessage)
                and message.room == room
                and message.status in {MessageStatus.QUEUED, MessageStatus.SENDING}
            ),
            key=lambda message: message.position,
        )

    async def attachment(self, message_id: str) -> bytes:
        """Return the bytes that go with a message; `KeyError` if it has none."""
        return self._store.attachments[message_id]


class MemoryLog:
    """Everything that happened."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store

    def append(
        self,
        *events: Event,
        message: IncomingMessage | None = None,
        attachment: bytes | None = None,
    ) -> asyncio.Future[None]:
        """Store events, the message the first one tells of, and what is owed."""

        def change() -> None:
            if message is not None:
                self._store.place(message.id)
                self._store.messages_by_id[message.id] = replace(
                    message, event_id=events[0].id, seq=len(self._store.events) + 1
                )
                if attachment is not None:
                    self._store.attachments[message.id] = attachment
            self._store.append(events)

        return self._store.commit(change)

    async def read(self, after: int = 0, limit: int = 100) -> Sequence[Event]:
        """Return the events that follow a place in the log."""
        return self._store.events[after : after + limit]


class MemoryRooms:
    """What is remembered of rooms."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store

    async def load(self, room: str) -> RoomRecord:
        """Return what is remembered; a fresh record for a room not seen before."""
        return self._store.records.get(room, RoomRecord(name=room))

    def save(self, record: RoomRecord) -> asyncio.Future[None]:
        """Store it."""

        def change() -> None:
            self._store.records[record.name] = record

        return self._store.commit(change)


class MemoryMessages:
    """Messages of both directions, as they are kept."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store

    def erase(self, message_id: str) -> asyncio.Future[None]:
        """Erase what a message says and carries."""

        def change() -> None:
            known = self._store.messages_by_id.get(message_id)
            if known is None:
                detail = f"There is no message {message_id}."
                raise NotFound(detail, facts={"what": "message"})
            if isinstance(known, OutgoingMessage) and not known.status.is_final:
                detail = f"Message {message_id} is still to be said."
                raise WrongState(detail)
            self._store.messages_by_id[message_id] = replace(
                known, body="null", attachment=None
            )
            self._store.attachments.pop(message_id, None)
            self._forget_answers(message_id)
            for forget in self._store.forgotten:
                forget([message_id])

        return self._store.commit(change)

    def _forget_answers(self, message_id: str) -> None:
        for delivery in self._store.deliveries_by_id.values():
            if self._store.events[delivery.event_seq - 1].message_id == message_id:
                made = self._store.attempts.get(delivery.id, [])
                made[:] = [replace(each, response=None) for each in made]

    async def get(self, message_id: str) -> Message | None:
        """Return a message, or `None`."""
        return self._store.messages_by_id.get(message_id)

    async def list(self, query: MessageFilter) -> MessagePage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        positions = self._store.positions
        start = position_of("m", query.cursor)
        found = [
            message
            for message in sorted(
                self._store.messages_by_id.values(),
                key=lambda message: positions[message.id],
                reverse=query.newest_first,
            )
            if is_wanted(message, query)
            and (
                start is None
                or (
                    positions[message.id] != start
                    and (positions[message.id] < start) is query.newest_first
                )
            )
        ]
        page = found[: query.limit]
        more = len(found) > query.limit
        return MessagePage(page, f"m{positions[page[-1].id]}" if more else None)

    async def attachment(self, message_id: str) -> bytes:
        """Return the bytes that go with a message; `KeyError` if it has none."""
        return self._store.attachments[message_id]


def is_wanted(message: Message, query: MessageFilter) -> bool:
    """Say whether a message passes a filter."""
    return (
        (query.types is None or message.type in query.types)
        and (query.rooms is None or message.room in query.rooms)
        and (query.since is None or message.created_at >= query.since)
        and (query.until is None or message.created_at < query.until)
        and (
            is_wanted_in(message, query)
            if isinstance(message, IncomingMessage)
            else is_wanted_out(message, query)
        )
    )


def is_wanted_in(message: IncomingMessage, query: MessageFilter) -> bool:
    """Say whether a received message passes the filters that are about one."""
    return (
        query.direction in {None, "in"}
        and (query.to, query.statuses, query.ref) == (None, None, None)
        and (
            query.senders is None
            or not {message.sender.id, message.sender.name}.isdisjoint(query.senders)
        )
    )


def is_wanted_out(message: OutgoingMessage, query: MessageFilter) -> bool:
    """Say whether an outgoing message passes the filters that are about one."""
    addresses = {address.value for address in message.to or ()}
    names = addresses | {recipient.name for recipient in message.recipients}
    return (
        query.direction in {None, "out"}
        and query.senders is None
        and (query.to is None or query.to in names)
        and (query.statuses is None or message.status in query.statuses)
        and (query.ref is None or message.ref == query.ref)
    )
