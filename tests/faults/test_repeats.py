"""What is asked many times is done once, whatever becomes of the gateway meanwhile."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from tests.faults.repeating import Repeaters, Said
from tests.faults.town import FINAL, Json, Town, a_town, clock

KEYS = 50
RACING = 10
BATCH = 100


def bodies() -> dict[str, Json]:
    """Return a message for each of the keys."""
    return {
        f"order-{number}": {"to": "peer", "message": {"n": number}, "ttl": 600}
        for number in range(KEYS)
    }


def ids(said: Iterable[Said]) -> dict[str, set[str]]:
    """Return which messages the answers to each key name."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in said:
        found[each.key].add(each.json["id"])
    return found


async def heard(town: Town, count: int) -> None:
    """Return as soon as the peer has heard so many messages."""
    while town.ledger.heard.total() < count:
        await clock.sleep(0.001)


async def sent(town: Town) -> list[Json]:
    """Return every message that the gateway has accepted, once all have their end."""
    found: list[Json] = []
    cursor = ""
    while True:
        page = await town.get(f"/messages?direction=out&limit=200{cursor}")
        found += page["messages"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    ended = [await town.get(f"/messages/{each['id']}?wait=30") for each in found]
    assert {each["status"] for each in ended} <= FINAL
    return ended


def settle(town: Town, messages: Iterable[Json]) -> Counter[str]:
    """Assert that what is sent was heard once, and the rest once at most."""
    statuses: Counter[str] = Counter()
    for message in messages:
        times = town.ledger.heard[message["message"]["n"]]
        statuses[message["status"]] += 1
        if message["status"] == "sent":
            assert times == 1, message
        else:
            # Between write and acknowledgement nobody knows; it is not said again.
            assert message["status"] == "unknown", message
            assert times <= 1, message
    return statuses


@pytest.mark.timeout(120)
async def test_of_racing_repeats_each_key_is_said_once(tmp_path: Path) -> None:
    """500 requests with 50 keys: 50 messages, and 450 answers that name them again."""
    async with a_town(tmp_path, told=False) as town, Repeaters(town) as callers:
        answers = await callers.race("/send", bodies(), RACING)
        messages = await sent(town)

        named = ids(answers)

        assert {each.status for each in answers} <= {200, 202}
        assert sum(each.is_replay for each in answers) == KEYS * (RACING - 1)
        assert {len(each) for each in named.values()} == {1}
        assert len(messages) == len(named) == KEYS
        assert settle(town, messages) == {"sent": KEYS}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "rounds", [pytest.param(2), pytest.param(40, marks=pytest.mark.long)]
)
async def test_kill_9_among_repeats_says_nothing_twice(
    tmp_path: Path, rounds: int
) -> None:
    """Who got no answer asks again: one message a key, sent, or unknown and not again.

    A kill takes the answers of a moment with it, and what was about to be stored.
    """
    moments = Random(rounds)  # noqa: S311  # the same moments each time
    statuses: Counter[str] = Counter()
    repeated = 0
    for turn in range(rounds):
        home = tmp_path / str(turn)
        home.mkdir()
        async with a_town(home, told=False) as town, Repeaters(town) as callers:
            async with asyncio.TaskGroup() as tasks:
                race = callers.race("/send", bodies(), RACING, apart_s=0.02)
                racing = tasks.create_task(race)
                await heard(town, moments.randrange(KEYS * 9 // 10))
                await town.kill()
                await town.start()
            answers = racing.result()
            messages = await sent(town)

            named = ids(answers)

            assert {each.status for each in answers} <= {200, 202}
            assert {len(each) for each in named.values()} == {1}
            assert len(messages) == len(named) == KEYS
            statuses += settle(town, messages)
            repeated += sum(each.asked > 1 for each in answers)
    print(f"{rounds} kills; {repeated} asked again, {dict(statuses)}")  # noqa: T201
    assert repeated > 0


@pytest.mark.timeout(120)
async def test_a_racing_batch_is_stored_once_over_a_kill(tmp_path: Path) -> None:
    """Of 20 at once and 20 over a kill all name the same 100 messages, in order."""
    batch = {
        "messages": [
            {"to": "peer", "message": {"n": number}, "ttl": 600}
            for number in range(BATCH)
        ]
    }
    async with a_town(tmp_path, told=False) as town, Repeaters(town) as callers:
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(callers.race("/send/batch", {"a": batch}, 20))
            await heard(town, 5)
            await town.kill()
            await town.start()
        later = await callers.race("/send/batch", {"a": batch}, 20)
        messages = await sent(town)

        answers = [*first.result(), *later]
        named = {
            tuple(each["id"] for each in answer.json["results"]) for answer in answers
        }

        assert {answer.status for answer in answers} <= {200, 202}
        assert all(answer.is_replay for answer in later)
        assert len(named) == 1
        assert set(named.pop()) == {message["id"] for message in messages}
        assert len(messages) == BATCH
        settle(town, messages)


@pytest.mark.timeout(120)
async def test_racing_requests_with_a_key_make_one_webhook(tmp_path: Path) -> None:
    """All are answered with its secret, which is shown that once, also after a kill."""
    async with a_town(tmp_path, told=False) as town, Repeaters(town) as callers:
        hook = {"url": town._hook}
        racing = await callers.race("/webhooks", {"hook": hook}, 20)
        await town.kill()
        await town.start()
        later = await callers.race("/webhooks", {"hook": hook}, 5)

        found = await town.get("/webhooks")

        assert {each.status for each in (*racing, *later)} == {201}
        assert len({each.content for each in (*racing, *later)}) == 1
        assert racing[0].json["secret"].startswith("whsec_")
        assert sum(not each.is_replay for each in racing) == 1
        assert [each["id"] for each in found["webhooks"]] == [racing[0].json["id"]]
