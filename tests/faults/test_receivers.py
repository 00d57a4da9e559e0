"""Receivers that fail, hang or change their secret, among others that do not."""

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook

from tests.faults.accounts import every_delivery, nothing_open, owed
from tests.faults.town import a_town, clock

HEALTHY = 49
DUE = 10_000
OK = 204
CLAIMED = 100  # more than one webhook can have in flight and claimed ahead


@dataclass
class Call:
    """One request that a receiver got, and what it answered.

    Attributes:
        came_s: When it had come, and when it was answered, on one monotonic clock.
    """

    attempt: int
    came_s: float
    answered_s: float
    status: int


@dataclass
class Moody:
    """Fails at random, and writes every call down."""

    chance: Random
    failing: float
    calls: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        came_s = clock.monotonic()
        await request.read()
        status = 500 if self.chance.random() < self.failing else OK
        attempt = int(request.headers["webhook-attempt"])
        call = Call(attempt, came_s, clock.monotonic(), status)
        self.calls[request.headers["webhook-id"]].append(call)
        return web.Response(status=status)


@pytest.mark.timeout(600)
async def test_a_receiver_that_fails_at_random_gets_everything(tmp_path: Path) -> None:
    """10 000 events, 30 % of the answers a 500, tried again after a second each time.

    Every event arrives once, no attempt is made before its time and none after its
    verdict, and the attempts written down are those that were made.
    """
    moody = Moody(Random(3), failing=0.3)  # noqa: S311  # the same moods each time
    async with a_town(tmp_path, told=False) as town:
        await town.open(
            "moody",
            moody,
            types=["load"],
            retry={"schedule": [1] * 29},
            max_in_flight=64,
        )
        await town.peer.flood(DUE, to="gateway", type_="load")
        await nothing_open(town, patience_s=300)

        rows = await every_delivery(town)

        assert len(rows) == len(moody.calls) == DUE
        assert {row["status"] for row in rows} == {"delivered"}
        for row in rows:
            calls = moody.calls[row["event_id"]]
            assert row["attempt_count"] == len(calls)
            assert [call.attempt for call in calls] == list(range(1, len(calls) + 1))
            assert [call.status for call in calls[:-1]] == [500] * (len(calls) - 1)
            assert calls[-1].status == OK
            for before, after in pairwise(calls):
                assert after.came_s - before.answered_s >= 1.0
        for row in rows[::100]:
            kept = await town.get(f"/deliveries/{row['id']}")
            statuses = [attempt["status"] for attempt in kept["attempts"]]
            assert statuses == [call.status for call in moody.calls[row["event_id"]]]


@pytest.mark.timeout(300)
async def test_a_receiver_that_hangs_delays_no_other(tmp_path: Path) -> None:
    """10 000 due to one that never answers, beside 49 healthy ones at 2 events/s."""
    late_s: dict[int, list[float]] = defaultdict(list)
    spoken_s: dict[int, float] = {}
    hung = asyncio.Event()

    async def healthy(request: web.Request) -> web.StreamResponse:
        number = json.loads(await request.read())["data"]["message"]["n"]
        late_s[number].append(clock.monotonic() - spoken_s[number])
        return web.Response(status=OK)

    async def hanging(request: web.Request) -> web.StreamResponse:
        await request.read()
        await hung.wait()
        return web.Response(status=OK)

    async def tick(first: int, count: int) -> float:
        """Say numbers, twice a second, and return how late the latest 1 % came."""
        for number in range(first, first + count):
            spoken_s[number] = clock.monotonic()
            town.peer.send("gateway", "tick", {"n": number})
            await clock.sleep(0.5)
        async with asyncio.timeout(60):
            while any(len(late_s[n]) < HEALTHY for n in range(first, first + count)):
                await clock.sleep(0.05)
        found = sorted(s for n in range(first, first + count) for s in late_s[n])
        return found[len(found) * 99 // 100]

    async with a_town(tmp_path, told=False) as town:
        for each in range(HEALTHY):
            await town.open(f"healthy{each}", healthy, types=["tick"])
        stuck = await town.open("hanging", hanging, types=["load"])
        alone_s = await tick(0, 20)
        await town.peer.flood(DUE, to="gateway", type_="load")
        await owed(town, stuck["id"], DUE - CLAIMED)
        beside_s = await tick(100, 40)
        found = await town.get(f"/webhooks/{stuck['id']}")
        hung.set()

        print(f"healthy p99: {beside_s / alone_s:.2f} of {alone_s * 1000:.1f} ms")  # noqa: T201
        assert beside_s < 1.0
        assert all(len(each) == HEALTHY for each in late_s.values())
        assert found["pending"] >= DUE - CLAIMED
        assert found["dead"] == 0


@pytest.mark.timeout(120)
async def test_deliveries_verify_throughout_a_rotation(tmp_path: Path) -> None:
    """A receiver that takes the new secret late verifies each delivery all the same.

    Its judges are two libraries that we did not write.
    """
    secret: list[str] = []
    verified: list[str] = []

    async def verifying(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        StandardWebhook(secret[-1]).verify(body, headers)
        SvixWebhook(secret[-1]).verify(body, headers)
        verified.append(headers["webhook-id"])
        return web.Response(status=OK)

    async with a_town(tmp_path, told=False) as town:
        made = await town.open("careful", verifying, types=["load"])
        secret.append(made["secret"])
        async with asyncio.TaskGroup() as tasks:
            flood = town.peer.flood(3000, to="gateway", type_="load", per_second=300)
            flooding = tasks.create_task(flood)
            while not flooding.done():
                path = f"/webhooks/{made['id']}/rotate-secret"
                rotated = await town.post(path, {"grace_s": 60})
                await clock.sleep(0.7)
                secret.append(rotated["secret"])
                await clock.sleep(0.3)
        await nothing_open(town)
        rows = await every_delivery(town)

        assert len(secret) > 5
        assert len(verified) == len(rows) == 3000
        assert {(row["status"], row["attempt_count"]) for row in rows} == {
            ("delivered", 1)
        }
