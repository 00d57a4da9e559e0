"""A process that appends events until it is killed, and names those it stored."""

import asyncio
import sys
from itertools import count
from pathlib import Path

from tests.conformance.ports import joined
from tests.storage.opening import opened


async def main(path: Path) -> None:
    """Append in eight lanes; print the number of each event once it is stored."""
    numbers = count()
    async with opened(path) as store, asyncio.TaskGroup() as tasks:

        async def append() -> None:
            for number in numbers:
                await store.log.append(joined(f"{number}"))
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()

        for _ in range(8):
            tasks.create_task(append())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
