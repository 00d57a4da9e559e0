"""`gateway tail --exec` as a process that is killed and started again."""

import asyncio
import json
import os
from itertools import pairwise
from pathlib import Path

from tests.faults.town import COMMAND, Json


class Tail:
    """Appends each event to a file, and knows from a cursor file where it was."""

    def __init__(self, home: Path, url: str) -> None:
        self._home = home
        self._url = url
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it."""
        with (self._home / "tail.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(COMMAND),
                "tail",
                "--since=earliest",
                "--cursor=cursor",
                "--exec=cat >> seen",
                f"--url={self._url}",
                cwd=self._home,
                env={"PATH": os.defpath, "HOME": str(self._home)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @property
    def said(self) -> str:
        """What it told a person."""
        return (self._home / "tail.log").read_text(encoding="utf-8")

    @property
    def got(self) -> list[Json]:
        """The events that its command was given, those given again too."""
        seen = self._home / "seen"
        if not seen.exists():
            return []
        return [json.loads(line) for line in seen.read_text().split("\n")[:-1]]

    def taken(self) -> list[Json]:
        """Return each event once; again came only the one in hand."""
        got = self.got
        again = [before == after for before, after in pairwise(got)]
        return got[:1] + [
            event for event, was in zip(got[1:], again, strict=True) if not was
        ]
