"""What is taken back or said after all stays so, whatever becomes of the gateway."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.faults.town import FINAL, ROOM, Json, Town, a_town, clock

MESSAGES = 40
PAUSE_S = 0.2
TTL_S = 600


class Amender:
    """A caller who asks again until it is answered."""

    def __init__(self, town: Town, http: ClientSession) -> None:
        self._town = town
        self._http = http
        self.asked = 0

    async def ask(self, method: str, path: str) -> tuple[int, Json]:
        """Return the status and the body of the first answer that is not a 5xx."""
        while True:
            self.asked += 1
            url = f"{self._town.url}{path}"
            try:
                async with self._http.request(method, url) as answer:
                    if answer.status < 500:
                        return answer.status, await answer.json(content_type=None)
            except (ClientError, OSError):
                pass
            await clock.sleep(PAUSE_S)


def leave(town: Town) -> None:
    """Have the room let nobody in, until its faults are cleared."""
    faults = town.room.emulator.faults(ROOM)
    faults.refuse(503)
    faults.cut()


async def say(town: Town) -> list[str]:
    """Say numbers, and return the messages that were accepted for them."""
    found: list[str] = []
    for number in range(MESSAGES):
        body = {"to": "peer", "message": {"n": number}, "ttl": TTL_S}
        found.append((await town.post("/send?wait=0", body))["id"])
    return found


async def amend(
    town: Town, method: str, paths: Sequence[str]
) -> list[tuple[int, Json]]:
    """Ask many at once, kill the gateway at the first answer, and start it anew."""
    timeout = ClientTimeout(total=30)
    asking: list[asyncio.Task[tuple[int, Json]]] = []
    async with ClientSession(timeout=timeout) as http:
        amender = Amender(town, http)
        async with asyncio.TaskGroup() as tasks:
            for path in paths:
                asking.append(tasks.create_task(amender.ask(method, path)))
                if len(asking) == len(paths) // 2:
                    await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
                    await town.kill()
            await town.start()
    assert amender.asked > len(paths)
    return [each.result() for each in asking]


async def statuses(town: Town, ids: Sequence[str]) -> list[str]:
    """Return what has become of messages, once all have their end."""
    town.room.emulator.faults(ROOM).clear()
    await town.state("ready")
    ended = [await town.get(f"/messages/{id_}?wait=30") for id_ in ids]
    assert {each["status"] for each in ended} <= FINAL
    return [each["status"] for each in ended]


@pytest.mark.timeout(120)
async def test_what_was_taken_back_is_not_said_over_a_kill(tmp_path: Path) -> None:
    """Who got no answer asks again: it is taken back now, or was before."""
    async with a_town(tmp_path, told=False) as town:
        leave(town)
        await town.state("reconnecting")
        ids = await say(town)

        answers = await amend(town, "DELETE", [f"/messages/{id_}" for id_ in ids[::2]])

        ends = await statuses(town, ids)
        assert {body.get("state", body["status"]) for _, body in answers} == {
            "cancelled"
        }
        assert {status for status, _ in answers} <= {200, 409}
        assert ends == ["cancelled", "sent"] * (MESSAGES // 2)
        assert town.ledger.heard == dict.fromkeys(range(1, MESSAGES, 2), 1)


@pytest.mark.timeout(120)
async def test_what_is_said_again_is_said_once_more_over_a_kill(tmp_path: Path) -> None:
    """Who got no answer asks again: it is queued now, or was before."""
    async with a_town(tmp_path, told=False) as town:
        town.room.emulator.faults(ROOM).swallow()
        ids = await say(town)
        while town.ledger.heard.total() < MESSAGES:
            await clock.sleep(0.01)
        leave(town)
        await town.kill()
        await town.start()
        unknown = [await town.get(f"/messages/{id_}") for id_ in ids]

        answers = await amend(town, "POST", [f"/messages/{id_}/retry" for id_ in ids])

        ends = await statuses(town, ids)
        assert {each["status"] for each in unknown} == {"unknown"}
        assert {body.get("state", body["status"]) for _, body in answers} == {"queued"}
        assert {status for status, _ in answers} <= {202, 409}
        assert ends == ["sent"] * MESSAGES
        assert town.ledger.heard == dict.fromkeys(range(MESSAGES), 2)
