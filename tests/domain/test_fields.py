"""Members are read as what they are, or found wrong in their place."""

import pytest

from gateway.domain.errors import Invalid
from gateway.domain.fields import Fields
from gateway.domain.model import Format, Ordering, Signature


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


def test_a_number_may_say_of_what() -> None:
    """Whoever wrote `1d` reads that it is seconds."""
    fields = Fields({"ttl": "1d"})

    fields.number("ttl", 5, 1, 9, of="seconds")

    with pytest.raises(Invalid, match="whole number of seconds from 1 to 9"):
        fields.finish()


def test_a_member_that_is_misspelt_is_guessed() -> None:
    """One that resembles nothing, or is very long, is not."""
    fields = Fields({"brodcast": 1, "Name": 1, "xyz": 1, "name" * 11: 1})

    fields.refuse_unknown({"broadcast", "name"})

    with pytest.raises(Invalid) as caught:
        fields.finish()
    guesses = [error.detail.partition(";")[2] for error in caught.value.errors]
    assert guesses == [
        " perhaps broadcast is meant.",
        " perhaps name is meant.",
        "",
        "",
    ]


def test_only_the_first_unknown_members_are_guessed() -> None:
    """A body of nothing else costs no more."""
    fields = Fields({f"nam{n}": 1 for n in range(500)})

    fields.refuse_unknown({"name"})

    with pytest.raises(Invalid) as caught:
        fields.finish()
    guessed = [error for error in caught.value.errors if "perhaps" in error.detail]
    assert len(guessed) == 10
    assert len(caught.value.errors) == 500


def test_doubles_in_a_list_count_once() -> None:
    """A text given twice stands in the list once, in its first place."""
    fields = Fields({"rooms": ["b", "a", "b"]})

    assert fields.texts("rooms", most=5) == ("b", "a")


def test_a_word_is_one_of_those_there_are() -> None:
    """What is left out is the default; what is no word of them is wrong."""
    fields = Fields({"ordering": "room", "signature": "md5"})

    chosen = fields.choice("ordering", Ordering.NONE)
    default = fields.choice("format", Format.FLAT)
    fields.choice("signature", Signature.NONE)

    assert (chosen, default) == (Ordering.ROOM, Format.FLAT)
    with pytest.raises(Invalid, match="standard, github, none"):
        fields.finish()


def test_a_member_goes_by_one_name_alone() -> None:
    """The others are wrong; without any, the first is meant."""
    fields = Fields({"b": 1, "c": 2, "a": None})

    assert fields.one_of("a", "b", "c") == "b"
    assert fields.one_of("x", "y") == "x"
    with pytest.raises(Invalid, match="/c: b says this already"):
        fields.finish()


@pytest.mark.parametrize("value", [None, True, "3", 0.5, 6, float("nan")])
def test_a_quantity_is_a_number_within_bounds(value: object) -> None:
    """Fractions are numbers; it is required."""
    fields = Fields({"good": 2.5, "bad": value})

    assert fields.quantity("good", 1, 5) == 2.5
    assert fields.quantity("bad", 1, 5) is None
    with pytest.raises(Invalid):
        fields.finish()


def test_a_place_within_a_value_is_named_by_its_pointer() -> None:
    """What somebody else found wrong inside is put behind the member's name."""
    fields = Fields({"template": {}}, "/3")

    fields.wrong_within("template", "/blocks/0", "It is wrong.")

    with pytest.raises(Invalid, match=r"^/3/template/blocks/0: It"):
        fields.finish()
