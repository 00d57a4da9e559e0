"""MeshAgent's own receiver of webhooks, asked what it would take.

`python_judge.py SECRET`: reads lines of JSON with `headers` and `body`, both in Latin-1
for their bytes, and prints for each the status that it answered. Run by the Python that
has `requirements/interop.txt`.
"""

import asyncio
import json
import logging
import sys

# They have an environment of their own, with Python 3.13.
from aiohttp import web
from meshagent.api.webhooks import WebhookServer  # type: ignore[import-not-found]
from typing_extensions import override


class Judge(WebhookServer):  # type: ignore[misc]  # it is not installed here
    """Takes whatever is verified, and does nothing with it."""

    @override
    async def on_webhook(self, *, payload: object) -> None:
        """Be content with any event."""


async def main(secret: str) -> None:
    """Answer each line."""
    app = web.Application()
    Judge(app=app, webhook_secret=secret)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    for line in sys.stdin:
        given = json.loads(line)
        body = given["body"].encode("latin-1")
        status = await answered(port, given["headers"], body)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()
    await runner.cleanup()


async def answered(port: int, headers: dict[str, str], body: bytes) -> int:
    """Post the bytes as they are, which no library for HTTP does; return the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    more = {"Host": "judge", "Connection": "close", "Content-Length": str(len(body))}
    lines = [f"{name}: {value}" for name, value in {**headers, **more}.items()]
    head = "\r\n".join(["POST /webhook HTTP/1.1", *lines, "", ""])
    writer.write(head.encode("latin-1") + body)
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


if __name__ == "__main__":
    logging.disable()
    asyncio.run(main(sys.argv[1]))
