"""One log and its readings, on a whole gateway: nothing left out and nothing twice."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from tests.acceptance.process import Process
from tests.acceptance.stage import Json, Person, Stage, a_stage
from tests.acceptance.test_restart import started_again
from tests.acceptance.waiting import PATIENCE_S, until
from tests.fakes.bridge import KEY

pytestmark = pytest.mark.timeout(90)

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"


@asynccontextmanager
async def stream(
    stage: Stage, query: str, accept: str = SSE, **headers: str
) -> AsyncIterator[ClientResponse]:
    """Read the log as a stream for a block."""
    given = {"Authorization": f"Bearer {KEY}", "Accept": accept, **headers}
    async with (
        asyncio.timeout(PATIENCE_S),
        stage.http.get(f"{stage.url}/events?{query}", headers=given) as answer,
    ):
        assert answer.status == 200, await answer.read()
        assert answer.content_type == accept
        yield answer


async def frame(answer: ClientResponse) -> tuple[str, str, Json]:
    """Return the id, the type and the data of the next event of a stream."""
    block = (await answer.content.readuntil(b"\n\n")).decode()
    fields = dict(line.split(": ", 1) for line in block.rstrip("\n").split("\n"))
    return fields["id"], fields["event"], json.loads(fields["data"])


async def line(answer: ClientResponse) -> Json:
    """Return the next line of a stream."""
    found: Json = json.loads(await answer.content.readline())
    return found


async def say(stage: Stage, person: Person, *texts: str) -> None:
    """Have somebody say something, and the gateway store it."""
    for text in texts:
        person.says({"text": text})
    query = f"direction=in&from={person.member.member.name}&limit=200"
    await stage.until(
        f"/messages?{query}",
        lambda answer: (
            texts[-1] in [each["message"]["text"] for each in answer.json["messages"]]
        ),
    )


def texts(events: list[Json]) -> list[str]:
    """Return what the messages of events say."""
    return [event["data"]["message"]["text"] for event in events]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_stream_tells_what_happens_from_now_on(stage: Stage) -> None:
    """As the same envelope that webhooks get, with a cursor and its type."""
    async with (
        stage.person("dora") as dora,
        stage.subscribed(events=["message.received"], **{"from": ["dora"]}) as hook,
    ):
        await say(stage, dora, "before")
        async with stream(stage, "from=dora") as answer:
            opened = await frame(answer)
            dora.says({"text": "now"}, b"the plan")
            cursor, type_, event = await frame(answer)
        await hook.receiver.received(2)
        told = [json.loads(each.body) for each in hook.receiver.requests]

    assert opened[1] == "stream.open"
    assert opened[2] == {"head": opened[0], "recovered": True, "missed": 0}
    assert type_ == event["type"] == "message.received"
    assert cursor.endswith(f"-{event['seq']}")
    assert event in told
    assert event["data"]["attachment"]["data"] == "dGhlIHBsYW4="


@pytest.mark.asyncio(loop_scope="module")
async def test_each_reading_goes_on_where_another_was(stage: Stage) -> None:
    """A cursor of one is good for all, and so is the id of an event."""
    wanted = "events=message.received&from=erin"
    async with stage.person("erin") as erin:
        await say(stage, erin, "one", "two", "three", "four")
        page = await stage.ask(f"/events?{wanted}&since=earliest&limit=2")
        header = {"Last-Event-ID": page["next"]}
        async with stream(stage, wanted, **header) as answer:
            opened = await frame(answer)
            third = await frame(answer)
        async with stream(stage, f"{wanted}&after={third[0]}", NDJSON) as answer:
            lines = [await line(answer), await line(answer)]
        rest = await stage.ask(f"/events?{wanted}&after={page['events'][1]['id']}")

    assert texts(page["events"]) == ["one", "two"]
    assert opened[2]["recovered"] is True
    assert texts([third[2]]) == ["three"]
    assert (lines[0]["type"], lines[0]["cursor"]) == ("stream.open", third[0])
    assert texts(lines[1:]) == ["four"]
    assert texts(rest["events"]) == ["three", "four"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_waits_for_what_happens_next(stage: Stage) -> None:
    """It is answered as soon as there is something, and with none in time if not."""
    async with stage.person("finn") as finn:
        begin = await stage.ask("/events?events=message.received&from=finn")
        path = f"/events?events=message.received&from=finn&after={begin['next']}"
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(stage.ask(f"{path}&wait=50"))
            await say(stage, finn, "hi")
        none = await stage.ask(
            f"/events?events=message.received&from=finn&after={waiting.result()['next']}"
        )

    assert begin["events"] == []
    assert texts(waiting.result()["events"]) == ["hi"]
    assert (none["events"], none["more"]) == ([], False)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_log_tells_of_what_was_sent_and_of_who_came(stage: Stage) -> None:
    """And a reader gets what it asked for only."""
    begin = await stage.ask("/events")
    async with stage.person("gwen") as gwen:
        await stage.send(to="gwen", text="hi", type="note")
        gwen.says({"text": "hi"}, type_="note")
        path = f"/events?after={begin['next']}"
        await stage.until(
            f"{path}&events=message.received", lambda a: bool(a.json["events"])
        )
        found = await stage.ask(path)
        notes = await stage.ask(f"{path}&types=note&events=message.*")
        people = await stage.ask(f"{path}&events=participant.*")

    of_gwen = [
        each["type"] for each in found["events"] if "gwen" in json.dumps(each["data"])
    ]
    assert set(of_gwen) >= {"participant.joined", "message.sent", "message.received"}
    assert {each["type"] for each in notes["events"]} == {
        "message.sent",
        "message.received",
    }
    assert {each["type"].split(".")[0] for each in people["events"]} == {"participant"}


async def test_the_log_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Streams are closed in order, and their cursors are good for the next gateway."""
    async with a_stage(tmp_path) as stage, stage.person("alice") as alice:
        async with (
            stream(stage, "events=message.received") as events,
            stream(stage, "events=message.received", NDJSON) as lines,
        ):
            await frame(events)
            await line(lines)
            await say(stage, alice, "before")
            cursor, _, before = await frame(events)
            await line(lines)
            assert await stage.process.stop() == 0
            last_frame, last_line = await frame(events), await line(lines)
        async with started_again(stage) as again:
            await again.state("ready")
            await say(again, alice, "after")
            header = {"Last-Event-ID": cursor}
            async with stream(again, "events=message.received", **header) as answer:
                opened = await frame(answer)
                after = await frame(answer)

    reason = {"reason": "shutting_down"}
    assert last_frame[1:] == ("stream.close", reason)
    assert last_line == {"type": "stream.close", "cursor": last_frame[0], **reason}
    assert texts([before]) == ["before"]
    assert (opened[2]["recovered"], opened[2]["missed"]) == (True, 0)
    assert texts([after[2]]) == ["after"]
    assert after[2]["seq"] > before["seq"]


