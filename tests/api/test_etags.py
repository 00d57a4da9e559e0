"""What a caller knows already, compared as RFC 9110 has it."""

import pytest

from gateway.api.etags import is_match, is_unchanged


@pytest.mark.parametrize(
    ("given", "matches"),
    [
        (None, False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
    ],
)
def test_entity_tags_are_compared_weakly(given: str | None, *, matches: bool) -> None:
    """As RFC 9110 asks for If-None-Match."""
    found = is_match(given, '"a"')

    assert found is matches


@pytest.mark.parametrize(
    ("given", "unchanged"),
    [
        (None, True),
        ('"a"', True),
        ('W/"a"', False),
        ('"b"', False),
        ("Sat, 14 Mar 2026 12:00:00 GMT", False),
    ],
)
def test_a_part_is_only_of_the_very_same_bytes(
    given: str | None, *, unchanged: bool
) -> None:
    """As RFC 9110 asks for If-Range: a strong comparison."""
    found = is_unchanged(given, '"a"')

    assert found is unchanged
