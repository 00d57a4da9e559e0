"""The way of one message, from its acceptance to the last attempt to tell of it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from gateway.domain.model import (
    Attempt,
    Delivery,
    Event,
    IncomingMessage,
    OutgoingMessage,
    Step,
)

MOST: Final = 1000  # Events, deliveries and attempts that are shown, of each.

Message = OutgoingMessage | IncomingMessage


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a message, and to whom, as far as it is held.

    Attributes:
        events: In order of the log.
        deliveries: Of these events, oldest first.
        attempts: Of these deliveries; those of each by number.
        is_cut: Whether there is more.
    """

    events: Sequence[Event]
    deliveries: Sequence[Delivery]
    attempts: Sequence[Attempt]
    is_cut: bool = False


class Traces(Protocol):
    """What was told of messages; fails with `StoreUnavailable`."""

    async def told(self, message_id: str, most: int) -> Told:
        """Return what was told of a message: at most `most` of each kind."""
        ...


@dataclass(frozen=True, slots=True)
class Passed:
    """Something that happened to a message or because of it.

    Attributes:
        at: When. An attempt counts from its start.
        what: The message itself stands for its own acceptance or arrival.
    """

    at: datetime
    what: Message | Step | Event | Delivery | Attempt


@dataclass(frozen=True, slots=True)
class Trace:
    """The way of one message.

    Attributes:
        message: As it is now.
        passed: Oldest first; nothing stands before what led to it.
        is_cut: Whether more was told of it than is shown.
    """

    message: Message
    passed: Sequence[Passed]
    is_cut: bool


class Tracing:
    """Puts together what is known of a message.

    Args:
        find: Returns a message as it is now; `NotFound`.
        traces: What was told of it.
    """

    def __init__(
        self, find: Callable[[str], Awaitable[Message]], traces: Traces
    ) -> None:
        self._find = find
        self._traces = traces

    async def trace(self, message_id: str) -> Trace:
        """Return the way of a message.

        Raises:
            NotFound: No such message is held.
            StoreUnavailable: The store can't be read at the moment.
        """
        message = await self._find(message_id)
        told = await self._traces.told(message_id, MOST)
        return Trace(message, in_order(message, told), told.is_cut)


def in_order(message: Message, told: Told) -> list[Passed]:
    """Return what happened by time, and at the same time by cause.

    What the clock says was before its own cause, because it was set back between the
    two, stands right behind it.
    """
    found = list(_in_order(message, told))
    found.sort(key=lambda each: each[0])
    return [passed for _, passed in found]


def _in_order(message: Message, told: Told) -> Iterator[tuple[datetime, Passed]]:
    """Yield each with the moment that it counts as, causes before effects."""
    begun = message.created_at
    yield begun, Passed(begun, message)
    if isinstance(message, OutgoingMessage):
        yield from _chain(begun, (Passed(step.at, step) for step in message.steps))
    told_at: dict[int, datetime] = {}
    for event in told.events:
        told_at[event.seq] = max(begun, event.at)
        yield told_at[event.seq], Passed(event.at, event)
    attempts: dict[str, list[Attempt]] = {}
    for attempt in told.attempts:
        attempts.setdefault(attempt.delivery_id, []).append(attempt)
    for delivery in told.deliveries:
        made_at = max(told_at.get(delivery.event_seq, begun), delivery.created_at)
        yield made_at, Passed(delivery.created_at, delivery)
        made = attempts.get(delivery.id, ())
        yield from _chain(made_at, (Passed(one.started_at, one) for one in made))


def _chain(
    begun: datetime, links: Iterable[Passed]
) -> Iterator[tuple[datetime, Passed]]:
    """Yield what each came of the one before with the moment that it counts as."""
    for link in links:
        begun = max(begun, link.at)
        yield begun, link
