"""What is told names ids and moments, and never a URL or a secret."""

import json

from gateway.delivery.notices import host
from gateway.delivery.standing import Turn
from gateway.domain.model import Delivery, DeliveryState, EventType, Standing
from tests.fakes.clock import NOON
from tests.fakes.delivering import Delivering, a_webhook

STANDING = Standing(last_error="It answered 500.", failing_since=NOON)
DELIVERY = Delivery(
    "dlv_1", "wh_one", "evt_1", 1, DeliveryState.RETRYING, created_at=NOON
)


def test_a_failing_webhook_is_told_of_with_since_and_why() -> None:
    """The event is about the webhook, so that it never goes there itself."""
    world = Delivering()

    event = world.attempts.notices.turned(a_webhook(), Turn.FAILING, STANDING)

    assert (event.type, event.webhook_id) == (EventType.WEBHOOK_FAILING, "wh_one")
    assert json.loads(event.data or "") == {
        "webhook_id": "wh_one",
        "reason": "failing",
        "failing_since": "2026-03-14T12:00:00.000Z",
        "last_error": "It answered 500.",
    }
    (line,) = world.meter.named("webhook.failing")
    assert (line["host"], line["since"]) == ("one.example", "2026-03-14T12:00:00.000Z")


def test_a_recovery_is_told_of() -> None:
    """The event and the line say since when it had been failing."""
    world = Delivering()

    event = world.attempts.notices.turned(a_webhook(), Turn.RECOVERED, STANDING)

    assert event.type is EventType.WEBHOOK_RECOVERED
    assert json.loads(event.data or "")["reason"] == "recovered"
    assert len(world.meter.named("webhook.recovered")) == 1


def test_a_disabled_webhook_is_told_of_with_its_delivery() -> None:
    """The event has the reason and the delivery that was the last straw."""
    world = Delivering()

    event = world.attempts.notices.disabled(a_webhook(), DELIVERY, "gone")

    assert json.loads(event.data or "") == {
        "webhook_id": "wh_one",
        "reason": "gone",
        "delivery_id": "dlv_1",
    }


def test_a_host_is_all_that_is_shown_of_a_url() -> None:
    """Path, query and password stay out; what is no URL has no host."""
    assert host("https://user:pw@example.com:8443/s3cret?k=v") == "example.com"
    assert host("http://[") is None
