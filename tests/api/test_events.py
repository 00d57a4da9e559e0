"""`GET /events` over a real socket: its forms, its streams, who may read."""

import pytest

from gateway.bridge.streams import StreamOptions
from tests.fakes.event_source import streaming
from tests.fakes.log_server import serving
from tests.fakes.reading_log import ReadLog, a_log_of_four

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"


async def test_a_stream_tells_of_what_happens_from_now_on() -> None:
    """What was before is not repeated unless somebody asks for it."""
    log = ReadLog()
    await log.say("before")
    async with serving(log) as call, streaming(f"{call.url}/events") as source:
        opened = await source.next()
        await log.say("now")
        heard = await source.next()

    assert (opened.id, opened.event, opened.retry) == (
        "memory-1",
        "stream.open",
        "2000",
    )
    assert opened.json == {"head": "memory-1", "recovered": True, "missed": 0}
    assert (heard.id, heard.event) == ("memory-2", "message.received")
    assert heard.json["data"]["message"] == {"text": "now"}


async def test_a_stream_is_neither_kept_nor_gathered_up_on_its_way() -> None:
    """By caches and proxies."""
    async with serving(ReadLog()) as call, streaming(f"{call.url}/events") as source:
        headers = source.answer.headers

    assert headers["content-type"] == SSE
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert "content-length" not in headers


async def test_a_stream_goes_on_after_an_event() -> None:
    """Its id is a cursor, too."""
    log = await a_log_of_four()
    cursor = log.store.events[2].id
    async with (
        serving(log) as call,
        streaming(f"{call.url}/events?after={cursor}") as source,
    ):
        opened, heard = await source.next(), await source.next()

    assert (opened.id, heard.id) == ("memory-3", "memory-4")


async def test_lines_are_the_same_stream() -> None:
    """Those with an `id` are events, the others the stream's own."""
    log = ReadLog()
    async with (
        serving(log) as call,
        streaming(f"{call.url}/events?since=earliest", NDJSON) as source,
    ):
        opened = await source.line()
        await log.say("hi")
        heard = await source.line()

    assert source.answer.headers["content-type"] == NDJSON
    assert opened == {
        "type": "stream.open",
        "cursor": "memory-0",
        "head": "memory-0",
        "recovered": True,
        "missed": 0,
    }
    assert (heard["id"], heard["seq"]) == (log.store.events[0].id, 1)


async def test_another_form_is_not_there() -> None:
    """The refusal tells which are."""
    async with serving(ReadLog()) as call:
        answer = await call.get("/events", headers={"Accept": "text/html"})

    assert (answer.status, answer.code) == (406, "not_acceptable")
    assert SSE in answer.json["detail"]


async def test_a_key_has_so_many_streams_and_waiting_pages() -> None:
    """What is over it is told to come back later."""
    log = ReadLog(StreamOptions(per_key=1))
    async with serving(log) as call, streaming(f"{call.url}/events"):
        stream = await call.get("/events", headers={"Accept": SSE})
        waiting = await call.get("/events?wait=5")
        page = await call.get("/events")

    assert [each.status for each in (stream, waiting, page)] == [429, 429, 200]
    assert stream.code == "quota_exceeded"
    assert int(stream.headers["retry-after"]) > 0
    assert "GATEWAY_STREAMS_PER_KEY" in stream.json["detail"]


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?after=memory-1", {}),
        ("?last_event_id=memory-1", {}),
        ("", {"Last-Event-ID": "memory-1"}),
        ("?after=memory-3&since=earliest", {"Last-Event-ID": "memory-1"}),
        ("?after=memory-1&since=latest", {}),
    ],
)
async def test_a_stream_goes_on_after_a_cursor(
    query: str, headers: dict[str, str]
) -> None:
    """The header of a browser that comes back counts first, `since` last."""
    log = await a_log_of_four()
    async with (
        serving(log) as call,
        streaming(f"{call.url}/events{query}", headers=headers) as source,
    ):
        opened = await source.next()
        heard = [(await source.next()).id for _ in range(3)]

    assert opened.id == "memory-1"
    assert heard == ["memory-2", "memory-3", "memory-4"]


@pytest.mark.parametrize(
    ("cursor", "missed", "begin"),
    [("memory-0", 2, "memory-0"), ("other-3", None, "memory-2")],
)
async def test_a_stream_whose_cursor_is_gone_says_so_and_goes_on(
    cursor: str, missed: int | None, begin: str
) -> None:
    """A browser would never come back after an answer that is not 200."""
    log = await a_log_of_four()
    log.store.history.trim(2)
    async with (
        serving(log) as call,
        streaming(f"{call.url}/events?after={cursor}") as source,
    ):
        opened, heard = await source.next(), await source.next()

    assert opened.json == {"head": "memory-4", "recovered": False, "missed": missed}
    assert (opened.id, heard.id) == (begin, "memory-3")


@pytest.mark.parametrize("query", ["wait=5", "limit=5"])
@pytest.mark.parametrize("accept", [SSE, NDJSON])
async def test_what_is_for_pages_is_refused_for_a_stream(
    query: str, accept: str
) -> None:
    """A stream has no end, and would pass over it."""
    async with serving(ReadLog()) as call:
        answer = await call.get(f"/events?{query}", headers={"Accept": accept})

    assert answer.status == 422


@pytest.mark.parametrize("accept", [SSE, NDJSON, "application/json"])
async def test_head_tells_the_headers_and_ends(accept: str) -> None:
    """A stream has no end otherwise, and a page would wait."""
    log = ReadLog()
    async with serving(log) as call:
        query = "?wait=55" if accept == "application/json" else ""
        answer = await call("HEAD", f"/events{query}", headers={"Accept": accept})

    assert (answer.status, answer.content) == (200, b"")
    assert answer.headers["content-type"] == accept
    assert len(log.streams) == 0
