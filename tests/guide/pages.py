"""What the pages of docs/automation have readers do, done by a shell."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from tests.acceptance.stage import Stage
from tests.fakes.bridge import KEY
from tests.guide.receivers import PATIENCE_S, line_of
from tests.house import tree

BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def blocks(page: str, section: str, language: str = "sh") -> list[str]:
    """Return the code below a heading, in order, without the indent of a list."""
    text = tree.text(f"docs/automation/{page}").split(f"\n## {section}\n")[1]
    return [
        re.sub(f"^{indent}", "", code, flags=re.MULTILINE)
        for indent, found, code in BLOCK.findall(text.split("\n## ")[0])
        if found == language
    ]


class Shell:
    """A shell of somebody who follows a page, in a folder of theirs."""

    def __init__(self, home: Path, stage: Stage) -> None:
        self.home = home
        self._variables = {
            "PATH": os.defpath,
            "HOME": str(home),
            "GATEWAY_URL": stage.url,
            "GATEWAY_API_KEY": KEY,
        }

    @classmethod
    async def prepared(cls, home: Path, stage: Stage) -> Self:
        """Give a shell beside the file that curl reads the key from."""
        shell = cls(home, stage)
        await shell.run(blocks("curl.md", "The key")[-1])
        return shell

    async def run(self, script: str, **variables: str) -> str:
        """Run something to its end, which must be with exit 0; return its output."""
        process = await self._begun(script, variables, asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(PATIENCE_S):
                out, err = await process.communicate()
        finally:
            await _ended(process)
        assert process.returncode == 0, out + err
        return out.decode()

    @asynccontextmanager
    async def running(self, script: str) -> AsyncIterator["Output"]:
        """Let something run that has no end; it is killed with the block."""
        process = await self._begun(script, {}, asyncio.subprocess.STDOUT)
        assert process.stdout is not None
        try:
            yield Output(process.stdout)
        finally:
            await _ended(process)

    async def _begun(
        self, script: str, variables: dict[str, str], stderr: int
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("/bin/sh", "-euc", script),
            cwd=self.home,
            env={**self._variables, **variables},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )


class Output:
    """What something that runs prints."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines

    async def line(self, pattern: str) -> str:
        """Wait for the next line with this in it; return the line."""
        return (await line_of(self._lines, re.compile(pattern))).string


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Kill a shell and what it started: they are a session of their own."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()
