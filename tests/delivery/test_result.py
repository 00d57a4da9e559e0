"""A result says nothing that it was not told."""

from gateway.delivery.result import Mark, Result
from gateway.domain.model import Delivery, DeliveryState
from tests.fakes.clock import NOON


def test_a_bare_result_asks_for_nothing() -> None:
    """Without more it tells nobody, pauses and disables nothing, and marks nobody."""
    delivery = Delivery("dlv_1", "wh_1", "evt_1", 1, DeliveryState.DEAD, NOON)

    result = Result(delivery, None)

    assert (result.events, result.mark) == ((), Mark.NONE)
    assert (result.pause, result.disables, result.answered) == (None, None, None)
