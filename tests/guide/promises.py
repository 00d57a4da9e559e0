"""What every receiver of the guide promises, whatever it is written in."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.guide.deliveries import BODY, NEWER, SECRET, answer_to, forged, genuine
from tests.guide.receivers import Recipe, running

MIB = 1024 * 1024


async def works_off_once(recipe: Recipe, home: Path, **variables: str) -> None:
    """What is genuine is worked off once, however often it comes."""
    recipe.write(home)
    async with running(recipe, home, SECRET, **variables) as receiver:
        answers = [
            await answer_to(receiver.url, genuine("evt_1")),
            await answer_to(receiver.url, genuine("evt_1")),
            *await asyncio.gather(
                *(answer_to(receiver.url, genuine("evt_2")) for _ in range(4))
            ),
            await answer_to(receiver.url, genuine("evt_3")),
        ]
        worked = sorted([await receiver.worked_off() for _ in range(3)])

    assert answers == [204] * 7
    assert worked == ["evt_1", "evt_2", "evt_3"]


async def knows_ids_after_a_restart(
    recipe: Recipe, home: Path, **variables: str
) -> None:
    """Killed and started again, it still knows what it has."""
    recipe.write(home)
    async with running(recipe, home, SECRET, **variables) as receiver:
        for event_id in ("evt_0", "evt_1"):
            await answer_to(receiver.url, genuine(event_id))
            await receiver.worked_off()

    async with running(recipe, home, SECRET, **variables) as receiver:
        again = await answer_to(receiver.url, genuine("evt_1"))
        await answer_to(receiver.url, genuine("evt_2"))
        worked = await receiver.worked_off()

    assert again == 204
    assert worked == "evt_2"


async def believes_nothing_forged(recipe: Recipe, home: Path, **variables: str) -> None:
    """Each forgery is answered 401, and none keeps it from what is genuine."""
    recipe.write(home)
    async with running(recipe, home, SECRET, **variables) as receiver:
        answers = {
            flaw: await answer_to(receiver.url, sent) for flaw, sent in forged().items()
        }
        await answer_to(receiver.url, genuine("evt_9"))
        worked = await receiver.worked_off()

    assert {flaw: status for flaw, status in answers.items() if status != 401} == {}
    assert worked == "evt_9"


async def outlasts_a_rotation(recipe: Recipe, home: Path, **variables: str) -> None:
    """While both secrets sign, a receiver that knows either takes it."""
    recipe.write(home)
    for secret in (SECRET, NEWER):
        async with running(recipe, home, secret, **variables) as receiver:
            sent = genuine(secrets=[NEWER, SECRET])

            assert await answer_to(receiver.url, sent) == 204


async def refuses_a_body_too_large(
    recipe: Recipe, home: Path, **variables: str
) -> None:
    """413, or hanging up; the largest that there may be is taken."""
    recipe.write(home)
    async with running(recipe, home, SECRET, **variables) as receiver:
        largest = await answer_to(receiver.url, genuine("evt_1", body=of(16 * MIB)))
        larger = await answer_to(receiver.url, genuine("evt_2", body=of(18 * MIB)))
        worked = await receiver.worked_off()

    assert largest == 204
    assert larger in {413, 0}
    assert worked == "evt_1"


def of(size: int) -> bytes:
    """Return an event of so many bytes."""
    frame = b'{"type":"message.received","data":""}'
    return frame.replace(b'""', b'"' + b"x" * (size - len(frame)) + b'"')


async def works_off_what_was_left(recipe: Recipe, home: Path, **variables: str) -> None:
    """An event that was kept and not worked off is worked off at the next start."""
    recipe.write(home)
    async with running(recipe, home, SECRET, **variables) as receiver:
        await answer_to(receiver.url, genuine("evt_1"))
        await receiver.worked_off()
    with closing(sqlite3.connect(home / "inbox.db", isolation_level=None)) as store:
        store.execute("INSERT INTO event (id, body) VALUES (?, ?)", ("evt_2", BODY))

    async with running(recipe, home, SECRET, **variables):
        pass

    with closing(sqlite3.connect(home / "inbox.db")) as store:
        left = store.execute("SELECT id FROM event WHERE body IS NOT NULL").fetchall()
    assert left == []
