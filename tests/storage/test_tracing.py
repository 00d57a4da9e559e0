"""What was told of messages, for reading."""

from pathlib import Path

import pytest

from gateway.domain.model import ErrorClass
from tests.conformance.ports import attempt, incoming, received, retrying, webhook
from tests.fakes.clock import NOON
from tests.storage.opening import opened


@pytest.mark.parametrize(("most", "shown"), [(2, [1, 2]), (3, [1, 2, 3])])
async def test_attempts_are_cut_at_the_most(
    tmp_path: Path, most: int, shown: list[int]
) -> None:
    """Those made first are told; exactly as many as asked for is not a cut."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        now = due.delivery
        for _ in range(3):
            failure = attempt(now, error=ErrorClass.DNS_ERROR)
            now = retrying(now, NOON)
            await store.deliveries.record(now, failure)

        told = await store.traces.told("msg_1", most)

    assert [one.number for one in told.attempts] == shown
    assert told.attempts[0].error_class is ErrorClass.DNS_ERROR
    assert told.is_cut == (most < 3)
