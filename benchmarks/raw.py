"""Baseline *raw*: a loop of aiohttp posts, nothing stored, nothing signed.

The body is as long as that of a delivery of the same message.
"""

import asyncio

import aiohttp

from benchmarks import servant
from benchmarks.load import TEXT
from gateway.system import SystemClock

_BODY_BYTES = 560


async def post(url: str, count: int, concurrency: int) -> dict[str, float]:
    """Post so many, so many at a time; return when it began."""
    now = SystemClock().monotonic
    numbers = iter(range(count))
    headers = {"Content-Type": "application/json"}
    body = f'{{"text":"{TEXT}"}}'.encode().ljust(_BODY_BYTES)

    async def work(session: aiohttp.ClientSession) -> None:
        for _ in numbers:
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        began_s = now()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(concurrency):
                tasks.create_task(work(session))
    return {"began_s": began_s}


if __name__ == "__main__":
    servant.run(servant.obey({"post": post}))
