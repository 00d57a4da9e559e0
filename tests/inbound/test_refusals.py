"""The requests that were refused lately."""

from datetime import datetime

from gateway.domain.errors import Invalid, NotVerified
from gateway.domain.model import Profile, Verification
from gateway.inbound.refusals import (
    MOST_CHARACTERS,
    MOST_REFUSALS,
    TOLD_FOR,
    Refusals,
)
from tests.fakes.clock import NOON
from tests.fakes.inbound import a_source, an_arrival

GUARDED = Verification(Profile.BEARER, ("open sesame",))


def test_a_refusal_is_remembered_without_its_body() -> None:
    """How large it was, who sent it and why it was refused are known."""
    refusals = Refusals()
    arrival = an_arrival(b"12345", {"user-agent": "curl/8"})

    refusals.add(a_source(), arrival, NotVerified("no signature"), NOON)

    (found,) = refusals.of("src_1")
    assert (found.size, found.user_agent, found.code, found.reason) == (
        5,
        "curl/8",
        "not_verified",
        "no signature",
    )
    assert not found.is_verified


def test_the_last_hundred_are_remembered() -> None:
    """A stranger fills no memory; the newest comes first."""
    refusals = Refusals()

    for number in range(MOST_REFUSALS + 10):
        refusals.add(a_source(), an_arrival(), NotVerified(f"{number}"), NOON)

    found = refusals.of("src_1")
    assert len(found) == MOST_REFUSALS
    assert found[0].reason == str(MOST_REFUSALS + 9)


def test_long_headers_are_cut() -> None:
    """What is remembered of a request has a bound."""
    refusals = Refusals()
    arrival = an_arrival(b"", {"user-agent": "x" * 65_536})

    refusals.add(a_source(), arrival, NotVerified("y" * 65_536), NOON)

    (found,) = refusals.of("src_1")
    assert found.user_agent is not None
    assert {len(found.user_agent), len(found.reason)} == {MOST_CHARACTERS}


def test_what_was_verified_and_could_not_be_read_is_told_apart() -> None:
    """It came from whom it should."""
    refusals = Refusals()

    refusals.add(a_source(verify=GUARDED), an_arrival(), Invalid("no object"), NOON)

    assert refusals.of("src_1")[0].is_verified


def test_where_nothing_is_proven_nothing_was_verified() -> None:
    """Whoever knows the address may send there."""
    refusals = Refusals()

    refusals.add(a_source(), an_arrival(), Invalid("no object"), NOON)

    assert not refusals.of("src_1")[0].is_verified


def test_the_token_of_an_address_is_not_remembered() -> None:
    """Whoever reads of the refusal could send there."""
    refusals, error = Refusals(), NotVerified("no signature")
    headers = {"user-agent": "hook/1 (https://gate.example/in/abc234)"}

    refusals.add(a_source(), an_arrival(headers=headers, token="abc234"), error, NOON)

    assert refusals.of("src_1")[0].user_agent == (
        "hook/1 (https://gate.example/in/[redacted])"
    )


def refuse(refusals: Refusals, count: int, now: datetime = NOON) -> int:
    """Have so many requests refused; return of how many somebody should hear."""
    error = NotVerified("no signature")
    return sum(refusals.add(a_source(), an_arrival(), error, now) for _ in range(count))


def test_somebody_hears_of_ten_in_a_row_once() -> None:
    """The secret is another, perhaps; who floods an address fills no log."""
    refusals = Refusals()

    assert refuse(refusals, 9) == 0
    assert refuse(refusals, 1_000) == 1
    assert refuse(refusals, 1_000, NOON + TOLD_FOR) == 1


def test_one_that_is_taken_ends_the_row() -> None:
    """Its sender has the right secret; and yet nobody hears of it all the time."""
    refusals = Refusals()

    refuse(refusals, 9)
    refusals.end_row("src_1")
    assert refuse(refusals, 9) == 0
    assert refuse(refusals, 1) == 1
    refusals.end_row("src_1")
    assert refuse(refusals, 10) == 0


def test_those_of_a_source_can_be_forgotten() -> None:
    """Those of others stay."""
    refusals = Refusals()
    for source in (a_source("src_1"), a_source("src_2")):
        refusals.add(source, an_arrival(), NotVerified("no"), NOON)

    refusals.forget("src_1")

    assert (len(refusals.of("src_1")), len(refusals.of("src_2"))) == (0, 1)
