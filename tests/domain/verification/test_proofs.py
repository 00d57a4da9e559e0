"""Proofs: every secret is tried, and what cannot be read is passed over."""

from datetime import timedelta

import pytest

from gateway.domain.errors import NotVerified
from gateway.domain.model.sources import Encoding
from gateway.domain.verification.proofs import (
    check_same,
    check_signatures,
    check_time,
    parts,
    wire,
)
from tests.domain.verification.arriving import AT, BODY, NOW, SECRET, b64, digest

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("place", range(10))
def test_any_of_ten_secrets_may_fit(place: int) -> None:
    """Whichever it is, and whatever the others are."""
    secrets = [f"another {index}" for index in range(10)]
    secrets[place] = SECRET

    check_signatures(secrets, BODY, [digest(SECRET, BODY).hex()])
    check_same(secrets, SECRET.encode(), challenge=None)


def test_signatures_that_cannot_be_read_are_passed_over() -> None:
    """One that fits is enough, among any number of others that are none."""
    offered = ["", "é", "zz", "*" * 100, b64(digest(SECRET, BODY))]

    check_signatures([SECRET], BODY, offered, encoding=Encoding.BASE64)


def test_hexadecimal_digits_may_be_capitals() -> None:
    """As with every other reader of them."""
    check_signatures([SECRET], BODY, [digest(SECRET, BODY).hex().upper()])


def test_a_header_has_a_number_of_parts_that_can_be_tried() -> None:
    """Thirty-two are fine, and one more is not."""
    assert parts(" a, b ,c", ",") == ["a", "b", "c"]
    assert len(parts("," * 31, ",")) == 32
    with pytest.raises(NotVerified, match="more than 32"):
        parts("," * 32, ",")


@pytest.mark.parametrize("secrets", [[], [""]])
def test_no_secret_fits_nothing(secrets: list[str]) -> None:
    """Not even a signature made with an empty key."""
    with pytest.raises(NotVerified, match="no secret"):
        check_signatures(secrets, BODY, [digest("", BODY).hex()])
    with pytest.raises(NotVerified, match="no secret"):
        check_same(secrets, b"", challenge=None)


def test_a_time_is_returned_as_it_was_written() -> None:
    """It is what was signed, leading zeros and all."""
    text = f"00{AT}"

    time = check_time(text, where="it", now=NOW, tolerance=MINUTE)

    assert time == text.encode()


@pytest.mark.parametrize(
    "text", ["", " ", "-1", "+1", "1.0", "1e9", "٣", "1_0", "1\n", "9" * 13]
)
def test_what_is_no_number_of_seconds_is_no_time(text: str) -> None:
    """ASCII digits alone, and not too many."""
    with pytest.raises(NotVerified, match="not a number"):
        check_time(text, where="it", now=NOW, tolerance=MINUTE)


@pytest.mark.parametrize(
    ("value", "given"), [("é", b"\xe9"), ("Ω", "Ω".encode()), ("a", b"a")]
)
def test_a_header_is_the_bytes_that_came(value: str, given: bytes) -> None:
    """Latin-1 stands for bytes; what cannot have come so is still some."""
    assert wire(value) == given
