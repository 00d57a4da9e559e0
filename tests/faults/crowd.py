"""Receivers of every kind beside people who never stop talking, and their accounts."""

import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import count, pairwise
from random import Random

from aiohttp import web

from gateway.emulator import Heard, LocalMember
from tests.faults.accounts import every_delivery, received
from tests.faults.town import ROOM, Json, Town, clock

OK = 200
FAILED = 500
DOZEN = 10  # Of so many answers in a row …
BAD = 3  # … so many are failures, or a circuit would open by chance.
SPEAKERS = 12
PAUSE_S = 0.125  # Between two who speak: of all, one asks 20 times a minute.


@dataclass
class Call:
    """One request that a receiver got, and what it answered.

    Attributes:
        life: Which of the gateway's lives it came from.
        key: What orders it.
    """

    event_id: str
    life: int
    key: str
    seq: int
    status: int


@dataclass
class Grumbler:
    """Takes its time, fails three times in ten, and writes every call down."""

    town: Town
    chance: Random
    takes_s: float
    by: str | None = None
    calls: list[Call] = field(default_factory=list)
    mood: list[int] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        if not self.mood:
            self.mood = [FAILED] * BAD + [OK] * (DOZEN - BAD)
            self.chance.shuffle(self.mood)
        status = self.mood.pop()
        who = body["data"]["from"]["name"] if self.by == "sender" else ""
        self.calls.append(Call(body["id"], self.town.lives, who, body["seq"], status))
        await clock.sleep(self.chance.uniform(0, self.takes_s))
        return web.json_response(self.answer(body), status=status)

    def answer(self, body: Json) -> Json:
        """Return what it says to an event."""
        number = body["data"]["message"]["n"]
        return {"reply": {"type": "answer", "message": {"re": number}}}

    @property
    def taken(self) -> Counter[str]:
        """How often each event was taken."""
        return Counter(call.event_id for call in self.calls if call.status == OK)

    def assert_repeats_are_of_the_dead(self) -> None:
        """Assert that one life of the gateway never sends what was taken in it."""
        by_event: dict[str, list[Call]] = defaultdict(list)
        for call in self.calls:
            by_event[call.event_id].append(call)
        for calls in by_event.values():
            for before, after in pairwise(calls):
                assert before.status != OK or before.life < after.life, calls

    def assert_in_order(self) -> None:
        """Assert that of each key nothing came before what was before it."""
        by_key: dict[str, list[Call]] = defaultdict(list)
        for call in self.calls:
            by_key[call.key].append(call)
        for calls in by_key.values():
            for before, after in pairwise(calls):
                assert before.seq <= after.seq, (before, after)
                same = before.seq == after.seq
                assert same or before.status == OK, (before, after)


