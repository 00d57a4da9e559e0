"""Arrivals: requests with nothing in them believed yet."""

from tests.domain.arriving import arrival


def test_nothing_of_an_arrival_is_shown_by_accident() -> None:
    """Neither its headers nor its body are in its `repr`."""
    told = repr(arrival(b"mine", headers={"authorization": "Bearer private"}))

    assert "mine" not in told
    assert "private" not in told
