"""Webhooks as rows and back; what may be secret in them is sealed."""

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping

from gateway.domain.model import (
    Format,
    OldSecret,
    Ordering,
    RateLimit,
    Signature,
    Webhook,
)
from gateway.storage.rows import (
    dumps,
    maybe_micros,
    maybe_moment,
    micros,
    moment_of,
    span,
)
from gateway.storage.sealing import Sealer

PLAIN = (
    "filter", "template", "content_type", "links", "replies", "max_in_flight",
    "description", "is_subscription",
)  # fmt: skip
LISTS = ("events", "rooms", "types", "senders", "schedule_s", "stop_on")
SPANS = ("timeout", "max_age")
CHOICES: Mapping[str, type[StrEnum]] = {
    "format": Format,
    "signature": Signature,
    "ordering": Ordering,
}


def row_of_webhook(webhook: Webhook, sealer: Sealer) -> dict[str, object]:
    """Return a webhook as the values of its row."""
    # Many services put a token in the URL, so it is kept with the secrets.
    secret = {
        "url": webhook.url,
        "secret": webhook.secret,
        "old_secrets": [[old.secret, micros(old.until)] for old in webhook.old_secrets],
        "headers": dict(webhook.headers),
    }
    return {
        "id": webhook.id,
        "name": webhook.name,
        "source": webhook.source,
        "active": webhook.active,
        "disabled_reason": webhook.disabled_reason,
        "created_at": micros(webhook.created_at),
        "updated_at": maybe_micros(webhook.updated_at),
        "key_id": webhook.key_id,
        "settings": dumps(_settings(webhook)),
        "sealed": sealer.seal(dumps(secret), place_of(webhook.id)),
    }


def webhook_of(row: RowMapping, sealer: Sealer) -> Webhook:
    """Return the webhook of a row."""
    secret = json.loads(sealer.open(row["sealed"], place_of(row["id"])))
    return Webhook(
        id=row["id"],
        url=secret["url"],
        **_secrets_of(secret),
        headers=secret["headers"],
        created_at=moment_of(row["created_at"]),
        updated_at=maybe_moment(row["updated_at"]),
        name=row["name"],
        source=row["source"],
        active=bool(row["active"]),
        disabled_reason=row["disabled_reason"],
        key_id=row["key_id"],
        **_settings_of(json.loads(row["settings"])),
    )


def _secrets_of(sealed: Mapping[str, Any]) -> dict[str, Any]:
    if "secrets" in sealed:  # As the first schema had it: one, in a list.
        return {"secret": sealed["secrets"][0]}
    old = tuple(
        OldSecret(secret, moment_of(until)) for secret, until in sealed["old_secrets"]
    )
    return {"secret": sealed["secret"], "old_secrets": old}


def place_of(webhook_id: str) -> str:
    """Return the place that a webhook's secrets are sealed for: table and row."""
    return f"webhook:{webhook_id}"


def _settings(webhook: Webhook) -> dict[str, object]:
    settings: dict[str, object] = {name: getattr(webhook, name) for name in PLAIN}
    for name in LISTS:
        values = getattr(webhook, name)
        settings[name] = None if values is None else list(values)
    for name in SPANS:
        duration = getattr(webhook, name)
        settings[name] = None if duration is None else span(duration)
    limit = webhook.rate_limit
    settings["rate_limit"] = limit and [limit.per_second, limit.burst]
    for name in CHOICES:
        settings[name] = getattr(webhook, name).value
    return settings


def _settings_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the row does not have: it keeps the default of its time."""
    settings: dict[str, Any] = {name: stored[name] for name in PLAIN if name in stored}
    for name in LISTS:
        if name in stored:
            settings[name] = None if stored[name] is None else tuple(stored[name])
    for name in SPANS:
        if stored.get(name) is not None:
            settings[name] = timedelta(microseconds=stored[name])
    if stored.get("rate_limit") is not None:
        settings["rate_limit"] = RateLimit(*stored["rate_limit"])
    for name, choice in CHOICES.items():
        if name in stored:
            settings[name] = choice(stored[name])
    return settings
