"""The real clock."""

from datetime import UTC

from gateway.system import SystemClock, system_random


def test_the_present_moment_is_in_utc() -> None:
    """An aware datetime, so that no zone is ever guessed."""
    assert SystemClock().now().tzinfo is UTC


async def test_sleeping_takes_as_long_as_asked() -> None:
    """The monotonic clock has moved on by at least what was slept."""
    clock = SystemClock()
    before = clock.monotonic()

    await clock.sleep(0)

    assert clock.monotonic() >= before


def test_chance_cannot_be_seeded() -> None:
    """Two generators seeded alike still differ: ids and secrets come from them."""
    first, second = system_random(), system_random()
    first.seed(1)
    second.seed(1)

    assert first.getrandbits(128) != second.getrandbits(128)
