"""The webhooks of configuration are in the store as they are listed."""

from dataclasses import replace

import pytest

from gateway.delivery.declared import Declared
from gateway.domain.errors import Invalid, UrlBlocked
from tests.fakes.delivering import (
    SECRET,
    Delivering,
    a_webhook,
    check_url,
    delivering,
)

URL = "https://example.com/hook"


def an_entry(name: str = "pager", **further: object) -> dict[str, object]:
    """Return an entry as it stands in the setting."""
    return {"name": name, "url": URL, "secret": SECRET, **further}


def declared_in(world: Delivering) -> Declared:
    """Return what brings entries into the world's store."""
    return Declared(world.roster, check_url, world.clock, world.meter)


async def test_an_entry_becomes_a_webhook() -> None:
    """An entry is stored under an id made of its name, with source `env`."""
    world = Delivering()

    await declared_in(world).declare([an_entry(events=["room.*"])])

    webhook = world.roster.get("wh_env_pager")
    assert (webhook.url, webhook.events, webhook.source) == (URL, ("room.*",), "env")
    assert (webhook.secret, webhook.name) == (SECRET, "pager")


async def test_the_same_entries_again_change_nothing() -> None:
    """Starting again with the same configuration makes no commit."""
    world = Delivering()
    await declared_in(world).declare([an_entry()])
    before = world.store.commits
    await world.clock.advance(60)

    await declared_in(world).declare([an_entry()])

    assert world.store.commits == before


async def test_a_changed_entry_changes_the_webhook() -> None:
    """What the entry no longer says has its default again."""
    world = Delivering()
    await declared_in(world).declare([an_entry(max_in_flight=2)])

    await declared_in(world).declare([an_entry(description="new")])

    webhook = world.roster.get("wh_env_pager")
    assert (webhook.max_in_flight, webhook.description) == (8, "new")


async def test_deliveries_of_a_removed_entry_are_held() -> None:
    """What is owed to an entry no longer listed waits, and nothing new is owed."""
    world = Delivering()
    await declared_in(world).declare([an_entry()])
    await world.say()

    await declared_in(world).declare([])
    await world.say()

    assert world.states == ["held"]
    assert world.roster.get("wh_env_pager").disabled_reason == "removed"


async def test_an_entry_that_comes_back_gets_what_was_held() -> None:
    """Listed again, the webhook is active and its deliveries go out."""
    world = Delivering()
    await declared_in(world).declare([an_entry()])
    await world.say()
    await declared_in(world).declare([])

    await declared_in(world).declare([an_entry()])
    async with delivering(world):
        pass

    assert world.states == ["delivered"]


@pytest.mark.parametrize("reason", ["gone", "failing", "by_request"])
async def test_what_was_switched_off_stays_off(reason: str) -> None:
    """A restart does not call again who asked not to be called."""
    world = Delivering()
    await declared_in(world).declare([an_entry()])
    webhook = world.roster.get("wh_env_pager")
    await world.add(replace(webhook, active=False, disabled_reason=reason))

    await declared_in(world).declare([an_entry()])

    assert world.roster.get("wh_env_pager").disabled_reason == reason


async def test_an_entry_that_comes_back_inactive_is_listed() -> None:
    """It is inactive because the entry says so, not because it was removed."""
    world = Delivering()
    await declared_in(world).declare([an_entry()])
    await declared_in(world).declare([])

    await declared_in(world).declare([an_entry(active=False)])

    webhook = world.roster.get("wh_env_pager")
    assert (webhook.active, webhook.disabled_reason) == (False, None)


async def test_a_new_url_is_a_new_start() -> None:
    """An entry moved to another URL is active, whatever the old one answered."""
    world = Delivering()
    await declared_in(world).declare([an_entry()])
    webhook = world.roster.get("wh_env_pager")
    await world.add(replace(webhook, active=False, disabled_reason="gone"))

    await declared_in(world).declare([an_entry(url="https://new.example/")])

    assert world.roster.get("wh_env_pager").active


async def test_webhooks_made_by_request_are_left_alone() -> None:
    """Configuration takes away only what it gave."""
    world = Delivering()
    await world.add(a_webhook())

    await declared_in(world).declare([])

    assert world.roster.get("wh_one") == a_webhook()


@pytest.mark.parametrize(
    ("entries", "pointer"),
    [
        ([{"url": URL, "secret": SECRET}], "/0/name"),
        ([{"name": "x", "url": URL}], "/0/secret"),
        ([an_entry("a b")], "/0/name"),
        ([an_entry("x"), an_entry("x")], "/1/name"),
        ([an_entry("x"), an_entry("y", timeout_s=99)], "/1/timeout_s"),
        ([an_entry("x", colour="red")], "/0/colour"),
        ([an_entry("x", event="room.gap")], "/0/event"),
        ([an_entry("x", filter="[")], "/0/filter"),
    ],
)
async def test_a_wrong_entry_is_pointed_at(
    entries: list[dict[str, object]], pointer: str
) -> None:
    """A mistake in the list is named by its place, and nothing of it is stored."""
    world = Delivering()

    with pytest.raises(Invalid) as caught:
        await declared_in(world).declare(entries)

    assert [error.pointer for error in caught.value.errors] == [pointer]
    assert world.roster.all() == []


async def test_a_blocked_url_is_pointed_at() -> None:
    """The guard is asked about configured URLs too."""
    with pytest.raises(UrlBlocked) as caught:
        await declared_in(Delivering()).declare([an_entry(url="http://inside/")])

    assert caught.value.errors[0].pointer == "/0/url"
