"""What the use cases of sources need from the world."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.model import Address, Inbound, InboundState, Match, Source
from gateway.domain.once import Done, Once


@dataclass(frozen=True, slots=True)
class InboundFilter:
    """Which requests of a source to list; `None` is any."""

    states: Sequence[InboundState] | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class InboundPage:
    """One page of requests, newest first, without bodies, and how to get the next."""

    requests: Sequence[Inbound]
    next_cursor: str | None


class Sources(Protocol):
    """The sources, kept in memory as well: reading them costs nothing.

    What writes fails with `StoreUnavailable`, and then nothing was stored.
    """

    def get(self, source_id: str) -> Source | None:
        """Return a source, a deleted one too, or `None`."""
        ...

    def by_token(self, token_hash: str) -> Source | None:
        """Return the source of a token, a deleted one too, or `None`."""
        ...

    def all(self) -> Sequence[Source]:
        """Return the sources that are not deleted, oldest first."""
        ...

    def known(self) -> Sequence[Source]:
        """Return all that are remembered, the deleted ones too, oldest first."""
        ...

    def put(
        self, source: Source, *, once: Once | None = None, answer: str | None = None
    ) -> asyncio.Future[None]:
        """Store a source; its secrets are sealed.

        Args:
            source: As it is from now on.
            once: What the commit that stores it uses up. If that was used up before,
                nothing is stored and the future fails with `AlreadyDone`.
            answer: What is answered, kept sealed with `once` for those who repeat it.
        """
        ...

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up, with its answer; `None` if nothing has."""
        ...


class Taken(Exception):
    """A request of that identity was taken in before; nothing was stored now.

    Attributes:
        inbound_id: That request.
    """

    def __init__(self, inbound_id: str) -> None:
        super().__init__(inbound_id)
        self.inbound_id = inbound_id


@dataclass(frozen=True, slots=True)
class InOutbox:
    """A message in the outbox that says a request."""

    source_id: str
    inbound_id: str
    room: str
    message_id: str


class Inbox(Protocol):
    """Requests of third parties, kept until they are trimmed."""

    def add(
        self, inbound: Inbound, *, unique_since: datetime | None = None
    ) -> asyncio.Future[None]:
        """Store a request; its place in the order is that of the call.

        Its future fails with `Taken` if the source has taken in one of that identity
        since then, which the commit itself decides; `StoreUnavailable` if it could not
        be stored.
        """
        ...

    def settle(self, inbound: Inbound) -> asyncio.Future[None]:
        """Store what has become of a request: `state`, `message_id`, `reason`."""
        ...

    async def get(self, inbound_id: str) -> Inbound | None:
        """Return a request with its body, or `None`."""
        ...

    async def waiting(self, source_id: str, limit: int) -> Sequence[Inbound]:
        """Return the first that are `accepted`, in order."""
        ...

    async def in_outbox(self) -> Sequence[InOutbox]:
        """Return the messages that say requests and are still in the outbox."""
        ...

    async def list(self, source_id: str, query: InboundFilter) -> InboundPage:
        """Return a page of a source's requests."""
        ...

    async def counts(self, source_id: str) -> dict[InboundState, int]:
        """Return how many requests of a source are in each state."""
        ...

    async def waiting_since(self, source_id: str) -> datetime | None:
        """Return when the first of those came in that are `accepted`, if any is."""
        ...


@dataclass(frozen=True, slots=True)
class Saying:
    """What is to be said in a room of a request.

    Attributes:
        source_id: Whose it is.
        body: The message object as compact JSON text.
        ttl: How long it may be held by the outbox.
    """

    source_id: str
    room: str
    to: tuple[Address, ...] | None
    match: Match
    type: str
    body: str
    attachment: bytes
    ttl: timedelta
    ref: str
    traceparent: str | None = None


class Voice(Protocol):
    """Says things in rooms."""

    async def say(self, saying: Saying, inbound_id: str) -> str:
        """Have it said once, however often this is called for a request.

        What is said first is called for first: nobody has to wait for one to be stored
        before the next is said. One for which there is no place now is refused before
        the first suspension.

        Returns:
            The message's id, once that is stored.

        Raises:
            Rejected: It will not be said now or later; a sentence says why. It may have
                been before: `message_of` tells.
            Unavailable: Not now: the outbox is full, the store away, we are stopping.
        """
        ...

    async def message_of(self, inbound_id: str) -> str | None:
        """Return the id of the message that said a request, or `None`.

        Raises:
            Unavailable: The store can't be read.
        """
        ...

    def take_up(self, left: InOutbox) -> None:
        """Count a message of a former process as one of its source in the outbox."""
        ...

    def watch(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when it may be worth trying again."""
        ...
