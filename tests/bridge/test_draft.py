"""A draft is as large as what it says and carries."""

from tests.bridge.conftest import a_draft


def test_a_draft_counts_in_bytes() -> None:
    """Its text in UTF-8, with its attachment."""
    draft = a_draft('{"text":"\u20ac"}', attachment=b"abc")

    assert draft.size == len('{"text":"\u20ac"}'.encode()) + 3
