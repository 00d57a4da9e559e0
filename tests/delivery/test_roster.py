"""Webhooks are changed one at a time."""

import asyncio
from dataclasses import replace

import pytest

from gateway.delivery.ports import Release
from gateway.delivery.roster import Roster
from gateway.domain.errors import NotFound
from gateway.domain.model import Event, EventType, Webhook
from gateway.domain.once import AlreadyDone, Once
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.delivering import a_webhook
from tests.fakes.memory_store import MemoryStore


async def a_roster(*webhooks: Webhook) -> tuple[Roster, MemoryStore]:
    """Return a roster of webhooks, and the store behind it."""
    store = MemoryStore(FakeClock())
    for webhook in webhooks:
        await store.webhooks.put(webhook)
    return Roster(store.webhooks), store


async def test_two_changes_at_once_are_both_made() -> None:
    """Neither of two changes begun together undoes the other."""
    roster, _ = await a_roster(a_webhook())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            roster.change("wh_one", lambda each: replace(each, description="new"))
        )
        tasks.create_task(
            roster.change("wh_one", lambda each: replace(each, max_in_flight=2))
        )

    webhook = roster.get("wh_one")
    assert (webhook.description, webhook.max_in_flight) == ("new", 2)


async def test_the_second_of_two_with_one_key_costs_no_commit() -> None:
    """One that fails would have all that is committed with it done anew."""
    roster, store = await a_roster()
    before = store.commits

    outcomes = await asyncio.gather(
        *(roster.add(a_webhook(f"{n}"), once=Once("key:a", "k")) for n in range(2)),
        return_exceptions=True,
    )

    assert outcomes[0] is None
    assert isinstance(outcomes[1], AlreadyDone)
    assert store.commits == before + 1
    assert [each.id for each in roster.all()] == ["wh_0"]


async def test_what_is_told_is_stored_with_the_change() -> None:
    """The event of a change is in the log once the change is made."""
    roster, store = await a_roster(a_webhook())
    event = Event("evt_1", EventType.WEBHOOK_DISABLED, None, NOON, webhook_id="wh_one")

    await roster.change(
        "wh_one", lambda w: replace(w, active=False), tell=lambda _: event
    )

    assert [each.id for each in store.events] == ["evt_1"]


async def test_an_edit_that_changes_nothing_stores_nothing() -> None:
    """A change that leaves the webhook as it is makes no commit."""
    roster, store = await a_roster(a_webhook())
    before = store.commits

    await roster.change("wh_one", lambda webhook: webhook)

    assert store.commits == before


async def test_what_waits_is_moved_though_nothing_else_changes() -> None:
    """A release is stored, and nothing is told of it."""
    roster, store = await a_roster(a_webhook())
    before = store.commits

    await roster.change(
        "wh_one",
        lambda webhook: webhook,
        tell=_never,
        owed=lambda before, after: Release() if before == after else None,
    )

    assert store.commits == before + 1


async def test_an_unknown_webhook_cannot_be_changed() -> None:
    """`NotFound` for an id that is none."""
    roster, _ = await a_roster()

    with pytest.raises(NotFound):
        await roster.change("wh_none", lambda webhook: webhook)


async def test_a_check_keeps_a_webhook_from_removal() -> None:
    """A check that raises leaves the webhook where it is."""
    roster, _ = await a_roster(a_webhook())

    def check(_: Webhook) -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        await roster.remove("wh_one", check)
    assert roster.find("wh_one") is not None


def _never(webhook: Webhook) -> Event:
    raise AssertionError(webhook.id)
