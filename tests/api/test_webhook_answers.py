"""Webhooks are shown without their secrets."""

from datetime import timedelta

from gateway.api.webhook_answers import health_shown, trial_shown, webhook_shown
from gateway.api.webhook_shapes import TrialShape, WebhookDetail, WebhookShape
from gateway.delivery.ports import WebhookHealth
from gateway.delivery.trial import TrialResult
from gateway.domain.model import Format, OldSecret, Outcome, RateLimit, Standing
from tests.fakes.clock import NOON
from tests.fakes.delivering import SECRET, a_webhook

HOUR = timedelta(hours=1)
WEBHOOK = a_webhook(
    old_secrets=(OldSecret("whsec_1", NOON + HOUR), OldSecret("whsec_2", NOON)),
    format=Format.TEMPLATE,
    template='{"text":"{{ text }}"}',
    rate_limit=RateLimit(2.5, 3),
    headers={"Authorization": "Bearer 5f2c"},
    is_subscription=True,
)


def test_old_secrets_show_until_when_they_sign() -> None:
    """Neither which they are, nor those that are over."""
    shown = webhook_shown(WEBHOOK, NOON)

    assert shown["old_secrets"] == [{"until": "2026-03-14T13:00:00.000Z"}]
    assert (shown["secret"], "whsec_" in str(shown)) == ("***", False)
    WebhookShape.model_validate(shown)


def test_a_template_is_shown_as_it_was_given() -> None:
    """A JSON value, and no text of one."""
    shown = webhook_shown(WEBHOOK, NOON)

    assert shown["template"] == {"text": "{{ text }}"}
    assert shown["rate_limit"] == {"per_second": 2.5, "burst": 3}
    assert shown["subscription"] is True


def test_a_new_secret_is_shown() -> None:
    """To whoever has just made it."""
    assert webhook_shown(WEBHOOK, NOON, secret=SECRET)["secret"] == SECRET


def test_a_pause_is_shown_while_it_lasts() -> None:
    """One that is over says nothing any more."""
    standing = Standing("busy", NOON, None, NOON - HOUR, None, NOON + HOUR)
    health = WebhookHealth(1, 2, 3, standing)

    shown = health_shown(health, NOON, circuit="half_open")
    later = health_shown(health, NOON + HOUR, circuit="closed")

    assert shown["paused_until"] == "2026-03-14T13:00:00.000Z"
    assert shown["failing_since"] == "2026-03-14T11:00:00.000Z"
    assert later["paused_until"] is None
    WebhookDetail.model_validate({**webhook_shown(WEBHOOK, NOON), **shown})


def test_a_test_that_sent_nothing_has_no_request() -> None:
    """Its detail says what went wrong."""
    result = TrialResult(ok=False, outcome=Outcome(None, None, timedelta(), "Why."))

    shown = trial_shown(result)

    assert (shown["ok"], shown["detail"], shown["request"]) == (False, "Why.", None)
    TrialShape.model_validate(shown)
