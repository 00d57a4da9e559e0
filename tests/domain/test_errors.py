"""Errors: a tree with codes that callers can rely on."""

from collections.abc import Iterator

import pytest

from gateway.domain import errors
from gateway.domain.errors import FieldError, GatewayError, Rejected, Unavailable


def tree(root: type[GatewayError]) -> Iterator[type[GatewayError]]:
    """Walk the errors below one."""
    for child in root.__subclasses__():
        yield child
        yield from tree(child)


NAMED = [error for error in tree(GatewayError) if error not in {Rejected, Unavailable}]


@pytest.mark.parametrize("error", NAMED)
def test_every_error_has_a_code_of_its_own(error: type[GatewayError]) -> None:
    """No error is `internal`, and none shares its code."""
    assert error.code != GatewayError.code
    assert [other for other in NAMED if other.code == error.code] == [error]


@pytest.mark.parametrize("error", NAMED)
def test_every_error_is_somebodys_turn(error: type[GatewayError]) -> None:
    """Either the caller must change something, or try later; never both."""
    assert issubclass(error, Rejected) is not issubclass(error, Unavailable)


@pytest.mark.parametrize("error", NAMED)
def test_the_tree_is_drawn_as_it_is(error: type[GatewayError]) -> None:
    """The module's picture names every error."""
    assert f"─ {error.__name__} " in (errors.__doc__ or "")


def test_an_error_carries_its_facts() -> None:
    """Sentence, places and further members are kept as given."""
    place = FieldError("/to", "is empty")

    error = errors.Invalid("no recipient", errors=[place], facts={"limit": 1})

    assert str(error) == error.detail == "no recipient"
    assert error.errors == (place,)
    assert error.facts == {"limit": 1}


def test_an_error_without_facts_has_none() -> None:
    """What is not given is empty, not absent."""
    error = errors.NotFound("nothing of that id")

    assert error.errors == ()
    assert error.facts == {}


def test_what_is_unavailable_says_when_to_come_back() -> None:
    """Five seconds unless something better is known."""
    assert errors.QueueFull("full").retry_after_s == 5
    assert errors.QueueFull("full", retry_after_s=60).retry_after_s == 60
