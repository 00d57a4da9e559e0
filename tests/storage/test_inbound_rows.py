"""Requests of third parties as rows."""

import pytest

from gateway.storage.inbound_rows import (
    IDENTITY_LENGTH,
    INBOUND,
    INLINE_BYTES,
    identity_of,
    is_large,
    row_of_inbound,
    row_of_settled,
)
from tests.conformance.ports import inbound


@pytest.mark.parametrize("size", [0, INLINE_BYTES])
def test_a_body_is_in_the_row_up_to_64_kib(size: int) -> None:
    """What would need many rows is stored apart."""
    small, large = inbound("1", body=bytes(size)), inbound("2", body=bytes(65_537))

    rows = [
        dict(zip(INBOUND, row_of_inbound(one, 1), strict=True))
        for one in (small, large)
    ]

    assert (rows[0]["body"], rows[0]["size"]) == (bytes(size), size)
    assert (rows[1]["body"], rows[1]["size"]) == (None, 65_537)
    assert (is_large(small), is_large(large)) == (False, True)


@pytest.mark.parametrize("identity", [None, "", "d-1", "é" * IDENTITY_LENGTH])
def test_an_identity_that_fits_is_kept(identity: str | None) -> None:
    """Whoever looks into the database finds what the sender gave."""
    assert identity_of(inbound("1", identity=identity)) == identity


@pytest.mark.parametrize("identity", ["x" * 201, "a\0", "a\n", "\ud800"])
def test_of_an_odd_identity_a_digest_is_kept(identity: str) -> None:
    """What no index or database takes is told from others all the same."""
    kept = identity_of(inbound("1", identity=identity))

    assert kept is not None
    assert kept.startswith("sha256:")
    assert kept != identity_of(inbound("2", identity=identity + "x"))


def test_half_a_character_hinders_nothing() -> None:
    """A reason, a query and headers can be stored whatever is in them."""
    odd = inbound("1", reason="a\ud800", query="\udfff", headers={"x": "\ud801"})

    for row in (row_of_inbound(odd, 1), row_of_settled(odd)):
        for value in row:
            assert not isinstance(value, str) or value.encode()
