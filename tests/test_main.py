"""`python -m gateway` is the command line."""

import asyncio
import sys

from gateway import __version__


async def test_it_is_the_command_line() -> None:
    """As good as the console script, where that is not on the path."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "--version"), stdout=asyncio.subprocess.PIPE
    )

    out, _ = await process.communicate()

    assert process.returncode == 0
    assert out.decode().strip() == __version__
