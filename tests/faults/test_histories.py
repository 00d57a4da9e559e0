"""Whatever befalls sources, what was taken in is said in order and once, or told of."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.faults.parish import Opening, Parish, a_parish
from tests.storage.opening import opened, opened_on
from tests.storage.server import Databases

STEPS = 120
ENDS = {"said", "filtered", "render_failed", "expired", "refused"}
BROKEN = '{"n":{{ n | divided_by: 0 }}}'
PLAIN = '{"n":{{ n }}}'


async def step(parish: Parish) -> None:
    """Have something happen."""
    rng, link = parish.rng, parish.link
    sender = rng.choice(parish.senders)
    things: list[tuple[int, Callable[[], object]]] = [
        (30, lambda: parish.send(sender, rng.choice((1, 3, 30)))),
        (12, parish.acknowledge),
        (12, lambda: parish.clock.advance(rng.choice((0.5, 1, 5, 40)))),
        (6, lambda: parish.store.inbox.counts(sender.path)),
        (5, lambda: setattr(parish.weather, "is_failing", True)),
        (9, lambda: setattr(parish.weather, "is_failing", False)),
        (4, parish.cut),
        (8, lambda: link.become("ready")),
        (3, lambda: link.arrive("alice")),
        (2, lambda: link.depart("alice")),
        (1, lambda: link.arrive("bob")),
        (2, lambda: link.depart("bob")),
        (
            2,
            lambda: parish.act(
                parish.patch(sender, template=rng.choice((PLAIN, BROKEN, None)))
            ),
        ),
        (2, lambda: parish.act(parish.patch(sender, filter=rng.choice(("odd", None))))),
        (2, lambda: parish.act(parish.patch(sender, active=rng.random() < 0.8))),
        (2, lambda: parish.act(parish.replay(sender))),
        (1, lambda: parish.clock.jump(rng.uniform(-60, 60))),
        (3, partial(restart, parish)),
    ]
    weights, happen = zip(*things, strict=True)
    done = rng.choices(happen, weights)[0]()
    if isinstance(done, Awaitable):
        await done


async def restart(parish: Parish) -> None:
    """Kill the process and start another."""
    await parish.kill()
    await parish.begin()


async def live(opening: Opening, seed: int) -> None:
    """Live through a history, and settle its accounts."""
    # What asyncio checks in its debug mode takes most of the time.
    asyncio.get_running_loop().set_debug(False)
    rng = Random(seed)  # noqa: S311  # the same history each time, but for its threads
    async with asyncio.timeout(60), a_parish(opening, rng) as parish:
        for number in range(STEPS):
            await step(parish)
            if number == STEPS // 2 and rng.random() < 0.5:
                parish.act(parish.delete(rng.choice(parish.senders)))
        await parish.peace()
        await settle_accounts(parish)


async def settle_accounts(parish: Parish) -> None:
    """Assert what is promised of everything that was taken in."""
    rows = await parish.rows(
        "SELECT id, source_id, state, message_id, position, replay_of FROM inbound"
    )
    found = {row[0]: row for row in rows}
    answered = [each for one in parish.senders for each in one.taken.values()]
    assert set(answered) | parish.replays <= set(found)
    assert len(set(answered)) == len(answered)
    assert {row[2] for row in rows} <= ENDS

    messages = await parish.rows("SELECT ref, id FROM message")
    refs = dict(messages)
    assert len(refs) == len(messages), "said by two messages"
    said = {row[0]: row[3] for row in rows if row[2] == "said"}
    assert sorted(said.items()) == sorted(refs.items())
    assert_said_once(parish)
    assert_in_order(parish, {row[0]: (row[1], row[4]) for row in rows})


def assert_said_once(parish: Parish) -> None:
    """Assert that nothing was said again that the room had answered."""
    answered: set[tuple[int, str | None, str]] = set()
    for life, to, ref, told in parish.link.heard:
        assert (life, to, ref) not in answered
        if told.done() and not told.cancelled() and told.exception() is None:
            answered.add((life, to, ref))


def assert_in_order(parish: Parish, places: dict[str, tuple[str, int]]) -> None:
    """Assert that what was said first of each source came in first."""
    last: dict[str, int] = {}
    seen: set[str] = set()
    for _, _, ref, _ in parish.link.heard:
        source_id, position = places[ref]
        if ref not in seen:
            assert last.get(source_id, 0) < position, (source_id, ref)
            last[source_id] = position
        seen.add(ref)


def seeds(few: int, many: int) -> list[object]:
    """Return a few histories, and many more for whoever has the time."""
    return [
        pytest.param(n, marks=[pytest.mark.long] if n >= few else [])
        for n in range(many)
    ]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", seeds(4, 200))
async def test_every_history_ends_well(tmp_path: Path, seed: int) -> None:
    """Kills, commits that fail, cuts: nothing is lost, twice, or out of order."""
    await live(lambda clock: opened(tmp_path, clock=clock), seed)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", seeds(2, 40))
async def test_every_history_ends_well_on_postgresql(
    server: Databases, seed: int
) -> None:
    """The same promises as on SQLite."""
    url = await server.new()
    await live(lambda clock: opened_on(url, clock=clock, lock_wait_s=30), seed)
