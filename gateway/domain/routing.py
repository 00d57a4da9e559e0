"""Which webhooks an event goes to."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, assert_never

from gateway.domain.filters import BadFilter, compile_filter
from gateway.domain.model import (
    Event,
    IncomingMessage,
    Ordering,
    OutgoingMessage,
    Webhook,
)
from gateway.domain.rendering import envelope as rendered

Envelope = Mapping[str, object]


class Wanted(Protocol):
    """Which events a reader wants: a webhook, a stream, a page."""

    @property
    def events(self) -> Collection[str]:
        """Event types, prefixes such as `message.*`, or `*`."""
        ...

    @property
    def rooms(self) -> Collection[str] | None:
        """Only events of these; `None` is any."""
        ...

    @property
    def types(self) -> Collection[str] | None:
        """Of events about messages, only these message types; `None` is any."""
        ...

    @property
    def senders(self) -> Collection[str] | None:
        """Of events about messages, only from these names; `None` is anybody."""
        ...


@dataclass(frozen=True, slots=True)
class Selection:
    """What a reader of the log wants; the members are those of `Wanted`."""

    events: tuple[str, ...] = ("*",)
    rooms: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    senders: tuple[str, ...] | None = None


EVERYTHING = Selection()

SEPARATOR = "\x1f"  # Between the parts of an order key.


def match(
    event: Event, webhooks: Iterable[Webhook], envelope: Callable[[], Envelope]
) -> list[Webhook]:
    """Return the webhooks that want an event, in the order given.

    Inactive webhooks are among them: what is owed to them is held until they are
    enabled again. A webhook is never told of what happens to itself.

    Args:
        event: What happened.
        webhooks: Whom it may concern.
        envelope: Gives the event as its readers get it, parsed. Called once at most,
            and only for a webhook that has a filter and wants the event without it.
    """
    wanted = [webhook for webhook in webhooks if wants(webhook, event)]
    if all(webhook.filter is None for webhook in wanted):
        return wanted
    shown = envelope()
    return [webhook for webhook in wanted if accepts(webhook, shown)]


def seen(event: Event, message: IncomingMessage | OutgoingMessage | None) -> Envelope:
    """Return an event as filters see it: parsed, an attachment as facts only.

    One that can't be parsed is seen as empty.

    Args:
        event: What happened, with its place in the log.
        message: What it tells of, if it tells of one.
    """
    try:
        parsed: Envelope = json.loads(rendered(event, message))
    except (ValueError, RecursionError):  # A number or a depth beyond the parser.
        return {}
    return parsed


def accepts(webhook: Webhook, envelope: Envelope) -> bool:
    """Say whether an event passes a webhook's filter, if it has one."""
    if webhook.filter is None:
        return True
    try:
        return compile_filter(webhook.filter).accepts(envelope)
    except BadFilter:  # One that another release took.
        return False


def order_key(webhook: Webhook, event: Event) -> str | None:
    """Return what an event's deliveries to a webhook are put in order by.

    Those with the same key go one after the other; `None` is for no order. What is
    about no room, or from nobody, has an order of its own.
    """
    match webhook.ordering:
        case Ordering.NONE:
            return None
        case Ordering.ROOM:
            return event.room or ""
        case Ordering.SENDER:
            return f"{event.room or ''}{SEPARATOR}{event.from_name or ''}"
        case _:
            assert_never(webhook.ordering)


def wants(webhook: Webhook, event: Event) -> bool:
    """Say whether a webhook wants an event, whatever its filter says of it."""
    return event.webhook_id != webhook.id and selects(webhook, event)


def selects(wanted: Wanted, event: Event) -> bool:
    """Say whether an event is among those that are wanted.

    `rooms` leaves out events of other rooms and of none. `types` and `senders` narrow
    events about messages only; a message whose sender has no name is nobody's.
    """
    return (
        # Most subscriptions name their events: to look for one costs next to nothing.
        (event.type in wanted.events or is_subscribed(wanted.events, event.type))
        and (wanted.rooms is None or event.room in wanted.rooms)
        and (
            not event.type.startswith("message.")
            or (
                (wanted.types is None or event.message_type in wanted.types)
                and (wanted.senders is None or event.from_name in wanted.senders)
            )
        )
    )


def is_subscribed(patterns: Iterable[str], event_type: str) -> bool:
    """Say whether one of the patterns names an event type.

    A pattern is an event type, a prefix such as `message.*`, or `*` for all.
    """
    return any(
        pattern == event_type
        or (pattern.endswith("*") and event_type.startswith(pattern[:-1]))
        for pattern in patterns
        if _is_pattern(pattern)
    )


def _is_pattern(pattern: str) -> bool:
    """Leave out `mess*` and `message*`: a star stands for whole words only."""
    return "*" not in pattern or pattern == "*" or pattern.endswith(".*")
