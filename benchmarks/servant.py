"""A process that does what its parent asks by lines of JSON.

Each line of stdin is `{"do": name, ...arguments}` and is answered by one line of
stdout. The end of stdin ends the process.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import uvloop

Deed = Callable[..., Awaitable[object]]


def answer(value: object) -> None:
    """Write one line to the parent."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def obey(deeds: Mapping[str, Deed]) -> None:
    """Do what is asked, one thing after another, until nobody asks any more."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        asked: dict[str, Any] = json.loads(line)
        deed = deeds[asked.pop("do")]
        answer(await deed(**asked))


def run(main: Coroutine[object, object, None]) -> None:
    """Run a servant on the event loop that the gateway has, too."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)
