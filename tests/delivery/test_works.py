"""What lanes share is one thing for all of them."""

from tests.fakes.clock import NOON
from tests.fakes.delivering import Delivering


async def test_the_moment_is_that_of_the_clock() -> None:
    """Both clocks are read at once."""
    works = Delivering().works

    assert (works.now.at, works.now.s) == (NOON, works.clock.monotonic())


async def test_the_ledger_writes_where_the_works_say() -> None:
    """Results go to the same store that work comes from."""
    works = Delivering().works

    assert works.ledger.deliveries is works.deliveries
    assert works.ledger.replies is works.replies
