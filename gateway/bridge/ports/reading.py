"""What was said, and what happened, for those who ask."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.model import Event, IncomingMessage, MessageStatus, OutgoingMessage
from gateway.domain.routing import Selection


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages to list; `None` is any.

    Attributes:
        direction: `in` or `out`.
        to: Address as written, or name of a recipient.
        cursor: The opaque `next_cursor` of the page before.
        newest_first: Order by acceptance.
    """

    direction: str | None = None
    types: Sequence[str] | None = None
    senders: Sequence[str] | None = None
    to: str | None = None
    rooms: Sequence[str] | None = None
    statuses: Sequence[MessageStatus] | None = None
    ref: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of messages, and how to get the next."""

    messages: Sequence[OutgoingMessage | IncomingMessage]
    next_cursor: str | None


class Messages(Protocol):
    """Messages of both directions, as they are kept.

    Fails with `StoreUnavailable` while the store can't be reached.
    """

    def erase(self, message_id: str) -> asyncio.Future[None]:
        """Erase what a message says and carries; its body is `null` from then on.

        What is still owed of it is delivered so. Erasing it again changes nothing.
        Fails with `NotFound`, or with `WrongState` while it is queued or sending.
        """
        ...

    async def get(self, message_id: str) -> OutgoingMessage | IncomingMessage | None:
        """Return a message, or `None`."""
        ...

    async def list(self, query: MessageFilter) -> MessagePage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        ...

    async def attachment(self, message_id: str) -> bytes:
        """Return the bytes that go with a message; `KeyError` if it has none."""
        ...


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log, with its place, and the message it tells of.

    Attributes:
        message: `None` for events not about a message, and if it is no longer held.
    """

    event: Event
    message: OutgoingMessage | IncomingMessage | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the log.

    Attributes:
        entries: What was wanted of it, in order.
        upto: The last place that was looked at: all that is wanted up to there is in
            `entries`, as far as it is held.
    """

    entries: Sequence[Logged]
    upto: int


class History(Protocol):
    """The log, for reading; a place in it is a `seq`, and 0 is before all.

    What reads fails with `StoreUnavailable` while the store can't be read.

    Attributes:
        epoch: What tells this log from one that was recreated or restored.
    """

    epoch: str

    @property
    def head(self) -> int:
        """The last place that is committed."""
        ...

    def follow(
        self,
        told: Callable[[Sequence[Logged]], None],
        forgotten: Callable[[Sequence[str]], None] | None = None,
    ) -> Callable[[], None]:
        """Have `told` called with what each commit appends, in order, without gap.

        It is called once `head` says so, before whoever appended it goes on, until
        what is returned is called: each commit is looked at for whoever follows.

        Args:
            told: Gets messages as they are by that commit; it must not raise.
            forgotten: Called with the ids of messages that were erased or trimmed.
                Whoever keeps what it was told drops what they said: `read` no longer
                has it. What is told later of one that was erased has it no more.
        """
        ...

    async def read(self, after: int, wanted: Selection, limit: int) -> Stretch:
        """Return at most `limit` (1 or more) of what follows a place.

        However little of it is wanted, and however much it says, a call looks at a
        bounded part of the log: ask again from `upto`, until that is the head. What is
        no longer held is passed over. What was erased has a message without content.
        """
        ...

    async def newest(self, wanted: Selection, limit: int) -> Sequence[Logged]:
        """Return the newest that is wanted, newest first; none that is long past."""
        ...

    async def place_of(self, event_id: str) -> int | None:
        """Return the place of an event; `None` if it is not held."""
        ...

    async def place_before(self, moment: datetime) -> int:
        """Return the place before the first event that is not older than a moment.

        The head, if all are older. Times are those of events: where a clock was set
        back they are not in order, and the place is one of several, or one nearby.
        """
        ...

    async def missed(self, after: int) -> int:
        """Return how many events that followed a place are no longer held."""
        ...

    async def earliest(self) -> int:
        """Return the place after which nothing is missing.

        Some of what comes before it may still be held: `read` has that, too.
        """
        ...
