"""`GET /events` in pages: what is in one, and what it waits for."""

import asyncio

import pytest

from gateway.domain.errors import StoreUnavailable
from tests.fakes.caller import Answer
from tests.fakes.log_server import readers, serving
from tests.fakes.reading_log import ReadLog, a_log_of_four

NDJSON = "application/x-ndjson"


def places(answer: Answer) -> list[int]:
    """Return the places of a page's events."""
    return [event["seq"] for event in answer.json["events"]]


@pytest.mark.parametrize("accept", [NDJSON, "application/json"])
async def test_lines_and_pages_refuse_a_cursor_that_is_gone(accept: str) -> None:
    """And say where to go on."""
    log = await a_log_of_four()
    log.store.history.trim(2)
    async with serving(log) as call:
        answer = await call.get("/events?after=memory-1", headers={"Accept": accept})
        then = await call.get(f"/events?after={answer.json['earliest']}")

    assert (answer.status, answer.code) == (410, "cursor_expired")
    assert (answer.json["earliest"], answer.json["missed"]) == ("memory-2", 1)
    assert places(then) == [3, 4]


@pytest.mark.parametrize("cursor", ["other-2", "memory-99", "evt_01J9ZC3V7M5E8Q2W4R"])
async def test_a_cursor_of_another_log_is_told_from_an_old_one(cursor: str) -> None:
    """Nobody can say what is missing, and nothing needs to be."""
    log = await a_log_of_four()
    async with serving(log) as call:
        answer = await call.get(f"/events?after={cursor}")

    assert (answer.status, answer.json["missed"]) == (410, None)
    assert "of another log" in answer.json["detail"]


async def test_a_page_has_what_is_there_and_where_to_go_on() -> None:
    """Without `wait` it does not wait."""
    log = await a_log_of_four()
    async with serving(log) as call:
        first = await call.get("/events?since=earliest&limit=3")
        then = await call.get(f"/events?after={first.json['next']}")
        last = await call.get(f"/events?after={then.json['next']}")

    assert (places(first), first.json["more"]) == ([1, 2, 3], True)
    assert (places(then), then.json["more"]) == ([4], False)
    assert last.json == {"events": [], "next": "memory-4", "more": False}
    assert first.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("events=message.received", [1, 3]),
        ("events=room.*", [2, 4]),
        ("events=room.connected,message.*", [1, 2, 3]),
        ("events=room.connected&events=room.disconnected", [2, 4]),
        ("rooms=other", [4]),
        ("rooms=lobby,other", [1, 2, 3, 4]),
        ("types=chat", [1, 2, 3, 4]),
        ("types=other", [2, 4]),
        ("from=bob", [2, 3, 4]),
        ("from=bob&events=message.received", [3]),
    ],
)
async def test_a_reading_can_be_narrowed(query: str, found: list[int]) -> None:
    """By what every list is narrowed by; its place moves on over the rest."""
    log = await a_log_of_four()
    async with serving(log) as call:
        answer = await call.get(f"/events?since=earliest&{query}")

    assert places(answer) == found
    assert answer.json["next"] == "memory-4"


@pytest.mark.parametrize(
    ("since", "found"),
    [("30s", [3, 4]), ("2m", [1, 2, 3, 4]), ("2026-03-14T12:01:00Z", [3, 4])],
)
async def test_a_reading_may_begin_at_a_moment(since: str, found: list[int]) -> None:
    """One that is named, or so long ago."""
    log = await a_log_of_four()
    async with serving(log) as call:
        answer = await call.get(f"/events?since={since}")

    assert places(answer) == found


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("events=message.seen", "?events"),
        ("events=", "?events"),
        ("rooms=" + "a," * 100 + "a", "?rooms"),
        ("since=yesterday", "?since"),
        ("after=17", "?after"),
        ("after=", "?after"),
        ("last_event_id=msg_1", "?last_event_id"),
        ("after=memory-1&last_event_id=memory-1", "?last_event_id"),
        ("limit=0", "?limit"),
        ("limit=1001", "?limit"),
        ("wait=56", "?wait"),
        ("wait=soon", "?wait"),
        ("event=message.received", "?event"),
        ("senders=alice", "?senders"),
    ],
)
async def test_what_makes_no_sense_is_refused(query: str, pointer: str) -> None:
    """By its name."""
    async with serving(ReadLog()) as call:
        answer = await call.get(f"/events?{query}")

    assert (answer.status, answer.code) == (422, "validation")
    assert answer.json["errors"][0]["pointer"] == pointer


async def test_a_header_that_is_no_cursor_is_refused() -> None:
    """Whoever sends it would lose events otherwise."""
    async with serving(ReadLog()) as call:
        answer = await call.get("/events", headers={"Last-Event-ID": "nonsense"})

    assert answer.json["errors"][0]["pointer"] == "Last-Event-ID"


async def test_a_page_waits_for_an_event() -> None:
    """It is answered with the first, and with what came along."""
    log = ReadLog()
    async with serving(log) as call, asyncio.TaskGroup() as tasks:
        coming = tasks.create_task(call.get("/events?wait=20"))
        await readers(log, 1)
        await log.say("hi")
        answer = await coming

    assert places(answer) == [1]
    assert len(log.streams) == 0


async def test_a_page_waits_no_longer_than_it_is_told_to() -> None:
    """Its place moves on even over what was not wanted."""
    log = ReadLog()
    async with serving(log) as call, asyncio.TaskGroup() as tasks:
        coming = tasks.create_task(call.get("/events?wait=20&rooms=other"))
        await readers(log, 1)
        await log.say("hi")
        await log.clock.advance(19)
        is_early = coming.done()
        await log.clock.advance(1)
        answer = await coming

    assert not is_early
    assert answer.json == {"events": [], "next": "memory-1", "more": False}


async def test_a_page_waits_no_longer_than_the_gateway_runs() -> None:
    """A stop answers it with what there is: nothing, and where to go on."""
    log = ReadLog()
    async with serving(log) as call, asyncio.TaskGroup() as tasks:
        coming = tasks.create_task(call.get("/events?wait=20"))
        await readers(log, 1)
        log.draining.set()
        answer = await coming
        then = await call.get("/events?wait=20")

    assert (answer.status, answer.json["next"]) == (200, "memory-0")
    assert (then.status, then.code) == (503, "shutting_down")


async def test_a_page_is_not_waited_for_when_its_reader_has_gone() -> None:
    """Its place is free for another."""
    log = ReadLog()
    async with serving(log) as call:
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(call.get("/events?wait=55"))
            await readers(log, 1)
            asking.cancel()
        await readers(log, 0)

    assert len(log.streams) == 0


async def test_a_store_that_cannot_be_read_is_said() -> None:
    """Nothing is lost: the same cursor is good later."""
    log = await a_log_of_four()
    log.store.history.error = StoreUnavailable("The store cannot be read.")
    async with serving(log) as call:
        for query in ("", "&wait=5"):
            answer = await call.get(f"/events?after=memory-0{query}")
            assert (answer.status, answer.code) == (503, "store_unavailable")


async def test_a_message_is_shown_as_webhooks_get_it() -> None:
    """A small attachment set in; and never an address to reply to."""
    log = ReadLog()
    await log.say("hi", attachment=b"abc")
    async with serving(log) as call:
        answer = await call.get("/events?since=earliest")

    data = answer.json["events"][0]["data"]
    assert data["attachment"] == {"size": 3, "sha256": "5ha", "data": "YWJj"}
    assert "reply_url" not in answer.json["events"][0]
