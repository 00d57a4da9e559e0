"""What settings change, on whole gateways."""

import base64
import json
from pathlib import Path

import pytest

from gateway.emulator import Rights
from tests.acceptance.process import Process, ended
from tests.acceptance.stage import ROOM, Person, Stage, a_stage
from tests.fakes.receiver import Receiver

pytestmark = pytest.mark.timeout(60)

SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(("docs", "known"), [("key", 200), ("off", 404)])
async def test_the_docs_can_be_kept_to_oneself(
    tmp_path: Path, docs: str, known: int
) -> None:
    """For key holders, or for nobody."""
    async with a_stage(tmp_path, GATEWAY_DOCS=docs) as stage:
        answers = [
            (
                await stage.call.get(path, key=None),
                await stage.call.get(path),
            )
            for path in ("/docs", "/openapi.json", "/docs/swagger-ui.css")
        ]

    assert {stranger.status for stranger, _ in answers} == {401}
    assert {holder.status for _, holder in answers} == {known}


async def test_a_deployment_brings_its_webhooks_and_limits(tmp_path: Path) -> None:
    """Declared webhooks are read-only and told; links begin with the public URL."""
    async with Receiver() as receiver:
        declared = {"name": "crm", "url": receiver.url, "secret": SECRET}
        settings = {
            "GATEWAY_WEBHOOKS": json.dumps([declared]),
            "GATEWAY_PUBLIC_URL": "https://g.example.com/base/",
            "GATEWAY_CORS_ORIGINS": "https://app.example.com",
            "GATEWAY_MAX_ATTACHMENT_BYTES": "1024",
            "GATEWAY_OUTBOX_MESSAGES": "2",
            "GATEWAY_PARTICIPANT_NAME": "desk",
        }
        async with a_stage(tmp_path, **settings) as stage:
            webhook = await stage.ask("/webhooks/wh_env_crm")
            changed = await stage.call(
                "PATCH", "/webhooks/wh_env_crm", json={"active": False}
            )
            page = {"Origin": "https://app.example.com"}
            allowed = await stage.call.get("/rooms", headers=page)
            own = (await stage.ask("/participants"))["self"]
            async with stage.person("alice") as alice:
                alice.member.send("desk", "chat", {"text": "big"}, bytes(100_000))
                request = (await receiver.received())[0]
                big = await stage.send(
                    to="alice",
                    text="x",
                    attachment=base64.b64encode(bytes(1025)).decode(),
                )
            await stage.away()
            held = [await stage.send(to="alice", text="x") for _ in range(3)]
            await stage.room.start()

    assert (webhook["source"], webhook["name"], webhook["secret"]) == (
        *("env", "crm", "***"),
    )
    assert (changed.status, changed.code) == (409, "read_only")
    assert allowed.headers["Access-Control-Allow-Origin"] == page["Origin"]
    assert own["name"] == "desk"
    url = json.loads(request.body)["data"]["attachment"]["url"]
    assert url.startswith("https://g.example.com/base/messages/msg_")
    assert (big.status, big.json["limit"]) == (413, 1024)
    assert [answer.status for answer in held] == [202, 202, 503]
    assert held[2].code == "queue_full"
    assert "Retry-After" in held[2].headers


async def test_another_gateway_of_our_name_is_a_warning(tmp_path: Path) -> None:
    """Not at once: for a minute it may be our own successor."""
    twin = Person("gateway", role="agent", attributes={"gateway.instance": "another"})
    async with a_stage(tmp_path) as stage:
        stage.room.emulator.add(twin.member, room=ROOM)
        answer = await stage.until(
            "/participants?name=gateway", lambda now: now.json["count"] == 1
        )
        room = await stage.ask(f"/rooms/{ROOM}")
        twins = twin.id

    assert answer.json["participants"][0]["id"] == twins
    assert room["warnings"] == []


async def test_a_token_for_another_room_is_told(tmp_path: Path) -> None:
    """`gateway token` makes one; the room denies it, and /rooms says why."""
    async with a_stage(tmp_path) as stage:
        made = await ended(tmp_path, "token", "me", "--room", "attic", **stage.settings)
        assert made.status == 0, made.err
        assert await stage.process.stop() == 0
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        settings = stage.settings | {
            "MESHAGENT_API_KEY": "",
            "MESHAGENT_TOKEN": made.out.strip(),
        }
        async with Process.running(elsewhere, "serve", **settings) as process:
            other = Stage(elsewhere, stage.room, settings, process, stage.http)
            room = await other.state("denied")
            status = await process.stop()

    assert "403" in room["last_error"]
    assert status == 0
    assert made.out.strip() not in process.log


async def test_what_the_room_refuses_is_on_record(tmp_path: Path) -> None:
    """Without the grant to send: 403, a failed message, and its event."""
    async with a_stage(tmp_path) as stage, stage.person("alice") as alice:
        assert await stage.process.stop() == 0
        token = stage.room.emulator.mint(ROOM, "mute", rights=Rights(send=False))
        settings = stage.settings | {"MESHAGENT_API_KEY": "", "MESHAGENT_TOKEN": token}
        async with Process.running(tmp_path, "serve", **settings) as process:
            mute = Stage(tmp_path, stage.room, settings, process, stage.http)
            await mute.state("ready")
            await mute.until("/participants/alice", lambda now: now.status == 200)
            async with mute.subscribed(events=["message.failed"]) as subscriber:
                answer = await mute.send(to="alice", text="hi")
                told = await subscriber.told("message.failed")
                kept = await mute.ask(f"/messages/{answer.json['message_id']}")
            assert await process.stop() == 0

    assert (answer.status, answer.code) == (403, "room_denied")
    assert told["data"]["id"] == kept["id"]
    assert kept["status"] == "failed"
    assert kept["error"]["upstream_code"] == 1001
    assert alice.heard == []
