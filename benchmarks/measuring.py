"""One measurement of each kind, of one subject."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.processes import Child
from benchmarks.stage import KEY, Stage
from gateway.system import SystemClock

CONNECTIONS = 32
IN_FLIGHT = 64
_clock = SystemClock()


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one run went.

    Attributes:
        per_second: How many a second.
        subject_cpu: The share of its core that the subject used; `None` if unknown.
        others_cpu: The same of all the others: near 1, it is them that were measured.
        facts: What else was seen.
    """

    per_second: float
    subject_cpu: float | None
    others_cpu: float | None
    facts: Mapping[str, Any]


class Stopwatch:
    """The time, and the CPU time of the processes, since it was made."""

    def __init__(self, subject: Child, others: list[Child]) -> None:
        self._subject = subject
        self._others = others
        self._began_s = _clock.monotonic()
        self._before = self._used()

    def pace(self, per_second: float, facts: Mapping[str, Any]) -> Pace:
        """Stop."""
        took_s = _clock.monotonic() - self._began_s
        shares = [
            None if now is None or before is None else (now - before) / took_s
            for now, before in zip(self._used(), self._before, strict=True)
        ]
        others = [share for share in shares[1:] if share is not None]
        return Pace(per_second, shares[0], sum(others) if others else None, facts)

    def _used(self) -> list[float | None]:
        return [self._subject.cpu_s, *(child.cpu_s for child in self._others)]


async def send(stage: Stage, name: str, seconds: float) -> Pace:
    """Post to `/send` on every connection for so long.

    Raises:
        AssertionError: Not everything was answered 200, or not everything was heard.
    """
    stopwatch = Stopwatch(stage.subjects[name], stage.others)
    answer = await stage.load.ask(
        "endlessly",
        url=stage.urls[name],
        key=KEY,
        connections=CONNECTIONS,
        seconds=seconds,
    )
    pace = stopwatch.pace(answer["per_second"], answer)
    if set(answer["statuses"]) != {"200"}:
        raise AssertionError(name, answer["statuses"])
    if name in stage.rooms:
        heard = await stage.room.ask("heard", room=stage.rooms[name])
        if heard["heard"] != answer["statuses"]["200"]:
            raise AssertionError(name, heard["heard"], answer["statuses"])
    return pace


async def deliver(stage: Stage, name: str, count: int) -> Pace:
    """Have so many messages said in the room reach the receiver.

    Raises:
        AssertionError: The gateway delivered more than that, or something unsigned.
    """
    await stage.receiver.ask("reset")
    stopwatch = Stopwatch(stage.subjects[name], stage.others)
    async with asyncio.TaskGroup() as tasks:
        said = tasks.create_task(_say(stage, name, count))
        came = tasks.create_task(stage.receiver.ask("until", count=count))
    answer = came.result()
    pace = stopwatch.pace(count / (answer["last_s"] - said.result()["began_s"]), answer)
    if name == "gateway" and not answer["signed"] == answer["count"] == count:
        raise AssertionError(answer)
    return pace


async def _say(stage: Stage, name: str, count: int) -> Any:  # noqa: ANN401 - any JSON
    if name == "raw":
        return await stage.subjects[name].ask(
            "post", url=stage.hook, count=count, concurrency=IN_FLIGHT
        )
    room = stage.rooms[name]
    return await stage.room.ask("flood", room=room, to=name, count=count)


async def send_latency(
    stage: Stage, name: str, count: int, per_second: float
) -> Mapping[str, Any]:
    """Post at a rate; return how long it took to be heard in the room."""
    await stage.room.ask("heard", room=stage.rooms[name])
    await stage.load.ask(
        "at_rate",
        url=stage.urls[name],
        key=KEY,
        connections=CONNECTIONS,
        count=count,
        per_second=per_second,
    )
    heard = await stage.room.ask("heard", room=stage.rooms[name])
    latencies: Mapping[str, Any] = heard["latencies"]
    return latencies


async def deliver_latency(
    stage: Stage, name: str, count: int, per_second: float
) -> Mapping[str, Any]:
    """Say things at a rate; return how long they took to reach the receiver."""
    await stage.receiver.ask("reset")
    async with asyncio.TaskGroup() as tasks:
        flood = stage.room.ask(
            "flood",
            room=stage.rooms[name],
            to=name,
            count=count,
            per_second=per_second,
        )
        tasks.create_task(flood)
        came = tasks.create_task(stage.receiver.ask("until", count=count))
    latencies: Mapping[str, Any] = came.result()["latencies"]
    return latencies
