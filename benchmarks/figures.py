"""Figures of many measurements: medians and percentiles."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long things took, in milliseconds."""

    count: int
    p50_ms: float
    p99_ms: float

    def line(self) -> dict[str, float]:
        """Return it as JSON has it."""
        return asdict(self)


def latencies_of(seconds: Sequence[float]) -> Latencies:
    """Sum up durations, given in seconds; of none, all is 0."""
    if not seconds:
        return Latencies(0, 0.0, 0.0)
    ordered = sorted(seconds)
    return Latencies(
        count=len(ordered),
        p50_ms=round(ordered[len(ordered) // 2] * 1000, 2),
        p99_ms=round(
            ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1000, 2
        ),
    )


def ratio(of: Sequence[float], to: Sequence[float]) -> tuple[float, float]:
    """Return the ratio of the medians, and the median of the ratios run by run."""
    pairs = [one / other for one, other in zip(of, to, strict=True)]
    return median(of) / median(to), median(pairs)
