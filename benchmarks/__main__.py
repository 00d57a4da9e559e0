"""`python -m benchmarks [--runs 5] [--seconds 5] [--only NAME] [--quick]`."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from benchmarks import measuring, streams
from benchmarks.measuring import Pace
from benchmarks.processes import ROOT
from benchmarks.report import Report, Row, Target, conditions
from benchmarks.stage import Stage, a_stage
from benchmarks.starting import start
from gateway.system import SystemClock

RESULTS = ROOT / "benchmarks" / "results"
WARM_UP_S = 1.0
WARM_UP_COUNT = 1000
LATENCY_RATE = 200.0
STARTS = 3

Measure = Callable[[Stage, str], Awaitable[Pace]]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each subject")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument(
        "--only", choices=("send", "deliver", "streams"), help="one row"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="3 runs of 2 s, of which no file is written",
    )
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.runs, chosen.seconds = 3, 2.0
    return chosen


async def main() -> None:
    """Measure, print and write."""
    chosen = arguments()
    scratch = ROOT / ".cache"  # Not the system's: that may be memory, without a disk.
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=scratch) as home:
        async with a_stage(Path(home)) as stage:
            report = await _measured(stage, chosen)
    sys.stdout.write("\n" + report.text())
    if not chosen.quick and chosen.only is None:
        path = report.write(RESULTS)
        _say(f"written to {path.relative_to(ROOT)} and .json")


async def _measured(stage: Stage, chosen: argparse.Namespace) -> Report:
    told = conditions(
        runs=chosen.runs, seconds=chosen.seconds, is_bound=stage.cores.is_bound
    )
    report = Report(SystemClock().now(), told, missing=stage.missing)
    if chosen.only in (None, "send"):
        report.rows.append(await _sends(stage, chosen.runs, chosen.seconds))
    if chosen.only in (None, "deliver"):
        report.rows.append(await _deliveries(stage, chosen.runs, chosen.seconds))
    if chosen.only in (None, "streams"):
        await _streams(stage, report)
    if chosen.only is None:
        await _latencies(stage, report, chosen.seconds)
        await _starts(stage, report)
    return report


async def _sends(stage: Stage, runs: int, seconds: float) -> Row:
    names = ["gateway", "bare", "naive"]

    async def measure(stage: Stage, name: str) -> Pace:
        return await measuring.send(stage, name, seconds)

    for name in _there(stage, names):
        await measuring.send(stage, name, WARM_UP_S)
    return Row(
        "POST /send, durable, acknowledged by the room, 32 connections",
        "requests/s",
        [Target("bare", 0.45, 0.8), Target("naive", 1.8, 1.8)],
        await _in_turn(stage, names, runs, measure),
    )


async def _deliveries(stage: Stage, runs: int, seconds: float) -> Row:
    names = ["gateway", "raw", "naive"]
    counts: dict[str, int] = {}
    for name in _there(stage, names):
        first = await measuring.deliver(stage, name, WARM_UP_COUNT)
        counts[name] = max(WARM_UP_COUNT, int(first.per_second * seconds))

    async def measure(stage: Stage, name: str) -> Pace:
        return await measuring.deliver(stage, name, counts[name])

    return Row(
        "Room message to committed, signed webhook delivery, sustained",
        "deliveries/s",
        [Target("raw", 0.4, 0.6), Target("naive", 1.2, 1.2)],
        await _in_turn(stage, names, runs, measure),
    )


async def _in_turn(
    stage: Stage, names: list[str], runs: int, measure: Measure
) -> dict[str, list[Pace]]:
    """Measure A B C A B C …, so that what the machine does besides is shared."""
    paces: dict[str, list[Pace]] = {name: [] for name in _there(stage, names)}
    for number in range(runs):
        for name, found in paces.items():
            pace = await measure(stage, name)
            found.append(pace)
            _say(f"run {number + 1} of {runs}: {name} {pace.per_second:.0f}/s")
    return paces


async def _latencies(stage: Stage, report: Report, seconds: float) -> None:
    count = int(LATENCY_RATE * seconds * 2)
    for name in stage.rooms:
        for title, measure in (
            (f"POST /send → participant, {LATENCY_RATE:.0f}/s", measuring.send_latency),
            (f"room → receiver, {LATENCY_RATE:.0f}/s", measuring.deliver_latency),
        ):
            found = await measure(stage, name, count, LATENCY_RATE)
            report.latencies[f"{name}: {title}"] = found
            _say(f"{name}: {title}: p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms")


async def _streams(stage: Stage, report: Report) -> None:
    heard = await streams.listen(stage)
    each = "?" if heard.kib_each is None else f"{heard.kib_each:.0f}"
    share = "?" if heard.cpu is None else f"{heard.cpu:.0%}"
    title = (
        f"gateway: room → each of {heard.whole} streams, {streams.PER_SECOND:.0f}/s"
        f" ({each} KiB a stream, {share} of its core)"
    )
    found = report.latencies[title] = heard.latencies
    _say(f"{title}: p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms")


async def _starts(stage: Stage, report: Report) -> None:
    starts = [await start(stage) for _ in range(STARTS)]
    report.starts["start of `gateway serve` to its room being ready, s"] = median(
        one.ready_s for one in starts
    )
    sizes = [one.idle_mib for one in starts if one.idle_mib is not None]
    report.starts["resident memory when idle, MiB"] = median(sizes) if sizes else None


def _there(stage: Stage, names: list[str]) -> list[str]:
    return [name for name in names if name in stage.subjects]


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


if __name__ == "__main__":
    asyncio.run(main())