class Crowd:
    """Several who speak in turn, and one receiver of each kind."""

    def __init__(self, town: Town, chance: Random) -> None:
        self._town = town
        self._numbers = count(1_000_000)
        self.heard: Counter[int] = Counter()
        self.asked: set[int] = set()
        self._people = [
            LocalMember(f"person{number}", on_heard=self._hear)
            for number in range(SPEAKERS)
        ]
        for person in self._people:
            town.room.emulator.add(person, room=ROOM)
        self.doors = {
            "any": Grumbler(town, chance, 0.03),
            "room": Grumbler(town, chance, 0.03, by="room"),
            "sender": Grumbler(town, chance, 0.03, by="sender"),
            "replies": Grumbler(town, chance, 0.03),
            "late": Grumbler(town, chance, 0.02),
        }
        self.ids: dict[str, str] = {}
        self.replays: list[Json] = []

    async def settle_in(self) -> None:
        """Make the webhooks."""
        terms: dict[str, Json] = {
            "any": {"types": ["chat"]},
            "room": {"types": ["rarely"], "ordering": "room"},
            "sender": {"types": ["often"], "ordering": "sender"},
            "replies": {"types": ["ask"], "replies": True},
            "late": {"types": ["past"], "max_in_flight": 2},
        }
        for name, each in terms.items():
            made = await self._town.open(
                name, self.doors[name], retry={"schedule": [1] * 30}, **each
            )
            self.ids[name] = made["id"]

    async def remember(self, events: int) -> None:
        """Have so many events in the past."""
        for _ in range(events):
            self._town.speak(next(self._numbers), type_="past")
            await clock.sleep(0.001)
        await received(self._town, events)

    async def replay(self) -> None:
        """See to it that a replay is under way."""
        if self.replays:
            path = f"/replays/{self.replays[-1]['id']}"
            if (await self._town.get(path))["state"] == "running":
                return
        path = f"/webhooks/{self.ids['late']}/replay"
        self.replays.append(await self._town.post(path, {"only": "all"}))

    async def talk(self) -> None:
        """Speak until cancelled, each in turn and of every kind."""
        for turn in count():
            self._say(turn, "often")
            if turn % 2 == 0:
                self.asked.add(self._say(turn // 2, "ask"))
            if turn % 4 == 0:
                self._say(turn // 4, "rarely")
            await clock.sleep(PAUSE_S)

    def _say(self, turn: int, type_: str) -> int:
        number = next(self._numbers)
        person = self._people[turn % SPEAKERS]
        self._town.speak(number, by=person, type_=type_)
        return number

    def _hear(self, heard: Heard) -> None:
        if heard.type == "answer" and isinstance(heard.message, dict):
            self.heard[heard.message["re"]] += 1

    async def settle_accounts(self) -> dict[str, int]:
        """Assert that each got what was for it, and return how often again."""
        events = self._town.ledger.events("message.received")
        wanted: dict[str, set[str]] = defaultdict(set)
        for event in events:
            wanted[event["data"]["type"]].add(event["id"])
        kinds = {"any": "chat", "room": "rarely", "sender": "often", "replies": "ask"}
        repeats: dict[str, int] = {}
        for name, kind in kinds.items():
            door = self.doors[name]
            rows = await every_delivery(self._town, self.ids[name])
            assert {row["status"] for row in rows} == {"delivered"}, name
            assert len(rows) == len(wanted[kind]), name
            assert {row["event_id"] for row in rows} == wanted[kind], name
            assert door.taken.keys() == wanted[kind], name
            door.assert_repeats_are_of_the_dead()
            if door.by is not None:
                door.assert_in_order()
            made = sum(row["attempt_count"] for row in rows)
            assert made <= len(door.calls), name
            repeats[name] = door.taken.total() - len(door.taken)
        await self._assert_each_is_answered_once(events)
        repeats["late"] = await self._settle_replays(wanted["past"])
        return repeats

    async def _assert_each_is_answered_once(self, events: list[Json]) -> None:
        asked = {
            event["id"]: event["data"]["message"]["n"]
            for event in events
            if event["data"]["type"] == "ask"
        }
        assert set(asked.values()) <= self.asked
        for row in await every_delivery(self._town, self.ids["replies"]):
            number, last = asked.pop(row["event_id"]), row["last_attempt"]
            assert last["reply_skipped"] is None, last
            reply = await self._town.get(f"/messages/{last['reply_message_id']}")
            if reply["status"] == "sent":
                assert self.heard[number] == 1, reply
            else:
                assert reply["status"] == "unknown", reply
                assert self.heard[number] <= 1, reply
        assert not asked

    async def _settle_replays(self, past: set[str]) -> int:
        """Assert that each replay made one delivery of each event of the past."""
        rows = await every_delivery(self._town, self.ids["late"])
        made = Counter((row["replay_id"], row["event_id"]) for row in rows)
        assert {row["status"] for row in rows} == {"delivered"}
        live = {event_id for replay_id, event_id in made if replay_id is None}
        assert live == past
        for begun in self.replays:
            replay = await self._town.get(f"/replays/{begun['id']}")
            mine = {event for replay_id, event in made if replay_id == begun["id"]}
            assert (replay["state"], mine) == ("done", past)
            assert replay["created"] == replay["delivered"] == len(past)
        assert set(made.values()) == {1}
        return self.doors["late"].taken.total() - len(rows)


async def lose_and_return(town: Town) -> None:
    """Kill the gateway, let what it sent arrive, and start it."""
    await town.kill()
    await clock.sleep(0.1)
    town.lives += 1
    await town.start()
    await town.state("ready")


async def kill_at_random(town: Town, crowd: Crowd, kills: int, moments: Random) -> None:
    """Kill the gateway time and again while everybody talks and a replay runs."""
    async with asyncio.TaskGroup() as tasks:
        talking = [
            tasks.create_task(town.talk(0, 900_000, per_second=25)),
            tasks.create_task(crowd.talk()),
        ]
        for _ in range(kills):
            await crowd.replay()
            await clock.sleep(moments.uniform(0.3, 1.5))
            await lose_and_return(town)
        for each in talking:
            each.cancel()
