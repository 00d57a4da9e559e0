"""A gateway stops, is killed, starts again, and is replaced by another."""

import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from gateway.emulator import Emulator
from tests.acceptance.process import Process, serving
from tests.acceptance.stage import ROOM, Person, Stage, a_stage
from tests.fakes.caller import Caller
from tests.fakes.receiver import Receiver, refused_port

pytestmark = pytest.mark.timeout(90)


@asynccontextmanager
async def started_again(stage: Stage, **settings: str) -> AsyncIterator[Stage]:
    """Start the gateway of a stage once more, on the same data."""
    given = stage.settings | settings
    async with Process.running(stage.home, "serve", **given) as process:
        again = Stage(stage.home, stage.room, given, process, stage.http)
        yield again
        assert await process.stop() == 0, process.log


async def test_what_was_decided_survives_a_restart(tmp_path: Path) -> None:
    """Messages, webhooks, our attributes, and that messaging is off."""
    async with a_stage(tmp_path) as stage:
        async with stage.person("alice"):
            sent = await stage.send(to="alice", text="hi", ref="kept")
        made = await stage.call.post(
            "/webhooks", json={"url": "http://127.0.0.1:9/", "events": ["room.gap"]}
        )
        await stage.call("PATCH", f"/rooms/{ROOM}/attributes", json={"status": "busy"})
        await stage.call.post(f"/rooms/{ROOM}/messaging/disable")
        assert await stage.process.stop() == 0

        async with started_again(stage) as again:
            await again.state("ready")
            found = await again.ask("/messages?ref=kept")
            webhook = await again.ask(f"/webhooks/{made.json['id']}")
            room = await again.ask(f"/rooms/{ROOM}")
            member = again.room.emulator.rooms[ROOM].named("gateway")[0]

    assert [each["id"] for each in found["messages"]] == [sent.json["id"]]
    assert webhook["events"] == ["room.gap"]
    assert room["messaging_enabled"] is False
    assert member.attributes["status"] == "busy"


async def test_a_restart_keeps_what_is_owed_both_ways(tmp_path: Path) -> None:
    """Killed with a message held and a delivery pending: both arrive afterwards."""
    port = refused_port()
    async with a_stage(tmp_path) as stage, Receiver() as receiver:
        down = {"url": f"http://127.0.0.1:{port}/", "retry": {"schedule": [600]}}
        made = await stage.call.post("/webhooks", json=down)
        async with stage.person("alice") as alice:
            alice.says({"text": "hello?"})
            path = f"/deliveries?webhook={made.json['id']}&status=retrying"
            await stage.until(path, lambda answer: bool(answer.json["deliveries"]))
            await stage.room.kill()
            held = await stage.send(to="alice", text="held")
            await stage.process.kill()
            await stage.room.start()

            async with started_again(stage) as again:
                heard = [each.message for each in await alice.hears()]
                message = await again.final(held)
                owed = (await again.ask(path))["deliveries"]
                await again.call(
                    "PATCH", f"/webhooks/{made.json['id']}", json={"url": receiver.url}
                )
                await again.call.post(f"/deliveries/{owed[0]['id']}/retry")
                request = (await receiver.received())[0]

    assert (held.status, held.json["waiting_for"]) == (202, "room")
    assert heard == [{"text": "held"}]
    assert message["status"] == "sent"
    assert request.headers["webhook-id"] == owed[0]["event_id"]
    assert b"hello?" in request.body


async def test_another_gateway_takes_over_when_the_first_stops(tmp_path: Path) -> None:
    """It waits for the lock, and then serves the same data."""
    other = tmp_path / "other"
    other.mkdir()
    shared = {"GATEWAY_DATA_DIR": str(tmp_path / "data"), "GATEWAY_LOCK_WAIT": "30s"}
    async with (
        a_stage(tmp_path, **shared) as stage,
        Process.begun(other, "serve", **stage.settings) as standby,
    ):
        async with stage.person("alice"):
            sent = await stage.send(to="alice", text="hi")
        awaited = await standby.line("store.lock_awaited")
        assert await stage.process.stop() == 0

        await standby.line("gateway.started")
        second = Stage(other, stage.room, stage.settings, standby, stage.http)
        await second.state("ready")
        message = await second.ask(f"/messages/{sent.json['id']}")
        status = await standby.stop()

    assert awaited["holder_pid"] == stage.process.pid
    assert message["status"] == "sent"
    assert status == 0


async def test_a_held_lock_is_one_sentence_with_its_holder(tmp_path: Path) -> None:
    """After the wait: exit 1, and the pid."""
    other = tmp_path / "other"
    other.mkdir()
    shared = {"GATEWAY_DATA_DIR": str(tmp_path / "data"), "GATEWAY_LOCK_WAIT": "0s"}
    async with (
        a_stage(tmp_path, **shared) as stage,
        Process.begun(other, "serve", **stage.settings) as second,
    ):
        status = await second.end()
        pid = stage.process.pid

    assert status == 1
    assert second.log.count("\n") == 1
    assert second.log.startswith(f"gateway: The gateway with pid {pid} holds")


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Whoever does not want to wait for the outbox is not made to: exit 1."""
    async with a_stage(tmp_path, GATEWAY_SHUTDOWN_TIMEOUT="60s") as stage:
        await stage.away()
        held = await stage.send(to="alice", text="held")
        stage.process.signal()
        await stage.process.line("gateway.draining")

        stage.process.signal()
        status = await stage.process.end()

        await stage.room.start()
        alice = Person("alice", role="user", attributes={})
        stage.room.emulator.add(alice.member, room=ROOM)
        async with started_again(stage):
            heard = [each.message for each in await alice.hears()]

    assert held.status == 202
    assert status == 1
    assert "Traceback" not in stage.process.log
    assert heard == [{"text": "held"}]


async def test_interrupted_from_a_terminal_it_stops_in_order(tmp_path: Path) -> None:
    """Ctrl-C is as good as SIGTERM: exit 0, and the room is left."""
    async with a_stage(tmp_path) as stage:
        stage.process.signal(signal.SIGINT)
        status = await stage.process.end()
        left = stage.room.emulator.rooms[ROOM].named("gateway")

    assert status == 0
    assert not left
    assert [line["event"] for line in stage.process.lines("gateway.stopped")]


async def test_what_is_minted_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Folder 0700, files 0600; the log names the key's file, and never the key."""
    settings = serving("ws://127.0.0.1:9", Emulator().api_key, GATEWAY_API_KEYS="")
    async with (
        Process.running(tmp_path, "serve", **settings) as process,
        ClientSession() as http,
    ):
        key = (tmp_path / "data" / "api-key").read_text().strip()
        call = Caller(http, process.url)
        answer = await call.get("/me", key=key)
        other = await call.get("/me", key="")
        modes = {
            each.name: stat.S_IMODE(each.stat().st_mode)
            for each in (tmp_path / "data").iterdir()
        }
        folder = stat.S_IMODE((tmp_path / "data").stat().st_mode)

    assert (answer.status, other.status) == (200, 401)
    assert folder == 0o700
    assert set(modes.values()) == {0o600}, modes
    assert process.lines("api_key.minted")[0]["path"] == "data/api-key"
    assert key not in process.log
