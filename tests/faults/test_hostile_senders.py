"""Strangers who do their worst to the addresses of a whole gateway."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.faults import forgeries, strangers
from tests.faults.strangers import (
    HERE,
    JSON,
    MIB,
    NOTHING,
    PATIENCE_S,
    TOKEN,
    Row,
    answered,
    head,
    opened,
    request,
)
from tests.faults.town import Json, Town, a_town, clock

GROWTH_KIB = 8 * 1024
AT_ONCE = 10
PRESETS = ("json", "github", "stripe", "alertmanager", "cloudevents", "slack")
GOOD = Row("a good one", 202, request(b'{"n":1}', JSON))
CLOSE = (b"Connection", b"close")
# Of whatever is put together at random; 5xx is for what is wrong with us.
DOCUMENTED = {100, 200, 202, 400, 401, 404, 405, 408, 413, 415, 421, 422, NOTHING}
ODD = (
    b"", b"null", b"0", b'""', b"[]", b"{}", b"[[]]", b'{"text":5,"blocks":{}}',
    b'{"alerts":[{"labels":5}],"status":[]}', b'{"alerts":{},"groupLabels":[]}',
    b'{"object":"event","data":{"object":[]}}', b'{"object":"event","type":[]}',
    b'{"specversion":"1.0","id":5,"source":[],"type":{}}', b'{"specversion":[]}',
    b'{"type":"url_verification","challenge":"\\r\\nX: y"}',
    b'{"repository":[],"action":{},"sender":5,"commits":[[]]}', b"payload=%7B",
    b"payload=[]&payload=5", b"payload=%22%5Cud800%22", b'{"attachments":[[5]]}',
)  # fmt: skip
KINDS = (
    b"application/json", b"application/x-www-form-urlencoded", b"text/plain", b"\xff",
    b"application/cloudevents-batch+json", b"multipart/form-data; boundary=x",
)  # fmt: skip
BITS = (b"", b"\x00", b"\r\n", b'"', b"[", b"\xff", b"9", b"%", b",", b":", b"}")
EVENTS = (b"push", b"issues", b"check_run", b"\xff", b"../../etc")


@dataclass
class Door:
    """A gateway, the tokens of its sources by name, and what went wrong."""

    town: Town
    tokens: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    async def add(self, name: str, verify: object, **terms: object) -> Json:
        """Add a source."""
        made = await self.town.post(
            "/sources", {"name": name, "broadcast": True, "verify": verify, **terms}
        )
        assert "path" in made, made
        self.tokens[name] = str(made["path"]).removeprefix("/in/")
        return made

    async def knock(self, name: str, rows: Iterable[Row]) -> None:
        """Send rows to a source, one after another, and note what is not as it says."""
        for row in rows:
            found = await answered(self.town.url, self.tokens[name], row)
            if found != row.expected:
                self.wrong.append(f"{name}, {row.name}: {found}, not {row.expected}")

    def kib(self) -> int:
        """Return how much memory the gateway has, in KiB."""
        try:
            path = Path(f"/proc/{self.town.process.pid}/status")
            status = path.read_text(encoding="ascii")
        except FileNotFoundError:  # Not Linux: the rest of the test is worth as much.
            return 0
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1])

    def assert_quiet(self) -> None:
        """Assert that nothing failed, and that the log has no secret."""
        log = self.town.log()
        assert all(line[:1] == "{" for line in log.splitlines()), log
        assert [line for line in self.town.lines() if line["level"] == "error"] == []
        secrets = {forgeries.SECRET, forgeries.PAIR, forgeries.WHSEC}
        assert [each for each in {*self.tokens.values(), *secrets} if each in log] == []


@asynccontextmanager
async def a_door(home: Path) -> AsyncIterator[Door]:
    """Run a gateway with a source of each kind."""
    # What asyncio checks in its debug mode takes longer than any answer.
    asyncio.get_running_loop().set_debug(False)
    async with a_town(home, told=False) as town:
        door = Door(town)
        for name, way in forgeries.WAYS.items():
            # What is only told in a certain way has to be a thing of that kind.
            await door.add(name, way.verify, format="json")
        for preset in PRESETS:
            await door.add(f"open {preset}", {"profile": "none"}, format=preset)
        yield door


@pytest.mark.timeout(120)
async def test_whatever_strangers_send_has_the_answer_that_is_documented(
    tmp_path: Path,
) -> None:
    """Each has its status; nothing fails, and nothing is left in memory or the log."""
    async with a_door(tmp_path) as door:
        used_kib = []
        for _ in range(2):
            await knock_everywhere(door)
            used_kib.append(door.kib())
        await door.knock("open json", [GOOD])

        assert door.wrong == []
        print(f"memory: {used_kib} KiB")  # noqa: T201
        assert used_kib[1] - used_kib[0] < GROWTH_KIB
        door.assert_quiet()


@pytest.mark.timeout(120)
async def test_a_crowd_of_large_bodies_sees_why_it_is_refused(tmp_path: Path) -> None:
    """Whoever sends all before looking finds 503, and no connection that ended."""
    async with a_door(tmp_path) as door:
        await door.add("large", {"profile": "none"}, max_body=25 * MIB)
        body = b'{"n":"' + b"x" * 24 * MIB + b'"}'
        row = Row("a large one", 202, request(body, JSON, CLOSE))
        token = door.tokens["large"]
        asked = [answered(door.town.url, token, row) for _ in range(8)]

        found = Counter(await asyncio.gather(*asked))
        await door.knock("open json", [GOOD])
        await door.knock("large", [GOOD])

        print(f"large bodies: {dict(found)}")  # noqa: T201
        assert found.keys() == {202, 503}
        assert door.wrong == []
        door.assert_quiet()


@pytest.mark.timeout(120)
async def test_many_who_never_end_what_they_send_keep_nobody_out(
    tmp_path: Path,
) -> None:
    """500 at a time, with all that one source may hold."""
    async with a_door(tmp_path) as door, AsyncExitStack() as slow:
        token = door.tokens["open json"].encode()
        begun = head(MIB, JSON) + b" " * (MIB // 5)
        for _ in range(500):
            connection = opened(door.town.url)
            _, writer = await slow.enter_async_context(connection)
            writer.write(begun.replace(TOKEN, token))
            await writer.drain()

        await door.knock("open github", [GOOD] * 20)
        await door.knock("open json", [GOOD] * 20)
        large = Row("large", 202, request(b'{"n":"' + b"x" * (MIB - 9) + b'"}', JSON))
        # Until it is clear that they stall there is no room for it.
        async with asyncio.timeout(PATIENCE_S):
            while await answered(door.town.url, door.tokens["open json"], large) != 202:
                await clock.sleep(0.5)

        assert door.wrong == []


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_a_body_that_drips_is_given_up_after_a_minute(tmp_path: Path) -> None:
    """408, although something came each second."""
    async with (
        a_door(tmp_path) as door,
        opened(door.town.url) as (reader, writer),
        asyncio.TaskGroup() as tasks,
    ):
        token = door.tokens["open json"].encode()
        writer.write(head(1000, JSON).replace(TOKEN, token))
        dripping = tasks.create_task(drip(writer))

        line = await reader.readline()
        dripping.cancel()

        assert line.split()[1] == b"408"


async def drip(writer: asyncio.StreamWriter) -> None:
    """Send a byte a second for ever."""
    while True:
        writer.write(b" ")
        await clock.sleep(1)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "count", [pytest.param(200), pytest.param(10_000, marks=pytest.mark.long)]
)
async def test_whatever_is_put_together_at_random_is_answered(
    tmp_path: Path, count: int
) -> None:
    """With no 5xx; and memory is flat."""
    chance = Random(count)  # noqa: S311  # the same requests each time
    async with a_door(tmp_path) as door:
        rows = [*strangers.corpus()]
        tokens = [*door.tokens.values()]
        found: Counter[int] = Counter()
        used_kib = []
        for number in range(count // AT_ONCE):
            asked = [
                answered(door.town.url, chance.choice(tokens), mutated(chance, row))
                for row in chance.choices(rows, k=AT_ONCE)
            ]
            found.update(await asyncio.gather(*asked))
            if number % (count // AT_ONCE // 4) == 0:
                used_kib.append(door.kib())
        used_kib.append(door.kib())
        await door.knock("open json", [GOOD])

        print(f"{dict(found)}; memory: {used_kib} KiB")  # noqa: T201
        assert found.keys() <= DOCUMENTED
        assert used_kib[-1] - used_kib[2] < GROWTH_KIB
        assert door.wrong == []
        door.assert_quiet()


@pytest.mark.timeout(120)
async def test_no_body_makes_a_source_of_any_kind_fail(tmp_path: Path) -> None:
    """Whatever the kind, the body, its type, and the event that it is said to be."""
    async with a_door(tmp_path) as door:
        found: Counter[int] = Counter()
        for preset in PRESETS:
            token = door.tokens[f"open {preset}"]
            for number, (body, kind) in enumerate(
                (body, kind) for body in ODD for kind in KINDS
            ):
                event = EVENTS[number % len(EVENTS)]
                named = (b"X-GitHub-Event", event), (b"ce-specversion", b"1.0")
                raw = request(body, (b"Content-Type", kind), *named[: 1 + number % 2])
                row = Row(f"{body!r} as {kind!r}", 202, raw)
                found[await answered(door.town.url, token, row)] += 1
            await door.knock(f"open {preset}", [said_well(preset)])

        assert found.keys() <= DOCUMENTED
        assert door.wrong == []
        door.assert_quiet()


def said_well(preset: str) -> Row:
    """Return a request that a source of this kind takes."""
    event = b'{"specversion":"1.0","id":"%d","source":"/s","type":"t"}'
    new = event % clock.now().microsecond
    body = {"slack": b'{"text":"hello"}', "cloudevents": new}
    raw = request(body.get(preset, b'{"n":1}'), JSON)
    return Row("a good one", 200 if preset == "slack" else 202, raw)


def mutated(chance: Random, row: Row) -> Row:
    """Return a row with some of its bytes changed, but for its address."""
    first, here, rest = row.raw.partition(HERE)
    changed = bytearray(rest[: chance.choice([200, 2_000, 20_000, 2_000_000])])
    for _ in range(chance.choice([0, 1, 1, 3, 30])):
        at = chance.randrange(len(changed) + 1)
        changed[at : at + chance.choice([0, 1, 1, 10])] = chance.choice(BITS)
    end = chance.choice(["soon", "soon", "fin", "rst"])
    return Row("mutated", NOTHING, first + here + bytes(changed), end)


async def knock_everywhere(door: Door) -> None:
    """Send every row to every source that it is about."""
    now_s = int(clock.now().timestamp())
    for name, way in forgeries.WAYS.items():
        await door.knock(name, forgeries.rows(way, now_s))
    await door.knock("open json", strangers.corpus())
