"""Deliveries made due again by hand."""

from gateway.domain.model import Delivery, DeliveryState, Webhook
from gateway.storage.redelivering import refusal
from tests.conformance.ports import webhook
from tests.fakes.clock import NOON

DEAD = Delivery("dlv_1", "wh_1", "evt_1", 1, DeliveryState.DEAD, NOON)


def test_a_refusal_says_what_to_do() -> None:
    """Whoever may not send again is told why, with the state it is in."""
    inactive = webhook(active=False)
    known: dict[str, Webhook] = {}

    gone = refusal(DEAD, known.get)
    disabled = refusal(DEAD, {"wh_1": inactive}.get)

    assert gone is not None
    assert disabled is not None
    assert "deleted" in gone.detail
    assert "enable it first" in disabled.detail
    assert gone.facts == disabled.facts == {"state": "dead"}
    assert refusal(DEAD, {"wh_1": webhook()}.get) is None
