"""Waits between attempts."""

from random import Random

import pytest

from gateway.room.backoff import Backoff
from gateway.room.protocol.events import RoomState
from gateway.room.protocol.standing import Pace, Setback


class Ceiling(Random):
    """Chance that always falls on the upper end."""

    def uniform(self, a: float, b: float) -> float:  # type: ignore[explicit-override] # typing.override needs 3.12
        """Give the upper end."""
        return max(a, b)


def seeded(seed: int) -> Random:
    """The same chance for the same seed."""
    return Random(seed)  # noqa: S311 - jitter, no secret


def test_ceilings_double_up_to_thirty_seconds() -> None:
    """The longest waits are 0.5, 1, 2 … and never above 30 seconds."""
    backoff = Backoff(Ceiling())

    waits = [backoff.next_s() for _ in range(9)]

    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_thousand_failures_still_wait_thirty_seconds_at_most() -> None:
    """The exponent does not run away."""
    backoff = Backoff(Ceiling())

    waits = [backoff.next_s() for _ in range(5000)]

    assert waits[-1] == 30


def test_waits_spread_over_the_whole_range() -> None:
    """Full jitter: gateways that lost the same room come back one by one."""
    backoffs = [Backoff(seeded(seed)) for seed in range(200)]

    waits = sorted(backoff.next_s() for backoff in backoffs)

    assert waits[0] < 0.02
    assert waits[-1] > 0.48
    assert 0.2 < waits[100] < 0.3


@pytest.mark.parametrize(("ready_s", "expected"), [(59.9, 2.0), (60.0, 0.5)])
def test_only_a_steady_time_starts_afresh(ready_s: float, expected: float) -> None:
    """A room that flaps does not become a hot loop."""
    backoff = Backoff(Ceiling())
    backoff.next_s()
    backoff.next_s()

    backoff.was_ready(ready_s)

    assert backoff.next_s() == expected


def test_seeds_decide() -> None:
    """The same chance gives the same waits."""
    first, second = Backoff(seeded(7)), Backoff(seeded(7))

    assert [first.next_s() for _ in range(5)] == [second.next_s() for _ in range(5)]


@pytest.mark.parametrize(
    ("setback", "expected"),
    [
        (Setback(RoomState.RECONNECTING, "x"), 0.5),
        (Setback(RoomState.RECONNECTING, "x", at_least_s=9.0), 9.0),
        (Setback(RoomState.DENIED, "x", Pace.SLOW), 60.0),
        (Setback(RoomState.DISMISSED, "x", Pace.ON_REQUEST), None),
    ],
)
def test_each_pace_has_its_wait(setback: Setback, expected: float | None) -> None:
    """A server's wish for more time is granted."""
    assert Backoff(Ceiling()).after(setback) == expected
