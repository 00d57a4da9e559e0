"""How long a gateway takes to be ready, and what it holds when it has nothing to do."""

from dataclasses import dataclass

from benchmarks import processes
from benchmarks.stage import COMMAND, Stage, ready
from gateway.system import SystemClock

IDLE_S = 3.0
_clock = SystemClock()


@dataclass(frozen=True, slots=True)
class Start:
    """One start.

    Attributes:
        ready_s: From the start of the process until its room is ready.
        idle_mib: Resident memory some seconds later; `None` if unknown.
    """

    ready_s: float
    idle_mib: float | None


async def start(stage: Stage) -> Start:
    """Start a gateway of its own on the data of the last, and stop it again."""
    port = processes.free_port()
    settings = stage.gateway_settings(stage.home / "idle", port, "idle")
    began_s = _clock.monotonic()
    async with processes.running(
        [str(COMMAND), "serve"],
        core=stage.cores.subject,
        log=stage.log("idle"),
        settings=settings,
    ) as child:
        await ready(child, f"http://127.0.0.1:{port}")
        ready_s = _clock.monotonic() - began_s
        await _clock.sleep(IDLE_S)
        return Start(ready_s, child.rss_mib)
