"""The receivers of docs/receiving.md, started as the page says."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.house import tree

PATIENCE_S = 25.0  # Until a receiver says what it should say.
NAMED = re.compile(r"`(\w+\.\w+)`[^`]*\n\n```\w+\n(.*?)```", re.DOTALL)
LISTENING = re.compile(r"(http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A receiver of the page.

    Attributes:
        section: The heading that it stands under.
        command: What starts it, at a port of the system's choice.
        path: Where it takes webhooks.
    """

    section: str
    command: tuple[str, ...]
    path: str

    def write(self, home: Path) -> None:
        """Write its file, as whoever follows the page does."""
        page = tree.text("docs/receiving.md")
        section = page.split(f"\n## {self.section}\n")[1].split("\n## ")[0]
        found = NAMED.search(section)
        assert found is not None, section
        (home / found[1]).write_text(found[2], encoding="utf-8")


PYTHON = Recipe("Plain Python", (sys.executable, "receiver.py"), "/")
FASTAPI = Recipe(
    "FastAPI", (sys.executable, "-m", "uvicorn", "receiver:app", "--port", "0"), "/hook"
)
REPLIER = Recipe(
    "Answering a person",
    (sys.executable, "-m", "uvicorn", "replier:app", "--port", "0"),
    "/hook",
)
EXPRESS = Recipe("Express", ("node", "receiver.js"), "/hook")


class Receiver:
    """A receiver that runs."""

    def __init__(self, url: str, lines: asyncio.StreamReader) -> None:
        self.url = url
        self._lines = lines

    async def line(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Wait for the next line that it prints with this in it."""
        return await line_of(self._lines, pattern)

    async def worked_off(self) -> str:
        """Wait for the next event that it works off; return the event's id."""
        return (await self.line(re.compile(r"worked off \S+ (\S+)")))[1]


@asynccontextmanager
async def running(
    recipe: Recipe, home: Path, secret: str, **variables: str
) -> AsyncIterator[Receiver]:
    """Let a receiver run in a folder that has its file; it is ended with the block."""
    process = await asyncio.create_subprocess_exec(
        *recipe.command,
        cwd=home,
        env={**environment(secret), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        url = (await line_of(process.stdout, LISTENING))[1]
        yield Receiver(url + recipe.path, process.stdout)
    finally:
        process.kill()
        await process.communicate()


def environment(secret: str) -> Mapping[str, str]:
    """Return the variables of a receiver: nothing of the user's."""
    return {
        "PATH": os.defpath,
        "PORT": "0",
        "WEBHOOK_SECRET": secret,
    }


async def line_of(
    stream: asyncio.StreamReader, pattern: re.Pattern[str]
) -> re.Match[str]:
    """Read lines until one has a pattern in it."""
    said = []
    async with asyncio.timeout(PATIENCE_S):
        async for line in stream:
            said.append(line.decode())
            found = pattern.search(said[-1])
            if found is not None:
                return found
    message = "it ended: " + "".join(said)
    raise AssertionError(message)
