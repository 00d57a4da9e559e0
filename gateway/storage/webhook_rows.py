"""Webhooks as rows and back; what may be secret in them is sealed."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping

from gateway.domain.model import Ordering, Signature, Webhook
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
    "filter", "format", "template", "content_type", "links", "replies",
    "max_in_flight", "rate_limit", "description",
)  # fmt: skip
LISTS = ("events", "rooms", "types", "senders", "schedule_s", "stop_on")
SPANS = ("timeout", "max_age")


def row_of_webhook(webhook: Webhook, sealer: Sealer) -> dict[str, object]:
    """Return a webhook as the values of its row."""
    # Many services put a token in the URL, so it is kept with the secrets.
    secret = {
        "url": webhook.url,
        "secrets": list(webhook.secrets),
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
        secrets=tuple(secret["secrets"]),
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
    settings["signature"] = webhook.signature.value
    settings["ordering"] = webhook.ordering.value
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
    if "signature" in stored:
        settings["signature"] = Signature(stored["signature"])
    if "ordering" in stored:
        settings["ordering"] = Ordering(stored["ordering"])
    return settings
