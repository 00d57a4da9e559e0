"""A busy run, of which no secret and nothing that was said gets into the log."""

import base64
import json
from pathlib import Path

import pytest

from tests.acceptance.stage import ROOM, Stage, a_stage
from tests.fakes.bridge import KEY

pytestmark = pytest.mark.timeout(60)

SECRET = "whsec_" + base64.b64encode(b"a secret of a webhook, 32 bytes.").decode()
MASTER = "k1:" + base64.b64encode(b"the master key, of 32 bytes too.").decode()
SAID = "what-alice-said"
WRITTEN = "what-was-sent"
HEADER = "value-of-a-header"
PATH = "path-that-is-a-secret"
REFERENCE = "reference-of-a-sender"


async def test_no_secret_and_no_word_gets_into_the_log(tmp_path: Path) -> None:
    """Sends, refusals, webhooks, failures, an absence and a stop: facts only."""
    declared = {"name": "env", "url": f"http://127.0.0.1:9/{PATH}", "secret": SECRET}
    async with a_stage(
        tmp_path,
        GATEWAY_LOG_LEVEL="debug",
        GATEWAY_MASTER_KEYS=MASTER,
        GATEWAY_WEBHOOKS=json.dumps([declared]),
    ) as stage:
        minted = await busy(stage)
        await stage.away()
        stage.room.emulator.faults(ROOM).refuse(401, times=1)
        await stage.back()
        await stage.send(to="nobody", text=WRITTEN)
        key = stage.room.emulator.api_key
        stored = (tmp_path / "data" / "gateway.db").read_bytes()
        stored += (tmp_path / "data" / "gateway.db-wal").read_bytes()
        assert await stage.process.stop() == 0

    log = stage.process.log + stage.process.printed
    secrets = [KEY, key, key.split("-", 3)[3], SECRET, MASTER, MASTER[3:], minted]
    words = [SAID, WRITTEN, HEADER, PATH, REFERENCE]
    assert [each for each in (*secrets, *words) if each in log] == []
    assert "eyJ" not in log  # how every token begins
    assert "/hook" not in log
    sealed = [SECRET[6:], minted[6:], HEADER, KEY]
    assert [each for each in sealed if each.encode() in stored] == []
    assert {line["event"] for line in map(json.loads, log.splitlines())} >= {
        *("message.sent", "message.received", "delivery.attempted", "room.gap"),
        *("request.completed", "webhook.created", "webhook.declared"),
    }


async def busy(stage: Stage) -> str:
    """Do a little of everything; return the secret of a webhook made by request."""
    headers = {"Authorization": HEADER}
    async with stage.subscribed(503, events=["*"], headers=headers) as subscriber:
        async with stage.person("alice") as alice:
            await stage.send(to="alice", text=WRITTEN, ref=REFERENCE)
            await stage.send(to="alice", message={"n": WRITTEN}, type="x" * 300)
            await stage.call.post("/send", data=b'{"to":' + WRITTEN.encode())
            await stage.call.get("/me", key=f"{WRITTEN}-wrong-key")
            await stage.call.get(f"/rooms?key={KEY}")
            alice.says({"text": SAID}, SAID.encode())
            await subscriber.told("message.received")
        minted: str = subscriber.webhook["secret"]
        path = f"/webhooks/{subscriber.webhook['id']}"
        await stage.call.post(f"{path}/test")
        await stage.call("PATCH", path, json={"url": f"https://[::1]:9/{PATH}"})
    return minted
