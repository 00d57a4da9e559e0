"""Which webhooks an event goes to."""

from collections.abc import Iterable

from gateway.domain.model import Event, Webhook


def match(event: Event, webhooks: Iterable[Webhook]) -> list[Webhook]:
    """Return the webhooks that want an event, in the order given.

    Inactive webhooks are among them: what is owed to them is held until they are
    enabled again. A webhook is never told of what happens to itself.
    """
    return [webhook for webhook in webhooks if wants(webhook, event)]


def wants(webhook: Webhook, event: Event) -> bool:
    """Say whether a webhook wants an event.

    `rooms` leaves out events of other rooms and of none. `types` and `senders` narrow
    events about messages only; a message whose sender has no name is nobody's.
    """
    return (
        event.webhook_id != webhook.id
        and is_subscribed(webhook.events, event.type)
        and (webhook.rooms is None or event.room in webhook.rooms)
        and (
            not event.type.startswith("message.")
            or (
                (webhook.types is None or event.message_type in webhook.types)
                and (webhook.senders is None or event.from_name in webhook.senders)
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
