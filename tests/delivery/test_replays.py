"""What callers may ask of replays, and what is counted for them."""

from datetime import timedelta

import pytest

from gateway.delivery import replays
from gateway.delivery.replays import Rehearsed, Wish, read_wish
from gateway.domain.errors import Invalid, NotFound, UrlBlocked, WrongState
from gateway.domain.model import DeliveryState, ReplayOnly, ReplayState
from tests.fakes.clock import NOON
from tests.fakes.delivering import a_webhook
from tests.fakes.replaying import Replaying, replaying

DEAD = DeliveryState.DEAD


async def a_world(*, events: int = 3) -> Replaying:
    """Return a world that owes some messages to wh_one."""
    world = Replaying()
    await world.add(a_webhook())
    await world.say(times=events)
    return world


async def test_a_replay_is_counted_and_kept() -> None:
    """It knows what it found, and the stretch of the log in which that lies."""
    world = await a_world(events=5)
    await world.give_up(1, 3)

    begun = await world.begin()

    assert (begun.matched, begun.position, begun.last) == (2, 1, 4)
    assert begun.only is ReplayOnly.FAILED
    assert await world.store.replays.get(begun.id) == begun
    (line,) = world.meter.named("replay.started")
    assert line == {
        "replay_id": begun.id,
        "webhook_id": "wh_one",
        "target_id": "wh_one",
        "matched": 2,
    }


async def test_a_dry_run_counts_and_stores_nothing() -> None:
    """It says how many there are."""
    world = await a_world()
    await world.give_up(0, 1)

    found = await world.controls.begin("wh_one", {"dry_run": True})

    assert found == Rehearsed(2)
    assert (await world.store.replays.list(None, 9)).replays == []
    assert world.meter.named("replay.started") == []


async def test_nothing_found_is_a_replay_too() -> None:
    """It has nothing to go through."""
    world = await a_world()

    begun = await world.begin()

    assert (begun.matched, begun.position) == (0, begun.last)


async def test_counting_goes_over_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is looked at once."""
    monkeypatch.setattr(replays, "PAGE_EVENTS", 2)
    world = await a_world(events=7)

    begun = await world.begin(only="all")

    assert (begun.matched, begun.position, begun.last) == (7, 0, 7)


async def test_what_is_missing_is_what_the_terms_want_now() -> None:
    """A webhook that is new, or wants more than it did, gets what it did not get."""
    world = Replaying()
    await world.add(a_webhook(rooms=("elsewhere",)))
    await world.say(times=3)

    before = await world.begin(only="missing")
    await world.change("wh_one", rooms=None)
    after = await world.begin(only="missing")

    assert (before.matched, after.matched) == (0, 3)


async def test_filters_are_asked_about_the_past() -> None:
    """They see the message that the event tells of."""
    world = Replaying()
    await world.say("early")
    await world.say("late")
    await world.add(a_webhook(filter="data.message.text == 'late'"))

    begun = await world.begin(only="missing")

    assert (begun.matched, begun.position, begun.last) == (1, 1, 2)


async def test_what_failed_was_wanted_whatever_the_terms_are_now() -> None:
    """Terms of today do not unmake what was owed."""
    world = await a_world()
    await world.give_up(0)
    await world.change("wh_one", rooms=("elsewhere",))

    begun = await world.begin()

    assert begun.matched == 1


async def test_another_webhook_may_get_them() -> None:
    """What one has not got goes to the other, by the other's terms."""
    world = await a_world()
    await world.add(a_webhook("two", events=("room.*",)))
    await world.give_up(0, 1)

    failed = await world.begin(to="wh_two")
    missing = await world.begin(to="wh_two", only="missing")

    assert (failed.webhook_id, failed.target_id) == ("wh_one", "wh_two")
    assert (failed.matched, missing.matched) == (2, 0)


async def test_a_webhook_that_is_not_there_has_no_past() -> None:
    """404 for the one in the path; the one in the body is pointed at."""
    world = await a_world()

    with pytest.raises(NotFound):
        await world.begin("wh_none")
    with pytest.raises(Invalid) as refused:
        await world.begin(to="wh_none")

    assert [each.pointer for each in refused.value.errors] == ["/to"]


