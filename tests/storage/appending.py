"""A process that appends events until it is killed, and names those it stored."""

import asyncio
import sys
from itertools import count
from pathlib import Path

from tests.conformance.ports import joined
from tests.storage.opening import opened, opened_on


async def main(place: str) -> None:
    """Append in eight lanes; print the number of each event once it is stored.

    Args:
        place: A folder, or the URL of a database.
    """
    numbers = count()
    opening = opened_on(place) if "://" in place else opened(Path(place))
    async with opening as store, asyncio.TaskGroup() as tasks:

        async def append() -> None:
            for number in numbers:
                await store.log.append(joined(f"{number}"))
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()

        for _ in range(8):
            tasks.create_task(append())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
