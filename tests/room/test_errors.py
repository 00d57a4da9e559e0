"""The tree of errors is what its drawing says."""

import re

from gateway.room import errors


def test_the_drawing_is_the_tree() -> None:
    """Each class stands in the drawing under its parent, and no other."""
    drawn: dict[str, str] = {}
    path: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^([│ ]*)(?:[├└]── )?([A-Z]\w+)(?:\s{2,}.*)?$", line)
        if found and (found[2] == "RoomError" or "── " in line):
            depth = line.index(found[2]) // 4
            path[depth] = found[2]
            drawn[found[2]] = path[depth - 1] if depth else "Exception"

    actual = {
        name: thing.__bases__[0].__name__
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, Exception)
    }

    assert actual == drawn


def test_facts_are_attributes_and_the_sentence_is_made_of_them() -> None:
    """Nobody has to take a sentence apart."""
    refused = errors.Refused(1003, "the participant was not found")

    assert (refused.code, refused.text) == (1003, "the participant was not found")
    assert str(refused) == "the room refused: the participant was not found (code 1003)"
