"""What was measured, as a table to read and as JSON to compare."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import ratio
from benchmarks.measuring import Pace

NOT_MEASURED = "not measured"
QUIET = 0.85  # What a subject that never waits gets of its core when nobody else does.
NEVER_WAITING = ("bare", "raw")


_NOISE = (
    "**The machine was not quiet**: a baseline that never waits had less than"
    f" {QUIET:.0%} of its core. Two threads get more of a shared core than one does, so"
    " the gateway looks better than it is: trust the ratio by CPU time alone."
)


@dataclass(frozen=True, slots=True)
class Target:
    """What the gateway is to reach beside a baseline."""

    baseline: str
    required: float
    wanted: float


@dataclass(frozen=True, slots=True)
class Row:
    """One measure: the gateway's runs, and those of its baselines, in turn."""

    title: str
    unit: str
    targets: Sequence[Target]
    runs: Mapping[str, Sequence[Pace]]

    def speeds(self, name: str) -> list[float]:
        """Return how many a second, run by run."""
        return [pace.per_second for pace in self.runs[name]]

    def per_cpu_second(self, name: str) -> list[float]:
        """Return how many for each second of CPU time, run by run; none if unknown."""
        paces = self.runs[name]
        return [p.per_second / p.subject_cpu for p in paces if p.subject_cpu]

    @property
    def is_quiet(self) -> bool:
        """Whether those that never wait had their core for themselves."""
        return all(
            median(pace.subject_cpu or 1.0 for pace in paces) >= QUIET
            for name, paces in self.runs.items()
            if name in NEVER_WAITING
        )


@dataclass(slots=True)
class Report:
    """All that was measured in one go."""

    at: datetime
    conditions: str
    rows: list[Row] = field(default_factory=list)
    latencies: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    starts: dict[str, float | None] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return it as Markdown."""
        lines = [f"# Benchmarks of {self.at:%Y-%m-%d}", "", self.conditions, ""]
        for row in self.rows:
            lines += _table(row)
        if self.latencies:
            lines += ["## Latency", "", "| what | p50 ms | p99 ms | of |"]
            lines += ["|---|---:|---:|---:|"]
            lines += [
                f"| {name} | {one['p50_ms']} | {one['p99_ms']} | {one['count']} |"
                for name, one in self.latencies.items()
            ]
            lines.append("")
        if self.starts:
            lines += ["## Start", "", "| what | median |", "|---|---:|"]
            lines += [
                f"| {name} | {_of(value)} |" for name, value in self.starts.items()
            ]
            lines.append("")
        lines += [
            f"*{name}*: {NOT_MEASURED}: {why}" for name, why in self.missing.items()
        ]
        return "\n".join(lines).rstrip() + "\n"

    def json(self) -> str:
        """Return it as JSON, with every run."""
        document = {
            "at": self.at.isoformat(timespec="seconds"),
            "conditions": self.conditions,
            "rows": {
                row.title: {
                    name: [round(speed, 1) for speed in row.speeds(name)]
                    for name in row.runs
                }
                for row in self.rows
            },
            "latencies": self.latencies,
            "starts": self.starts,
            "missing": self.missing,
        }
        return json.dumps(document, indent=2) + "\n"

    def write(self, folder: Path) -> Path:
        """Write both; the later of a day replaces the earlier."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.at:%Y-%m-%d}.md"
        path.write_text(self.text(), encoding="utf-8")
        path.with_suffix(".json").write_text(self.json(), encoding="utf-8")
        return path


def conditions(*, runs: int, seconds: float, is_bound: bool) -> str:
    """Say on what and how it was measured."""
    where = (
        "the subject alone on one core, room server, receiver and load generator on"
        " another"
        if is_bound
        else "processes not bound to cores (no taskset here)"
    )
    return (
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()};"
        f" {runs} runs of about {seconds:g} s each, the subjects in turn; {where}."
    )


def _table(row: Row) -> list[str]:
    lines = [
        f"## {row.title}",
        "",
        f"| subject | {row.unit}, median | least … most | its core | other core |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, paces in row.runs.items():
        speeds = row.speeds(name)
        spread = f"{min(speeds):.0f} … {max(speeds):.0f}"
        busy = " | ".join(
            _share([getattr(pace, which) for pace in paces])
            for which in ("subject_cpu", "others_cpu")
        )
        lines.append(f"| {name} | {median(speeds):.0f} | {spread} | {busy} |")
    if not row.is_quiet:
        lines += ["", _NOISE]
    lines += [
        "",
        "| gateway ÷ | of medians | median by run | by CPU time | required | wanted |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {each.baseline} | {_ratios(row, each.baseline)} |"
        f" {each.required} | {each.wanted} |"
        for each in row.targets
    ]
    return [*lines, ""]


def _ratios(row: Row, baseline: str) -> str:
    if baseline not in row.runs:
        return "- | - | -"
    both = ratio(row.speeds("gateway"), row.speeds(baseline))
    ours, theirs = row.per_cpu_second("gateway"), row.per_cpu_second(baseline)
    by_cpu = f"{median(ours) / median(theirs):.2f}" if ours and theirs else "-"
    return f"{both[0]:.2f} | {both[1]:.2f} | {by_cpu}"


def _share(shares: Sequence[float | None]) -> str:
    known = [share for share in shares if share is not None]
    return f"{median(known):.0%}" if known else "-"


def _of(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.2f}"
