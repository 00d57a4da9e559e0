"""Deliveries: what follows from what they hold."""

from gateway.domain.model import Delivery, DeliveryState
from tests.fakes.clock import NOON


def test_a_new_delivery_is_attempted_from_the_start() -> None:
    """Nothing has been tried of it, and nobody waits for it."""
    delivery = Delivery("dlv_1", "wh_1", "evt_1", 1, DeliveryState.PENDING, NOON)

    assert (delivery.attempts, delivery.schedule_index) == (0, 0)
    assert (delivery.order_key, delivery.replay_id) == (None, None)