@pytest.mark.parametrize("to", [None, "wh_two"])
async def test_an_inactive_target_is_refused(to: str | None) -> None:
    """Whoever asks is told to enable it."""
    world = await a_world()
    await world.add(a_webhook("two", active=False))
    if to is None:
        await world.change("wh_one", active=False)

    with pytest.raises(WrongState, match="enable it first"):
        await world.begin(to=to)


async def test_a_target_that_may_not_be_called_is_refused() -> None:
    """Rules may have become stricter since the webhook was made."""
    world = await a_world()
    await world.add(a_webhook("two", url="https://inside.example/"))

    with pytest.raises(UrlBlocked) as refused:
        await world.begin(to="wh_two")

    assert [each.pointer for each in refused.value.errors] == ["/to"]


async def test_a_replay_is_shown_with_its_deliveries() -> None:
    """Counted by state."""
    world = await a_world()
    await world.give_up(0, 1)
    async with replaying(world):
        begun = await world.begin()
        await world.clock.advance(1)
        await world.become(3, DeliveryState.DELIVERED)

        standing = await world.controls.get(begun.id)

    assert standing.replay.owed == 2
    assert standing.deliveries == {
        DeliveryState.DELIVERED: 1,
        DeliveryState.PENDING: 1,
    }


async def test_a_cancelled_replay_takes_its_deliveries_along() -> None:
    """Once more is no error, and is not told twice."""
    world = await a_world()
    await world.give_up(0, 1)
    async with replaying(world):
        begun = await world.begin()
        await world.clock.advance(1)

        standing = await world.controls.cancel(begun.id)
        again = await world.controls.cancel(begun.id)

    assert standing.replay.state is ReplayState.CANCELLED
    assert again == standing
    assert world.made_by(begun) == ["cancelled", "cancelled"]
    (line,) = world.meter.named("replay.cancelled")
    assert (line["reason"], line["created"], line["matched"]) == ("by_request", 2, 2)


async def test_a_replay_that_is_done_cannot_be_cancelled() -> None:
    """There is nothing left to take back."""
    world = await a_world()
    begun = await world.begin()
    await world.store.replays.end(begun.id, ReplayState.DONE)

    with pytest.raises(WrongState) as refused:
        await world.controls.cancel(begun.id)

    assert refused.value.facts == {"state": "done"}


async def test_an_unknown_replay_is_not_found() -> None:
    """Neither to look at nor to cancel."""
    world = Replaying()

    with pytest.raises(NotFound):
        await world.controls.get("rpl_none")
    with pytest.raises(NotFound):
        await world.controls.cancel("rpl_none")


def test_an_empty_body_asks_for_all_that_failed() -> None:
    """Every member has a default."""
    assert read_wish({}, NOON) == Wish()
    assert read_wish({"since": None, "only": None, "dry_run": None}, NOON) == Wish()


def test_a_body_says_what_it_wants() -> None:
    """Times may be said as so long ago."""
    body = {
        "since": "2h",
        "until": "2026-03-14T13:30:00+02:00",
        "events": ["message.*", "room.gap"],
        "only": "missing",
        "to": "wh_two",
        "dry_run": True,
    }

    assert read_wish(body, NOON) == Wish(
        only=ReplayOnly.MISSING,
        since=NOON - timedelta(hours=2),
        until=NOON - timedelta(minutes=30),
        events=("message.*", "room.gap"),
        to="wh_two",
        is_dry_run=True,
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"since": "yesterday"}, "/since"),
        ({"since": 1773489600}, "/since"),
        ({"until": "2026-03-14"}, "/until"),
        ({"since": "1h", "until": "2h"}, "/until"),
        ({"since": "1h", "until": "1h"}, "/until"),
        ({"events": []}, "/events"),
        ({"events": ["message.lost"]}, "/events/0"),
        ({"events": ["message.sent", "mess*"]}, "/events/1"),
        ({"only": "some"}, "/only"),
        ({"to": 7}, "/to"),
        ({"dry_run": "yes"}, "/dry_run"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_what_cannot_be_meant_is_pointed_at(
    body: dict[str, object], pointer: str
) -> None:
    """Each place by its JSON Pointer."""
    with pytest.raises(Invalid) as refused:
        read_wish(body, NOON)

    assert [each.pointer for each in refused.value.errors] == [pointer]
