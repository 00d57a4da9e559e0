"""What tests of third parties' senders share: a source, and processes that end."""

import asyncio
import base64
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.emulator import Heard
from tests.acceptance.stage import Json, Stage

SECRET = "a-secret-to-everybody"
# As Standard Webhooks and Svix want it: of 24 to 64 bytes.
STANDARD = "whsec_" + base64.b64encode(b"a secret of 24 to 64 bytes").decode()
PATIENCE_S = 100.0


async def a_source(stage: Stage, profile: str, **terms: object) -> str:
    """Make a source that takes what is verified so; return its address."""
    verify = {"profile": profile} | ({} if profile == "none" else {"secret": SECRET})
    given = {"name": "third", "broadcast": True, "verify": verify, **terms}
    answer = await stage.call.post("/sources", json=given)
    assert answer.status == 201, answer.content
    return f"{stage.url}{answer.json['path']}"


@asynccontextmanager
async def running(
    *command: str, home: Path | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Let something run, at most until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def sent(*command: str) -> list[Json]:
    """Have something sent; return what it tells, once it has ended well."""
    async with running(*command) as process:
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return [json.loads(line) for line in out.splitlines()]


def text_of(heard: Heard) -> str:
    """Return what somebody heard in words."""
    assert isinstance(heard.message, dict)
    return str(heard.message["text"])
