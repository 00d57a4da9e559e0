"""How deliveries to a webhook fare."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gateway.domain.model import Attempt, ErrorClass
from gateway.storage.health import error_of
from gateway.storage.rows import micros
from tests.conformance.ports import attempt, incoming, received, retrying, webhook
from tests.fakes.clock import NOON
from tests.storage.opening import opened, query

FAILED = Attempt(
    "att_1",
    "dlv_1",
    1,
    NOON,
    timedelta(),
    None,
    ErrorClass.DNS_ERROR,
    None,
    "try_again",
)


def test_an_error_is_told_in_the_most_words_there_are() -> None:
    """A sentence before a class, a class before nothing."""
    assert error_of(replace(FAILED, detail="No such host.")) == "No such host."
    assert error_of(FAILED) == "dns_error"
    assert error_of(replace(FAILED, error_class=None)) == "failed"


async def test_failing_since_is_the_first_failure_after_a_success(
    tmp_path: Path,
) -> None:
    """A row of failures keeps when it began, and a success ends it."""
    since = "SELECT failing_since FROM webhook_health"
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        now = due.delivery
        seen = []
        for minute, error in enumerate([ErrorClass.HTTP_STATUS] * 2 + [None]):
            at = NOON + timedelta(minutes=minute)
            made = replace(attempt(now, error=error, at=at), duration=timedelta())
            now = retrying(now, at)
            await store.deliveries.record(now, made)
            seen += await query(store, since)

    assert seen == [(micros(NOON),), (micros(NOON),), (None,)]