async def test_a_command_gets_each_event_over_two_runs(tmp_path: Path) -> None:
    """On its stdin, in order; the second run goes on where the first was ended."""
    home = tmp_path / "tail"
    home.mkdir()
    seen, cursor = home / "seen", home / "gateway-tail.cursor"
    arguments = (
        "tail",
        "--since=earliest",
        "--events=message.received",
        "--exec=cat >> seen",
    )

    def is_past(count: int) -> bool:
        lines = seen.read_bytes().splitlines() if seen.exists() else []
        if len(lines) < count:
            return False
        # The one in hand would be given again.
        place = json.loads(lines[count - 1])["seq"]
        return cursor.read_text(encoding="ascii").strip().endswith(f"-{place}")

    async with a_stage(tmp_path) as stage, stage.person("alice") as alice:
        given = {"GATEWAY_URL": stage.url, "GATEWAY_API_KEY": KEY}
        await say(stage, alice, "one", "two")
        async with Process.begun(home, *arguments, **given) as tail:
            await until(lambda: is_past(2), "the command was not run")
            statuses = [await tail.stop()]
        await say(stage, alice, "three")
        async with Process.begun(home, *arguments, **given) as tail:
            await until(lambda: is_past(3), "the command was not run again")
            statuses.append(await tail.stop())

    events = [json.loads(each) for each in seen.read_text().splitlines()]
    assert texts(events) == ["one", "two", "three"]
    assert statuses == [128 + signal.SIGTERM] * 2
