"""Webhooks as answers show them: their secrets masked, their health beside them."""

from datetime import datetime

from gateway.delivery import terms
from gateway.delivery.headers import MASK, masked
from gateway.delivery.ports import WebhookHealth
from gateway.delivery.trial import TrialResult
from gateway.domain.model import Webhook
from gateway.domain.rendering import maybe_rfc3339, rfc3339


def webhook_shown(
    webhook: Webhook, now: datetime, *, secret: str = MASK
) -> dict[str, object]:
    """Return a webhook as the contract shows it, its secrets masked.

    Args:
        webhook: The webhook.
        now: The present: old secrets that sign no more are not shown.
        secret: The secret itself, for whoever has just made it.
    """
    old = [old for old in webhook.old_secrets if now < old.until]
    return {
        "id": webhook.id,
        "name": webhook.name,
        "source": webhook.source,
        "subscription": webhook.is_subscription,
        **terms.as_json(webhook),
        "headers": masked(webhook.headers, webhook.headers),
        "secret": secret,
        "old_secrets": [{"until": rfc3339(each.until)} for each in old],
        "disabled_reason": webhook.disabled_reason,
        "created_at": rfc3339(webhook.created_at),
        "updated_at": maybe_rfc3339(webhook.updated_at),
    }


def health_shown(
    health: WebhookHealth, now: datetime, *, circuit: str
) -> dict[str, object]:
    """Return how a webhook's deliveries fare as the contract shows it.

    Args:
        health: What is owed, and how the receiver stands.
        now: The present: a pause that is over is not shown.
        circuit: How its circuit stands.
    """
    standing = health.standing
    paused_until = standing.paused_until
    is_paused = paused_until is not None and now < paused_until
    return {
        "pending": health.pending,
        "held": health.held,
        "dead": health.dead,
        "last_error": standing.last_error,
        "last_error_at": maybe_rfc3339(standing.last_error_at),
        "last_success_at": maybe_rfc3339(standing.last_success_at),
        "failing_since": maybe_rfc3339(standing.failing_since),
        "paused_until": maybe_rfc3339(paused_until) if is_paused else None,
        "circuit": circuit,
    }


def trial_shown(result: TrialResult) -> dict[str, object]:
    """Return what came of a test as the contract shows it."""
    outcome, sent = result.outcome, result.request_body
    request = None
    if sent is not None:
        request = {
            "headers": dict(result.request_headers),
            "body": sent.decode("utf-8", "replace"),
        }
    response = {
        "headers": dict(outcome.headers),
        "body": outcome.body.decode("utf-8", "replace"),
    }
    return {
        "ok": result.ok,
        "status": outcome.status,
        "duration_ms": round(outcome.duration.total_seconds() * 1000, 1),
        "error_class": outcome.error_class,
        "detail": outcome.detail,
        "request": request,
        "response": None if outcome.status is None else response,
    }
