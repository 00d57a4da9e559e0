"""Third parties who never stop sending, to a gateway whose room and process fail."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from gateway.emulator import Heard, LocalMember
from tests.faults.test_store import a_small_disk, fill
from tests.faults.town import ROOM, Json, Town, a_town, clock

SOURCES = 8
PER_SECOND = 200.0  # Of all sources together.
PATIENCE_S = 120.0
PAUSE_S = 0.05  # Before a sender that got no answer tries again.


@dataclass
class Sender:
    """A third party: sends numbers one after the other, each until it is taken.

    Attributes:
        source: Where to.
        took_s: How long each answer took that took a number in.
        answers: What it was answered, by status.
        taken: The request that each number was taken in as.
    """

    source: Json
    took_s: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    taken: dict[int, str] = field(default_factory=dict)

    async def send(
        self, town: Town, http: ClientSession, numbers: range, *, apart_s: float
    ) -> None:
        """Send numbers at a pace, or as fast as they are taken if that is slower."""
        next_s = clock.monotonic()
        for number in numbers:
            while not await self._try(town, http, number):
                await clock.sleep(PAUSE_S)
            next_s = max(next_s + apart_s, clock.monotonic() - 1)
            await clock.sleep(max(next_s - clock.monotonic(), 0))

    async def _try(self, town: Town, http: ClientSession, number: int) -> bool:
        body = json.dumps({"source": self.source["name"], "n": number})
        began_s = clock.monotonic()
        url, headers = town.url + self.source["path"], {"X-Id": f"id-{number}"}
        with suppress(ClientError, OSError, TimeoutError):
            async with http.post(url, data=body, headers=headers) as answer:
                found = await answer.json(content_type=None)
            self.answers[answer.status] += 1
            if answer.status == 202:
                self.took_s.append(clock.monotonic() - began_s)
            if answer.status in {200, 202}:
                self.taken[number] = found["id"]
                return True
            assert answer.status == 503, found
        return False


@dataclass
class Crowd:
    """All senders, and what was heard of each in the room, in order."""

    town: Town
    http: ClientSession
    senders: list[Sender] = field(default_factory=list)
    heard: dict[str, list[int]] = field(default_factory=dict)

    async def add(self, name: str) -> None:
        """Add a sender with a source of its own."""
        terms = {"verify": {"profile": "none"}, "dedup": "header:X-Id"}
        made = await self.town.post(
            "/sources", {"name": name, "broadcast": True, **terms}
        )
        assert "path" in made, made
        self.senders.append(Sender(made))
        self.heard[name] = []

    async def send(self, numbers: range) -> None:
        """Have each send these numbers, all together at the rate of this module."""
        apart_s = len(self.senders) / PER_SECOND
        async with asyncio.TaskGroup() as tasks:
            for sender in self.senders:
                tasks.create_task(
                    sender.send(self.town, self.http, numbers, apart_s=apart_s)
                )

    async def have_been_answered(self, status: int, times: int) -> None:
        """Wait until so many more answers had a status."""
        wanted = self.answers[status] + times
        async with asyncio.timeout(PATIENCE_S):
            while self.answers[status] < wanted:
                await clock.sleep(0.05)

    @property
    def answers(self) -> Counter[int]:
        """How often all senders together were answered with each status."""
        return sum((each.answers for each in self.senders), Counter())

    async def settle_accounts(self, numbers: range) -> int:
        """Assert that all was said in order, and again only where nobody can tell.

        Returns:
            How many were said again.
        """
        await self.have_heard(numbers)
        repeated = 0
        for sender in self.senders:
            heard = self.heard[sender.source["name"]]
            assert list(dict.fromkeys(heard)) == list(numbers)
            for number, times in Counter(heard).items():
                if times > 1:
                    repeated += 1
                    await assert_unanswered(self.town, sender, number)
        return repeated

    async def have_heard(self, numbers: range) -> None:
        """Wait until all of these numbers were heard of each sender."""
        async with asyncio.timeout(PATIENCE_S):
            while any(not set(numbers) <= set(got) for got in self.heard.values()):
                await clock.sleep(0.05)

    def hear(self, heard: Heard) -> None:
        """Write down what is said in the room."""
        if heard.type == "webhook":
            assert isinstance(heard.message, dict)
            number = heard.message["n"]
            assert isinstance(number, int)
            self.heard[str(heard.message["source"])].append(number)

    def p99_s(self) -> float:
        """Return in which time 99 of 100 requests were taken in."""
        took_s = sorted(each for sender in self.senders for each in sender.took_s)
        return took_s[len(took_s) * 99 // 100]


@asynccontextmanager
async def a_crowd(home: Path, **settings: str) -> AsyncIterator[Crowd]:
    """Let a gateway run in a room, with a listener in it, and senders beside it."""
    timeout = ClientTimeout(total=20)
    async with (
        a_town(home, told=False, **settings) as town,
        ClientSession(timeout=timeout) as http,
    ):
        crowd = Crowd(town, http)
        town.room.emulator.add(LocalMember("scribe", on_heard=crowd.hear), room=ROOM)
        for number in range(SOURCES):
            await crowd.add(f"source-{number}")
        yield crowd


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "down_s", [pytest.param(10), pytest.param(60, marks=pytest.mark.long)]
)
async def test_what_comes_while_the_room_is_down_is_said_after_it(
    tmp_path: Path, down_s: int
) -> None:
    """Taken in at once, then said: each sender's in its order, each once."""
    # What asyncio checks in its debug mode takes the senders longer than any answer.
    asyncio.get_running_loop().set_debug(False)
    numbers = range(int(down_s * PER_SECOND / SOURCES))
    async with a_crowd(tmp_path) as crowd:
        await crowd.town.room.kill()
        began_s = clock.monotonic()
        await crowd.send(numbers)
        sent_s = clock.monotonic() - began_s
        await crowd.town.room.start()
        await crowd.have_heard(numbers)
        said_s = clock.monotonic() - began_s - sent_s

        rate = len(numbers) * SOURCES / sent_s
        print(  # noqa: T201
            f"{rate:.0f}/s, p99 {crowd.p99_s() * 1000:.0f} ms; said in {said_s:.1f} s"
        )
        assert set(crowd.answers) == {202}
        assert all(heard == list(numbers) for heard in crowd.heard.values())


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "kills", [pytest.param(3), pytest.param(40, marks=pytest.mark.long)]
)
async def test_kill_9_loses_nothing_that_was_taken_in(
    tmp_path: Path, kills: int
) -> None:
    """Killed while it takes in and says: repeats are those that no one can rule out."""
    moments = Random(kills)  # noqa: S311  # the same moments each time
    numbers = range(100 * kills)
    async with a_crowd(tmp_path) as crowd:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(crowd.send(numbers))
            for number in range(kills):
                await clock.sleep(moments.uniform(0.5, 2.0))
                if number % 2:
                    await crowd.town.room.kill()
                await crowd.town.kill()
                await crowd.town.start()
                if number % 2:
                    await crowd.town.room.start()

        repeated = await crowd.settle_accounts(numbers)

        print(f"{kills} kills, {repeated} said again")  # noqa: T201


@pytest.mark.timeout(180)
async def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    """503 to who sends meanwhile; what was taken in is said, then and after it."""
    numbers, disk = range(50), tmp_path / "disk"
    with a_small_disk(disk):
        async with a_crowd(tmp_path, GATEWAY_DATA_DIR=str(disk)) as crowd:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(crowd.send(numbers))
                await crowd.have_been_answered(202, 100)
                fill(disk / "ballast")
                await crowd.have_been_answered(503, 50)
                (disk / "ballast").unlink()

            repeated = await crowd.settle_accounts(numbers)

            assert repeated == 0
            assert set(crowd.answers) <= {200, 202, 503}


async def assert_unanswered(town: Town, sender: Sender, number: int) -> None:
    """Assert that the room's answer to a message was lost at least once."""
    path = f"/sources/{sender.source['id']}/requests/{sender.taken[number]}"
    request = await town.get(path)
    trace = await town.get(f"/messages/{request['message_id']}/trace")
    assert '"unanswered"' in json.dumps(trace), trace
