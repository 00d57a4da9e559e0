"""What every store promises about replays."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.errors import Invalid, NotFound
from gateway.domain.model import (
    DeliveryState,
    EventType,
    Ordering,
    Replay,
    ReplayOnly,
    ReplayState,
)
from tests.conformance.ports import (
    Ports,
    attempt,
    delivered,
    event_ids,
    incoming,
    joined,
    received,
    retrying,
    webhook,
)
from tests.fakes.clock import NOON, FakeClock

PATTERNS = ("message.*", EventType.ROOM_GAP.value)


def replay(name: str = "1", **changes: object) -> Replay:
    """Return a replay of everything from wh_1 to itself, five events long."""
    blank = Replay(
        id=f"rpl_{name}",
        webhook_id="wh_1",
        target_id="wh_1",
        only=ReplayOnly.ALL,
        created_at=NOON,
        last=5,
    )
    return replace(blank, **changes)  # type: ignore[arg-type]  # A test's own changes.


@pytest.fixture
async def owing(store: Ports) -> Ports:
    """Return a store that owes events 0 … 4 to wh_1."""
    await store.webhooks.put(webhook())
    for n in range(5):
        await store.log.append(received(f"{n}"), message=incoming(f"{n}"))
    return store


@pytest.fixture
async def mixed(owing: Ports) -> Ports:
    """Return a store with events delivered, dead, held, cancelled and pending."""
    due = await owing.deliveries.claim("wh_1", 4)
    states = ("DELIVERED", "DEAD", "HELD", "CANCELLED")
    for one, state in zip(due, states, strict=True):
        changed = replace(one.delivery, state=DeliveryState[state])
        await owing.deliveries.record(changed, None)
    return owing


async def found(store: Ports, sought: Replay, limit: int = 99) -> list[str]:
    """Return the names of the events that a replay finds next."""
    recall = await store.replays.recall(sought, limit, messages=False)
    return [each.event.id for each in recall.found]


async def test_a_replay_is_read_as_it_was_stored(store: Ports) -> None:
    """Every field survives."""
    sparse = replay("1")
    full = replay(
        "2",
        target_id="wh_2",
        only=ReplayOnly.MISSING,
        since=NOON - timedelta(hours=2),
        until=NOON,
        events=PATTERNS,
        matched=7,
        position=3,
        key_id="key_1",
    )

    await store.replays.add(sparse)
    await store.replays.add(full)

    assert await store.replays.get("rpl_1") == sparse
    assert await store.replays.get("rpl_2") == full
    assert await store.replays.get("rpl_3") is None


async def test_replays_are_listed_newest_first(store: Ports) -> None:
    """Following cursors gives each replay once."""
    for name in ("1", "2", "3"):
        await store.replays.add(replay(name))

    first = await store.replays.list(None, 2)
    second = await store.replays.list(first.next_cursor, 2)

    names = [each.id for each in (*first.replays, *second.replays)]
    assert names == ["rpl_3", "rpl_2", "rpl_1"]
    assert second.next_cursor is None


async def test_a_cursor_of_another_list_is_refused(store: Ports) -> None:
    """A cursor that was not given by this list is the caller's error."""
    with pytest.raises(Invalid):
        await store.replays.list("d5", 9)


async def test_the_head_is_the_last_place(owing: Ports) -> None:
    """Five events were appended."""
    assert await owing.replays.head() == 5


async def test_an_empty_log_has_its_head_at_nothing(store: Ports) -> None:
    """There is no place yet."""
    assert await store.replays.head() == 0


async def test_recall_looks_at_so_many_events_and_says_how_far(owing: Ports) -> None:
    """From the position on, in order; at the end it is at the replay's last."""
    first = await owing.replays.recall(replay(), 3, messages=False)
    rest = await owing.replays.recall(
        replay(position=first.position), 3, messages=False
    )

    assert [each.event.seq for each in first.found] == [1, 2, 3]
    assert [each.event.seq for each in rest.found] == [4, 5]
    assert (first.position, rest.position) == (3, 5)


async def test_recall_ends_at_the_last_place_of_the_replay(owing: Ports) -> None:
    """What came after it was made is none of its business."""
    assert await found(owing, replay(last=2)) == ["evt_0", "evt_1"]


async def test_recall_brings_messages_when_asked(owing: Ports) -> None:
    """An event that is about none has none."""
    await owing.log.append(joined("j"))

    recall = await owing.replays.recall(replay(last=6), 9, messages=True)

    told = [each.message for each in recall.found]
    assert [message and message.id for message in told[3:]] == ["msg_3", "msg_4", None]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (ReplayOnly.FAILED, ["evt_1"]),
        (ReplayOnly.MISSING, ["evt_1", "evt_3"]),
        (ReplayOnly.ALL, [f"evt_{n}" for n in range(5)]),
    ],
)
async def test_only_says_what_is_found(
    mixed: Ports, only: ReplayOnly, expected: list[str]
) -> None:
    """Given up; neither got nor owed any more; or whatever became of it."""
    assert await found(mixed, replay(only=only)) == expected


