"""Sources and what came in by them, in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.domain.model import Inbound, InboundState, OutgoingMessage, Source
from gateway.domain.once import Done, Once
from gateway.inbound.ports import InboundFilter, InboundPage, InOutbox, Taken
from tests.fakes.memory_rows import MemoryRows, position_of


class MemorySources:
    """The sources we know."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store

    def get(self, source_id: str) -> Source | None:
        """Return a source, a deleted one too, or `None`."""
        return self._store.sources_by_id.get(source_id)

    def by_token(self, token_hash: str) -> Source | None:
        """Return the source of a token, a deleted one too, or `None`."""
        known = self._store.sources_by_id.values()
        return next((one for one in known if one.token_hash == token_hash), None)

    def all(self) -> Sequence[Source]:
        """Return the sources that are not deleted, oldest first."""
        known = self._store.sources_by_id.values()
        there = [one for one in known if one.deleted_at is None]
        return sorted(there, key=lambda one: (one.created_at, one.id))

    def known(self) -> Sequence[Source]:
        """Return all that are remembered, the deleted ones too, oldest first."""
        known = self._store.sources_by_id.values()
        return sorted(known, key=lambda one: (one.created_at, one.id))

    def put(
        self, source: Source, *, once: Once | None = None, answer: str | None = None
    ) -> asyncio.Future[None]:
        """Store a source; `AlreadyDone` if `once` was used up before."""

        def change() -> None:
            if once is not None:
                done = Done(fingerprint=once.fingerprint, answer=answer)
                self._store.use(once, done)
            self._store.sources_by_id[source.id] = source

        return self._store.commit(change)

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up; `None` if nothing has."""
        return self._store.done.get(once)


class MemoryInbox:
    """Requests of third parties."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store

    def add(
        self, inbound: Inbound, *, unique_since: datetime | None = None
    ) -> asyncio.Future[None]:
        """Store a request; fails with `Taken` if it is a repeat."""

        def change() -> None:
            if unique_since is not None and inbound.identity is not None:
                self._refuse_repeat(inbound, unique_since)
            position = self._store.place(inbound.id)
            size = len(inbound.body)
            self._store.inbound_by_id[inbound.id] = replace(
                inbound, position=position, size=size
            )

        return self._store.commit(change)

    def _refuse_repeat(self, inbound: Inbound, since: datetime) -> None:
        same = [
            one
            for one in self._of(inbound.source_id)
            if one.identity == inbound.identity and one.received_at >= since
        ]
        if same:
            raise Taken(max(same, key=lambda one: (one.received_at, one.id)).id)

    def settle(self, inbound: Inbound) -> asyncio.Future[None]:
        """Store what has become of a request: `state`, `message_id`, `reason`."""

        def change() -> None:
            known = self._store.inbound_by_id.get(inbound.id)
            if known is not None:
                self._store.inbound_by_id[inbound.id] = replace(
                    known,
                    state=inbound.state,
                    message_id=inbound.message_id,
                    reason=inbound.reason,
                )

        return self._store.commit(change)

    async def get(self, inbound_id: str) -> Inbound | None:
        """Return a request with its body, or `None`."""
        return self._store.inbound_by_id.get(inbound_id)

    async def waiting(self, source_id: str, limit: int) -> Sequence[Inbound]:
        """Return the first that are `accepted`, in order."""
        found = [
            one for one in self._of(source_id) if one.state is InboundState.ACCEPTED
        ]
        return found[:limit]

    async def in_outbox(self) -> Sequence[InOutbox]:
        """Return the messages that say requests and are still in the outbox."""
        return [
            InOutbox(inbound.source_id, inbound.id, message.room, message.id)
            for message in self._store.messages_by_id.values()
            if isinstance(message, OutgoingMessage) and not message.status.is_final
            for inbound in [self._store.inbound_by_id.get(message.ref or "")]
            if inbound is not None
        ]

    async def list(self, source_id: str, query: InboundFilter) -> InboundPage:
        """Return a page, newest first. `Invalid` if the cursor is not one of ours."""
        before = position_of("i", query.cursor)
        found = [
            replace(one, body=b"")
            for one in reversed(self._of(source_id))
            if _is_wanted(one, query) and (before is None or one.position < before)
        ]
        shown = found[: query.limit]
        more = len(found) > query.limit
        return InboundPage(shown, f"i{shown[-1].position}" if more else None)

    async def counts(self, source_id: str) -> dict[InboundState, int]:
        """Return how many requests of a source are in each state."""
        states = [one.state for one in self._of(source_id)]
        return {state: states.count(state) for state in InboundState}

    async def waiting_since(self, source_id: str) -> datetime | None:
        """Return when the first of those came in that are `accepted`, if any is."""
        waiting = (
            one.received_at
            for one in self._of(source_id)
            if one.state is InboundState.ACCEPTED
        )
        return next(waiting, None)

    def _of(self, source_id: str) -> Sequence[Inbound]:
        known = self._store.inbound_by_id.values()
        mine = [one for one in known if one.source_id == source_id]
        return sorted(mine, key=lambda one: one.position)


def _is_wanted(inbound: Inbound, query: InboundFilter) -> bool:
    return (
        (query.states is None or inbound.state in query.states)
        and (query.since is None or inbound.received_at >= query.since)
        and (query.until is None or inbound.received_at < query.until)
    )
