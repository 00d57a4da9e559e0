"""Webhooks: what follows from what they hold."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.model import DEFAULT_SCHEDULE_S, OldSecret
from tests.domain.nouns import SECRET, WEBHOOK
from tests.fakes.clock import NOON


def test_the_default_schedule_spans_three_days() -> None:
    """Thirteen attempts over 74 h 22 m."""
    assert len(DEFAULT_SCHEDULE_S) + 1 == 13
    assert sum(DEFAULT_SCHEDULE_S) // 60 == 74 * 60 + 22


def test_a_webhook_does_not_show_its_secrets() -> None:
    """Neither URL, secrets nor headers are in what a log might print."""
    old = OldSecret("whsec_old", NOON)
    shown = repr(
        replace(WEBHOOK, headers={"Authorization": "hush"}, old_secrets=(old,))
    )

    assert WEBHOOK.url not in shown
    assert SECRET not in shown
    assert "whsec_old" not in shown
    assert "hush" not in shown


def test_an_old_secret_signs_along_until_its_time() -> None:
    """The newest secret comes first, and a replaced one ends at its moment."""
    later = NOON + timedelta(seconds=1)
    old = (OldSecret("whsec_b", later), OldSecret("whsec_a", NOON))
    webhook = replace(WEBHOOK, old_secrets=old)

    assert webhook.secrets_at(NOON) == (SECRET, "whsec_b")
    assert webhook.secrets_at(later) == (SECRET,)
