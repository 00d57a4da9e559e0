"""Whose turn it is among deliveries that go one after the other."""

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from gateway.delivery.ports import DeliveryFilter, Hold, Release
from gateway.domain.errors import WrongState
from gateway.domain.model import Delivery, DeliveryState, Ordering
from gateway.storage.turns import stuck
from tests.conformance.ports import Ports, delivered, incoming, received, webhook
from tests.fakes.clock import FakeClock
from tests.fakes.memory_store import MemoryStore
from tests.storage.opening import a_channel, opened

OPEN = {DeliveryState.PENDING, DeliveryState.RETRYING, DeliveryState.IN_FLIGHT}
ENDS = (
    DeliveryState.DELIVERED,
    DeliveryState.DEAD,
    DeliveryState.HELD,
    DeliveryState.RETRYING,
    DeliveryState.PENDING,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 2)),
        st.tuples(st.just("claim"), st.integers(1, 4)),
        st.tuples(st.just("record"), st.integers(0, 4)),
        st.tuples(st.just("retry"), st.integers(0, 9)),
        st.tuples(st.just("put"), st.integers(0, 5)),
        st.tuples(st.just("take_over"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 9)),
    ),
    max_size=30,
)
ROOM = webhook(ordering=Ordering.ROOM)
PUTS = (
    (ROOM, None),
    (ROOM, Hold("url_changed")),
    (ROOM, Release()),
    (replace(ROOM, active=False), None),
    (replace(ROOM, ordering=Ordering.NONE), None),
    (replace(ROOM, ordering=Ordering.SENDER), Release()),
)


class Course:
    """Does to a store what a test was given, and checks it after each step."""

    def __init__(self, store: Ports, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.out: list[Delivery] = []
        self.said = 0

    async def run(self, steps: list[tuple[str, int]]) -> None:
        """Go through the steps."""
        await self.store.webhooks.put(ROOM)
        for name, choice in steps:
            await getattr(self, name)(choice)
            await self.check()

    async def say(self, choice: int) -> None:
        """Have a message received in one of three rooms."""
        self.said += 1
        name, room = f"{self.said}", f"room{choice}"
        event = received(name, room=room)
        await self.store.log.append(event, message=incoming(name, room=room))

    async def claim(self, choice: int) -> None:
        """Take what is due."""
        claimed = await self.store.deliveries.claim("wh_1", choice)
        self.out += [due.delivery for due in claimed]

    async def record(self, choice: int) -> None:
        """Have the first that is out come to one of its ends."""
        if not self.out:
            return
        back, state = self.out.pop(0), ENDS[choice]
        at = self.clock.now() + timedelta(seconds=5 * (choice == 3))
        due_at = at if state in OPEN else None
        after = replace(delivered(back), state=state, next_attempt_at=due_at)
        await self.store.deliveries.record(after, None)

    async def retry(self, choice: int) -> None:
        """Send one again by hand, if that can be."""
        known = await self.all()
        if choice < len(known):
            try:
                await self.store.deliveries.retry(known[choice].id)
            except WrongState:
                return

    async def put(self, choice: int) -> None:
        """Change the webhook."""
        changed, owed = PUTS[choice]
        await self.store.webhooks.put(changed, owed=owed)

    async def take_over(self, _choice: int) -> None:
        """Start anew."""
        await self.store.deliveries.take_over()
        self.out.clear()

    async def wait(self, choice: int) -> None:
        """Let time pass."""
        self.clock.jump(choice)

    async def all(self) -> list[Delivery]:
        """Return all deliveries, oldest first."""
        page = await self.store.deliveries.list(DeliveryFilter(limit=200))
        return [row.delivery for row in reversed(page.deliveries)]

    async def check(self) -> None:
        """Exactly one of each key has its turn, and nothing else is open unduly."""
        of_key: dict[str, list[Delivery]] = {}
        for one in await self.all():
            if one.state in OPEN and one.order_key is not None:
                of_key.setdefault(one.order_key, []).append(one)
            elif one.state in OPEN and one.state is not DeliveryState.IN_FLIGHT:
                assert one.next_attempt_at is not None
        for each in of_key.values():
            assert sum(has_turn(one) for one in each) == 1
            waiting = [one for one in each if not has_turn(one)]
            assert {one.state for one in waiting} <= {DeliveryState.PENDING}


def has_turn(delivery: Delivery) -> bool:
    """Say whether a delivery is under way, or says when it is due."""
    is_out = delivery.state is DeliveryState.IN_FLIGHT
    return is_out or delivery.next_attempt_at is not None


@given(STEPS)
@settings(max_examples=60, deadline=None)
async def test_one_of_each_key_has_its_turn_in_memory(
    steps: list[tuple[str, int]],
) -> None:
    """Whatever happens, of the open deliveries of a key one is active."""
    clock = FakeClock()

    await Course(MemoryStore(clock), clock).run(steps)


@given(STEPS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
async def test_one_of_each_key_has_its_turn_in_a_file(
    steps: list[tuple[str, int]],
) -> None:
    """Whatever happens, of the open deliveries of a key one is active."""
    clock = FakeClock()

    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder), clock=clock) as store:
            await Course(store, clock).run(steps)


@pytest.mark.parametrize("condition", ["delivery_order", "delivery_turn"])
async def test_a_turn_is_found_by_an_index(tmp_path: Path, condition: str) -> None:
    """However many wait, giving a turn reads the rows of one key's ends."""
    from gateway.storage import turns  # noqa: PLC0415  # Its statement is its own.

    values = {"webhook": "wh_1", "key": "lobby", "now": 1}
    async with a_channel(tmp_path) as channel:

        def explain(connection: object) -> str:
            raw = connection.connection.driver_connection  # type: ignore[attr-defined]
            sql = str(turns._GIVE.compile(dialect=connection.dialect))  # type: ignore[attr-defined]
            names = [name for name in values for _ in range(9)]
            rows = raw.execute(f"EXPLAIN QUERY PLAN {sql}", names[: sql.count("?")])
            return "\n".join(row[3] for row in rows)

        plan = await channel.transact(explain)

    assert condition in plan
    assert "SCAN" not in plan


async def test_nothing_is_stuck_in_an_empty_store(tmp_path: Path) -> None:
    """A store without deliveries has no key without a turn."""
    async with a_channel(tmp_path) as channel:
        assert await channel.transact(stuck) == []
