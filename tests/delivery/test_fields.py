"""Members are read as what they are, or found wrong in their place."""

import pytest

from gateway.delivery.fields import Fields
from gateway.domain.errors import Invalid


def test_nothing_wrong_is_no_error() -> None:
    """`finish` returns when every member was as it should be."""
    fields = Fields({"name": "x", "count": 3.0, "on": True})

    values = (
        fields.text("name", longest=5),
        fields.number("count", 1, 1, 5),
        fields.truth("on", default=False),
    )

    fields.finish()
    assert values == ("x", 3, True)


def test_places_inside_are_found_from_the_outside() -> None:
    """An object inside reports with its own name before the member's."""
    fields = Fields({"retry": {"schedule": "soon"}}, "/3")

    fields.inner("retry").integers("schedule", 1, 5, most=3)

    with pytest.raises(Invalid) as caught:
        fields.finish()
    assert caught.value.errors[0].pointer == "/3/retry/schedule"


@pytest.mark.parametrize("value", [True, "3", 3.5, float("nan"), float("inf"), [], {}])
def test_what_is_no_whole_number_is_wrong(value: object) -> None:
    """Booleans, texts, fractions and infinities are no whole numbers."""
    fields = Fields({"count": value})

    count = fields.number("count", 1, 0, 10)

    with pytest.raises(Invalid, match="whole number from 0 to 10"):
        fields.finish()
    assert count == 1


def test_doubles_in_a_list_count_once() -> None:
    """A text given twice stands in the list once, in its first place."""
    fields = Fields({"rooms": ["b", "a", "b"]})

    assert fields.texts("rooms", most=5) == ("b", "a")


def test_zero_is_not_false() -> None:
    """The one value that is allowed must have its own type."""
    fields = Fields({"links": 0})

    fields.only("links", value=False)

    with pytest.raises(Invalid, match="send false"):
        fields.finish()
