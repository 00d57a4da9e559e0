"""How many readers of the log one gateway serves, and how soon each has an event."""

import resource
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks import processes
from benchmarks.stage import COMMAND, KEY, Stage, ready
from gateway.system import SystemClock

READERS = 1_000
PER_SECOND = 100.0
SECONDS = 20.0
SETTLED_S = 2.0
ROOM = "streams"
SPARE_FILES = 200
_clock = SystemClock()


@dataclass(frozen=True, slots=True)
class Audience:
    """One measurement.

    Attributes:
        whole: How many readers had every event, in order.
        latencies: From the room to a reader, of every event to each of them.
        kib_each: Resident memory that a reader took; `None` if unknown.
        cpu: The share of its core that the gateway used; `None` if unknown.
    """

    whole: int
    latencies: Mapping[str, Any]
    kib_each: float | None
    cpu: float | None


async def listen(
    stage: Stage, readers: int = READERS, seconds: float = SECONDS
) -> Audience:
    """Have many readers hear what is said in a room, on a gateway of their own.

    Raises:
        AssertionError: A reader had not every event, or not in order.
    """
    _allow_files(readers + SPARE_FILES)
    port = processes.free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        **stage.gateway_settings(stage.home / ROOM, port, ROOM),
        "GATEWAY_STREAMS_PER_KEY": str(readers),
    }
    await stage.room.ask("furnish", room=ROOM)
    async with (
        processes.servant(
            "readers", core=stage.cores.others, log=stage.log("readers"), greets=False
        ) as crowd,
        processes.running(
            [str(COMMAND), "serve"],
            core=stage.cores.subject,
            log=stage.log(ROOM),
            settings=settings,
        ) as gateway,
    ):
        await ready(gateway, url)
        await _clock.sleep(SETTLED_S)
        before = gateway.rss_mib
        count = int(PER_SECOND * seconds)
        await crowd.ask(
            "gather", url=f"{url}/events", key=KEY, readers=readers, count=count
        )
        await _clock.sleep(SETTLED_S)
        after, cpu_s, began_s = gateway.rss_mib, gateway.cpu_s, _clock.monotonic()
        await stage.room.ask(
            "flood", room=ROOM, to="gateway", count=count, per_second=PER_SECOND
        )
        heard = await crowd.ask("listen")
        used = None if cpu_s is None else (gateway.cpu_s or 0.0) - cpu_s
        took_s = _clock.monotonic() - began_s
    if heard["whole"] != readers:
        raise AssertionError(heard)
    return Audience(
        heard["whole"],
        heard["latencies"],
        None if before is None or after is None else (after - before) * 1024 / readers,
        None if used is None else used / took_s,
    )


def _allow_files(count: int) -> None:
    """Allow ourselves, and whom we start, a file for each connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