async def test_what_was_delivered_after_all_has_not_failed(mixed: Ports) -> None:
    """A dead delivery counts for nothing beside one that succeeded."""
    await mixed.replays.add(replay("1", only=ReplayOnly.FAILED))
    recall = await mixed.replays.recall(replay(), 2, messages=False)
    event = recall.found[1].event
    await mixed.replays.owe(replay("1"), [event], 5)
    due = await mixed.deliveries.claim("wh_1", 9)
    again = next(one.delivery for one in due if one.delivery.replay_id)
    await mixed.deliveries.record(delivered(again), attempt(again))

    assert await found(mixed, replay(only=ReplayOnly.FAILED)) == []


async def test_only_is_about_the_webhook_and_not_about_the_target(
    mixed: Ports,
) -> None:
    """Another webhook can be given what this one has not got."""
    sought = replay(only=ReplayOnly.FAILED, target_id="wh_2")

    assert await found(mixed, sought) == ["evt_1"]
    assert await found(mixed, replace(sought, webhook_id="wh_2")) == []


async def test_times_are_from_and_before(store: Ports) -> None:
    """`since` is within, `until` is not."""
    for minute in range(4):
        at = NOON + timedelta(minutes=minute)
        await store.log.append(replace(joined(f"{minute}"), at=at))
    sought = replay(
        since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=3)
    )

    assert await found(store, sought) == ["evt_1", "evt_2"]


async def test_events_narrow_what_is_found(owing: Ports) -> None:
    """By type or pattern."""
    await owing.log.append(joined("j"))

    assert len(await found(owing, replay(last=6, events=PATTERNS))) == 5
    assert await found(owing, replay(last=6, events=("participant.joined",))) == [
        "evt_j"
    ]
    assert await found(owing, replay(last=6, events=("room.*",))) == []


async def test_events_about_the_target_are_not_found(store: Ports) -> None:
    """A webhook is never told of what happens to itself."""
    await store.log.append(replace(joined("1"), webhook_id="wh_1"))
    await store.log.append(replace(joined("2"), webhook_id="wh_2"))

    assert await found(store, replay()) == ["evt_2"]


async def test_a_step_owes_events_once_more(mixed: Ports) -> None:
    """New deliveries of the same events, due now, that know their replay."""
    await mixed.replays.add(replay())
    recall = await mixed.replays.recall(replay(), 2, messages=False)
    events = [each.event for each in recall.found]
    woken: list[str] = []
    mixed.deliveries.on_owed(woken.extend)

    left = await mixed.replays.owe(replay(), events, recall.position)

    assert left == replay(owed=2, position=2)
    assert await mixed.replays.get("rpl_1") == left
    assert woken == ["wh_1"]
    due = await mixed.deliveries.claim("wh_1", 9)
    assert event_ids(due) == ["evt_4", "evt_0", "evt_1"]
    assert [one.delivery.replay_id for one in due] == [None, "rpl_1", "rpl_1"]


async def test_a_step_is_not_made_twice(owing: Ports) -> None:
    """Whoever comes with a position of before changes nothing."""
    await owing.replays.add(replay())
    recall = await owing.replays.recall(replay(), 1, messages=False)
    events = [each.event for each in recall.found]
    once = await owing.replays.owe(replay(), events, 1)

    again = await owing.replays.owe(replay(), events, 1)

    assert again == once == replay(owed=1, position=1)
    assert await owing.replays.progress("rpl_1") == {DeliveryState.PENDING: 1}


async def test_a_cancelled_replay_takes_no_step(owing: Ports) -> None:
    """A step that was prepared when it was cancelled makes nothing."""
    await owing.replays.add(replay())
    recall = await owing.replays.recall(replay(), 1, messages=False)
    events = [each.event for each in recall.found]
    await owing.replays.end("rpl_1", ReplayState.CANCELLED)

    left = await owing.replays.owe(replay(), events, 1)

    assert (left.state, left.owed, left.position) == (ReplayState.CANCELLED, 0, 0)
    assert await owing.replays.progress("rpl_1") == {}


async def test_what_is_owed_to_an_inactive_target_is_held(owing: Ports) -> None:
    """As for any event."""
    await owing.replays.add(replay())
    recall = await owing.replays.recall(replay(), 1, messages=False)
    await owing.webhooks.put(webhook(active=False))

    await owing.replays.owe(replay(), [each.event for each in recall.found], 1)

    assert await owing.replays.progress("rpl_1") == {DeliveryState.HELD: 1}


async def test_nothing_is_owed_to_a_target_that_is_gone(owing: Ports) -> None:
    """The step is made without deliveries."""
    await owing.replays.add(replay(target_id="wh_gone"))
    sought = replay(target_id="wh_gone")
    recall = await owing.replays.recall(sought, 1, messages=False)

    left = await owing.replays.owe(sought, [each.event for each in recall.found], 1)

    assert (left.owed, left.position) == (0, 1)


