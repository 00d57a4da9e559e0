"""What an event is stored as."""

from dataclasses import replace
from itertools import count
from random import Random

import pytest

from gateway.domain.ids import Ids
from gateway.domain.model import Delivery, DeliveryState
from gateway.storage.batch import Batch
from gateway.storage.directory import Directory
from gateway.storage.fanout import OWED, FanOut, settled
from gateway.storage.following import Following
from gateway.storage.fresh import Fresh
from tests.conformance.ports import joined, webhook
from tests.fakes.clock import NOON, FakeClock

OWING = Delivery(
    "dlv_1", "wh_1", "evt_1", 1, DeliveryState.PENDING, NOON, next_attempt_at=NOON
)


@pytest.mark.parametrize("state", sorted(set(DeliveryState) - OWED))
def test_only_what_is_owed_is_held_or_cancelled(state: DeliveryState) -> None:
    """A delivery that has ended, or is in flight, stays as it is."""
    delivery = replace(OWING, state=state)

    assert settled(delivery, None) == delivery
    assert settled(delivery, webhook(active=False)) == delivery


@pytest.mark.parametrize("state", sorted(OWED))
def test_what_is_owed_follows_its_webhook(state: DeliveryState) -> None:
    """Owed to an active webhook it stays, to an inactive one it is held."""
    delivery = replace(OWING, state=state)
    gone = webhook(active=False, disabled_reason="gone")

    held, cancelled = settled(delivery, gone), settled(delivery, None)

    assert settled(delivery, webhook()) == delivery
    assert (held.state, held.reason) == (DeliveryState.HELD, "gone")
    assert (cancelled.state, cancelled.reason) == (
        DeliveryState.CANCELLED,
        "webhook_deleted",
    )
    assert held.next_attempt_at is None
    assert cancelled.next_attempt_at is None


def test_only_active_webhooks_are_woken() -> None:
    """Whoever waits is told of what is due, not of what is held."""
    clock = FakeClock()
    directory = Directory([webhook("1"), webhook("2", active=False)])
    rng = Random(1)  # noqa: S311  # Ids of a test, to be repeated.
    fan_out = FanOut(directory, Ids(clock, rng), clock, count(1), Fresh(), Following(0))
    batch = Batch(seq=0)

    fan_out.stage(batch, [joined("1"), joined("2")])

    assert list(batch.owed) == ["wh_1"]
    assert batch.seq == 2
