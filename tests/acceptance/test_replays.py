"""The past is delivered again, on a whole gateway."""

from typing import Any

import pytest

from tests.acceptance.stage import Stage, Subscriber
from tests.fakes.caller import Answer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

REFUSED = 404  # Ends a delivery at once, where a webhook says so.


async def replayed(stage: Stage, of: Subscriber, **body: object) -> Answer:
    """Ask for a replay."""
    path = f"/webhooks/{of.webhook['id']}/replay"
    return await stage.call.post(path, json=body)


async def done(stage: Stage, answer: Answer) -> dict[str, Any]:
    """Return a replay as it is once it is done."""
    assert answer.status == 202, answer.content
    path = answer.headers["Location"]
    ended = await stage.until(path, lambda a: bool(a.json["state"] == "done"))
    found: dict[str, Any] = ended.json
    return found


async def test_what_was_given_up_arrives_under_the_same_id(stage: Stage) -> None:
    """Once; another replay finds nothing more."""
    async with (
        stage.subscribed(REFUSED, REFUSED, stop_on=[REFUSED]) as subscriber,
        stage.person("alice") as alice,
    ):
        for n in range(2):
            alice.says({"n": n})
        dead = f"/deliveries?status=dead&webhook={subscriber.webhook['id']}"
        await stage.until(dead, lambda a: len(a.json["deliveries"]) == 2)

        rehearsed = await replayed(stage, subscriber, since="1h", dry_run=True)
        first = await done(stage, await replayed(stage, subscriber, since="1h"))
        second = await done(stage, await replayed(stage, subscriber, since="1h"))

        requests = await subscriber.receiver.received(4)
    ids = [request.headers["webhook-id"] for request in requests]
    assert (rehearsed.status, rehearsed.json["matched"]) == (200, 2)
    assert (first["matched"], first["created"], first["delivered"]) == (2, 2, 2)
    assert (second["matched"], second["created"]) == (0, 0)
    assert sorted(ids[:2]) == sorted(ids[2:])


async def test_a_new_webhook_is_given_the_past_that_it_wants(stage: Stage) -> None:
    """By its terms, the filter included, and by its own name."""
    async with stage.subscribed() as old, stage.person("alice") as alice:
        for n in (17, 18):
            alice.says({"replayed": n})
            await old.told("message.received", message={"replayed": n})

        async with stage.subscribed(filter="data.message.replayed == `18`") as new:
            replay = await done(stage, await replayed(stage, new, only="missing"))
            event = await new.told("message.received")

    assert (replay["matched"], replay["delivered"]) == (1, 1)
    assert event["data"]["message"] == {"replayed": 18}


async def test_what_one_did_not_take_goes_to_another(stage: Stage) -> None:
    """With `to`, and signed by the secret of the one that gets it."""
    async with (
        stage.subscribed(REFUSED, stop_on=[REFUSED]) as refusing,
        stage.subscribed(events=["room.gap"]) as other,
        stage.person("alice") as alice,
    ):
        alice.says({"text": "for whom it may concern"})
        dead = f"/deliveries?status=dead&webhook={refusing.webhook['id']}"
        await stage.until(dead, lambda a: len(a.json["deliveries"]) == 1)

        answer = await replayed(stage, refusing, to=other.webhook["id"])
        replay = await done(stage, answer)
        event = await other.told("message.received")

    assert (replay["to"], replay["delivered"]) == (other.webhook["id"], 1)
    assert event["data"]["message"] == {"text": "for whom it may concern"}


async def test_a_replay_that_waits_can_be_cancelled(stage: Stage) -> None:
    """What it has made and not sent is cancelled along with it."""
    async with stage.subscribed() as old, stage.person("alice") as alice:
        alice.says({"text": "hi"})
        await old.told("message.received", message={"text": "hi"})
        # One a hundred seconds: the first goes at once, the others wait.
        slow = {"rate_limit": {"per_second": 0.01, "burst": 1}, "events": ["*"]}
        async with stage.subscribed(**slow) as new:
            begun = await replayed(stage, new, only="all", events=["message.*"])
            path = begun.headers["Location"]
            await stage.until(path, lambda a: bool(a.json["created"] > 0))

            cancelled = await stage.call("DELETE", path)
            ended = await stage.until(path, lambda a: bool(a.json["finished_at"]))

    assert (cancelled.status, ended.json["state"]) == (200, "cancelled")
    counts = {name: ended.json[name] for name in ("pending", "retrying", "in_flight")}
    assert counts == {"pending": 0, "retrying": 0, "in_flight": 0}


async def test_a_webhook_that_sleeps_is_replayed_nothing(stage: Stage) -> None:
    """It is to be enabled first."""
    async with stage.subscribed(active=False) as subscriber:
        answer = await replayed(stage, subscriber)

    assert (answer.status, answer.code) == (409, "wrong_state")
