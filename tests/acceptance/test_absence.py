"""The room goes away and comes back, on a whole gateway: what is held, what is told."""

import pytest

from tests.acceptance.stage import ROOM, Stage

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]


async def test_what_is_accepted_while_it_is_away_is_said_in_order(stage: Stage) -> None:
    """202 at once, waiting for the room; then each once, as they were accepted."""
    async with stage.person("alice") as alice:
        await stage.away()
        answers = [await stage.send(to="alice", message={"n": n}) for n in range(5)]
        await stage.back()

        heard = [each.message for each in await alice.hears(5)]
        ended = [await stage.final(answer) for answer in answers]

    assert [answer.status for answer in answers] == [202] * 5
    assert {answer.json["waiting_for"] for answer in answers} == {"room"}
    assert answers[0].json["expires_at"] > answers[0].json["created_at"]
    assert heard == [{"n": n} for n in range(5)]
    assert {message["status"] for message in ended} == {"sent"}


async def test_a_message_that_cannot_wait_is_refused(stage: Stage) -> None:
    """`ttl` 0: 503 with Retry-After, and nothing is kept."""
    await stage.away()
    answer = await stage.send(to="alice", text="now!", ttl=0, ref="now")
    kept = await stage.ask("/messages?ref=now")
    await stage.back()

    assert (answer.status, answer.code) == (503, "room_unavailable")
    assert answer.json["retryable"] is True
    assert int(answer.headers["Retry-After"]) > 0
    assert kept["messages"] == []


async def test_a_message_expires_with_its_ttl(stage: Stage) -> None:
    """It is told, and not said when the room returns."""
    async with (
        stage.subscribed(events=["message.expired"]) as subscriber,
        stage.person("alice") as alice,
    ):
        await stage.away()
        answer = await stage.send(to="alice", text="old news", ttl=1)
        told = await subscriber.told("message.expired", id=answer.json["id"])
        await stage.back()
        await stage.send(to="alice", text="news")

        heard = await alice.hears()

    assert told["data"]["status"] == "expired"
    assert [each.message for each in heard] == [{"text": "news"}]


async def test_an_absence_does_not_take_us_out_of_service(stage: Stage) -> None:
    """/readyz stays at 200, `rooms=all` does not; /rooms tells why."""
    await stage.away()
    ready = await stage.call.get("/readyz")
    strict = await stage.call.get("/readyz?rooms=all")
    alive = await stage.call.get("/healthz")
    room = await stage.ask(f"/rooms/{ROOM}")
    await stage.back()
    well = await stage.call.get("/readyz?rooms=all")

    assert [each.status for each in (ready, strict, alive, well)] == [
        200,
        503,
        200,
        200,
    ]
    assert room["last_error"]
    assert room["state"] == "reconnecting"


async def test_who_was_there_last_can_still_be_asked(stage: Stage) -> None:
    """With `connected` false and since when; `fresh=true` wants the present."""
    async with stage.person("alice"):
        await stage.away()
        old = await stage.ask("/participants")
        fresh = await stage.call.get("/participants?fresh=true")
        await stage.back()
        new = await stage.ask("/participants?fresh=true")

    assert (old["connected"], new["connected"]) == (False, True)
    assert [each["name"] for each in old["participants"]] == ["alice"]
    assert old["as_of"] < new["as_of"]
    assert (fresh.status, fresh.code) == (503, "room_unavailable")


async def test_an_absence_is_told_with_its_gap(stage: Stage) -> None:
    """`room.disconnected`, `room.connected`, and `room.gap` from when to when."""
    async with stage.subscribed(events=["room.*"]) as subscriber:
        await stage.away()
        left = await subscriber.told("room.disconnected")
        await stage.back()
        back = await subscriber.told("room.connected")
        gap = await subscriber.told("room.gap")

    assert left["data"]["reason"]
    assert back["room"] == ROOM
    assert gap["data"]["from"] < gap["data"]["to"]
    assert gap["data"]["from"] <= left["timestamp"] <= gap["data"]["to"]


async def test_an_outcome_nobody_knows_is_said(stage: Stage) -> None:
    """Cut between write and acknowledgement: `unknown`, told, and not said again."""
    async with (
        stage.subscribed(events=["message.unknown"]) as subscriber,
        stage.person("alice") as alice,
    ):
        stage.room.emulator.faults(ROOM).cut_before_acknowledging()
        answer = await stage.send(to="alice", text="perhaps")
        await stage.call.post(f"/rooms/{ROOM}/reconnect")
        await stage.state("ready")
        told = await subscriber.told("message.unknown", id=answer.json["id"])
        await stage.send(to="alice", text="surely")

        heard = [each.message for each in await alice.hears(2)]

    assert (answer.status, answer.json["status"]) == (202, "unknown")
    assert told["data"]["status"] == "unknown"
    assert heard == [{"text": "perhaps"}, {"text": "surely"}]


async def test_what_may_be_heard_twice_is_said_again(stage: Stage) -> None:
    """`on_unknown` retry decides beforehand."""
    async with stage.person("alice") as alice:
        stage.room.emulator.faults(ROOM).cut_before_acknowledging()
        answer = await stage.send(0, to="alice", text="twice", on_unknown="retry")
        await alice.hears(1)
        await stage.call.post(f"/rooms/{ROOM}/reconnect")

        heard = [each.message for each in await alice.hears(2)]
        message = await stage.final(answer)

    assert heard == [{"text": "twice"}] * 2
    assert message["status"] == "sent"
    assert message["recipients"][0]["attempts"] == 2


async def test_a_refusal_of_the_room_is_shown(stage: Stage) -> None:
    """`denied`, with why, until somebody asks again."""
    stage.room.emulator.faults(ROOM).refuse(403, times=1)
    # Asked to come back at once: after many losses it would wait for long by itself.
    await stage.call.post(f"/rooms/{ROOM}/reconnect")
    room = await stage.state("denied")
    answer = await stage.call.post(f"/rooms/{ROOM}/reconnect")
    await stage.state("ready")

    assert "403" in room["last_error"]
    assert answer.status == 202
