"""Deliveries, for reading."""

from dataclasses import replace
from pathlib import Path

from gateway.domain.model import ErrorClass
from tests.conformance.ports import (
    attempt,
    delivered,
    incoming,
    received,
    retrying,
    webhook,
)
from tests.fakes.clock import NOON
from tests.storage.opening import opened


async def test_the_last_attempt_is_the_one_of_the_highest_number(
    tmp_path: Path,
) -> None:
    """A list shows the attempt made last, however many there were."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        now = due.delivery
        for _ in range(11):
            failure = attempt(now, error=ErrorClass.DNS_ERROR)
            now = retrying(now, NOON)
            await store.deliveries.record(now, failure)
        last = replace(attempt(now), response=None)
        await store.deliveries.record(delivered(now), last)

        found = await store.deliveries.get(now.id)

    assert found is not None
    assert found[0].last_attempt == last
    assert [one.number for one in found[1]] == list(range(1, 13))
