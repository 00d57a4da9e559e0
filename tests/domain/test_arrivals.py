"""Arrivals: requests with nothing in them believed yet."""

from dataclasses import replace

from tests.domain.arriving import arrival


def test_nothing_of_an_arrival_is_shown_by_accident() -> None:
    """Neither its headers, its body nor its token are in its `repr`."""
    mine = arrival(b"mine", headers={"authorization": "Bearer private"})
    told = repr(replace(mine, token="an-address"))

    assert "mine" not in told
    assert "private" not in told
    assert "an-address" not in told
