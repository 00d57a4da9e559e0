"""Plain HTTP requests to a server at 127.0.0.1, with nothing added."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.emulator import EmulatorServer

PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the JSON object that came with it."""

    status: int
    body: Mapping[str, object]

    @property
    def problem(self) -> object:
        """The sentence of an error."""
        error = self.body["error"]
        assert isinstance(error, dict)
        return error["message"]


async def call(
    server: EmulatorServer,
    method: str,
    path: str,
    body: object = None,
    *,
    bearer: str | None = None,
) -> Answer:
    """Make one request; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    if body is None:
        content = b""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    if bearer is not None:
        lines.append(f"Authorization: Bearer {bearer}")
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head, _, text = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    return Answer(int(head.split()[1]), json.loads(text))