async def test_cancelling_takes_back_what_waits(owing: Ports, clock: FakeClock) -> None:
    """What is in flight is let go on, and taken back when it is to be retried."""
    await owing.replays.add(replay())
    recall = await owing.replays.recall(replay(), 3, messages=False)
    for _ in await owing.deliveries.claim("wh_1", 9):
        pass
    await owing.replays.owe(replay(), [each.event for each in recall.found], 3)
    (flying,) = await owing.deliveries.claim("wh_1", 1)

    first = await owing.replays.end("rpl_1", ReplayState.CANCELLED)
    unsettled = await owing.replays.unsettled("rpl_1")
    await clock.advance(5)
    later = retrying(flying.delivery, clock.now())
    await owing.deliveries.record(later, attempt(flying.delivery))
    last = await owing.replays.end("rpl_1", ReplayState.CANCELLED)

    assert (first.state, first.finished_at) == (ReplayState.CANCELLED, None)
    assert unsettled == {DeliveryState.IN_FLIGHT: 1}
    assert last.finished_at == NOON + timedelta(seconds=5)
    assert await owing.replays.progress("rpl_1") == {DeliveryState.CANCELLED: 3}
    row = await owing.deliveries.get(flying.delivery.id)
    assert row is not None
    assert row[0].delivery.reason == "replay_cancelled"


async def test_cancelling_leaves_other_deliveries_alone(owing: Ports) -> None:
    """Neither those of before nor those of another replay."""
    await owing.replays.add(replay("1"))
    await owing.replays.add(replay("2"))
    recall = await owing.replays.recall(replay(), 1, messages=False)
    events = [each.event for each in recall.found]
    await owing.replays.owe(replay("1"), events, 1)
    await owing.replays.owe(replay("2"), events, 1)

    await owing.replays.end("rpl_1", ReplayState.CANCELLED)

    assert len(await owing.deliveries.claim("wh_1", 9)) == 6
    assert await owing.replays.progress("rpl_2") == {DeliveryState.IN_FLIGHT: 1}


async def test_what_is_replayed_keeps_its_order(store: Ports) -> None:
    """It comes after what is owed already, one after the other."""
    await store.webhooks.put(webhook(ordering=Ordering.ROOM))
    await store.log.append(received("0"), message=incoming("0"))
    await store.log.append(received("1"), message=incoming("1"))
    await store.replays.add(replay(last=2))
    recall = await store.replays.recall(replay(last=2), 1, messages=False)
    events = [each.event for each in recall.found]
    await store.replays.owe(replay(last=2), events, 1)

    sent = []
    while due := await store.deliveries.claim("wh_1", 9):
        (one,) = due
        sent.append((one.event.id, one.delivery.replay_id))
        made = attempt(one.delivery)
        await store.deliveries.record(delivered(one.delivery), made)

    assert sent == [("evt_0", None), ("evt_1", None), ("evt_0", "rpl_1")]


async def test_a_cancelled_turn_is_passed_on(store: Ports) -> None:
    """What stood behind it in order is due at once."""
    await store.log.append(received("0"), message=incoming("0"))
    await store.webhooks.put(webhook(ordering=Ordering.ROOM))
    await store.replays.add(replay(last=1))
    recall = await store.replays.recall(replay(last=1), 1, messages=False)
    events = [each.event for each in recall.found]
    await store.replays.owe(replay(last=1), events, 1)
    await store.log.append(received("1"), message=incoming("1"))
    woken: list[str] = []
    store.deliveries.on_owed(woken.extend)

    await store.replays.end("rpl_1", ReplayState.CANCELLED)

    assert event_ids(await store.deliveries.claim("wh_1", 9)) == ["evt_1"]
    assert woken == ["wh_1"]


async def test_a_replay_ends_once(store: Ports, clock: FakeClock) -> None:
    """Whoever comes second is told how it ended."""
    await store.replays.add(replay("1"))
    await store.replays.add(replay("2"))
    done = await store.replays.end("rpl_1", ReplayState.DONE)
    cancelled = await store.replays.end("rpl_2", ReplayState.CANCELLED)
    await clock.advance(5)

    assert await store.replays.end("rpl_1", ReplayState.CANCELLED) == done
    assert await store.replays.end("rpl_2", ReplayState.DONE) == cancelled
    assert (done.state, done.finished_at) == (ReplayState.DONE, NOON)
    assert (cancelled.state, cancelled.finished_at) == (ReplayState.CANCELLED, NOON)


async def test_an_unknown_replay_cannot_end(store: Ports) -> None:
    """It is the caller's error."""
    with pytest.raises(NotFound):
        await store.replays.end("rpl_none", ReplayState.CANCELLED)


async def test_what_is_unfinished_is_told_oldest_first(store: Ports) -> None:
    """A start goes on with these."""
    for name in ("1", "2", "3"):
        await store.replays.add(replay(name))
    await store.replays.end("rpl_2", ReplayState.DONE)

    unfinished = await store.replays.unfinished()

    assert [each.id for each in unfinished] == ["rpl_1", "rpl_3"]
