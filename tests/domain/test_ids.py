"""Ids: prefixed, sortable, not to be guessed."""

import re
from datetime import timedelta
from random import SystemRandom

import pytest
from ulid import ULID

from gateway.domain.ids import Ids, Kind
from tests.fakes.clock import FakeClock


@pytest.mark.parametrize("kind", Kind)
def test_an_id_is_its_kind_and_a_ulid(kind: Kind) -> None:
    """An id is its prefix and 26 characters of base 32 as Crockford has it."""
    minted = Ids(FakeClock(), SystemRandom()).new(kind)

    assert re.fullmatch(rf"{kind.value}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}", minted)


def test_no_two_kinds_share_a_prefix() -> None:
    """What an id names can be told from it."""
    assert len({kind.value for kind in Kind}) == len(Kind)


def test_an_id_holds_its_time() -> None:
    """The first 48 bits are the clock's milliseconds."""
    clock = FakeClock()

    minted = Ids(clock, SystemRandom()).new(Kind.EVENT)

    assert ULID.from_str(minted.removeprefix("evt_")).datetime == clock.now()


async def test_ids_sort_by_time() -> None:
    """An id minted a millisecond later is greater."""
    clock = FakeClock()
    ids = Ids(clock, SystemRandom())
    earlier = ids.new(Kind.MESSAGE)
    await clock.advance(timedelta(milliseconds=1).total_seconds())

    later = ids.new(Kind.MESSAGE)

    assert later > earlier


def test_ids_of_one_moment_differ() -> None:
    """Eighty bits of chance keep ids of the same millisecond apart."""
    ids = Ids(FakeClock(), SystemRandom())

    minted = {ids.new(Kind.MESSAGE) for _ in range(1000)}

    assert len(minted) == 1000
