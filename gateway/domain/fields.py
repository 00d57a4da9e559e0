"""The members of a JSON object nobody has checked, read one by one."""

import re
from collections.abc import Mapping, Set as AbstractSet
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from gateway.domain.errors import FieldError, Invalid

ENTRY_CHARACTERS = 256
MOST_GUESSED = 10  # Unknown members of an object for which a known one is looked for.
GUESSED_CHARACTERS = 40  # The longest of them.

Choice = TypeVar("Choice", bound=StrEnum)

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
NO_TEXT = "It has NUL or half of a surrogate pair, which is no text."


class Fields:
    """Reads typed values out of a JSON object and remembers all that is wrong.

    A member that is left out, null or wrong reads as its default; `finish` then raises
    for what was wrong, each place by its JSON Pointer.

    Args:
        body: The object, as parsed.
        at: Where it stands in what the caller sent, as a JSON Pointer.
        errors: Where to remember what is wrong; shared with the objects inside.
    """

    def __init__(
        self,
        body: Mapping[str, object],
        at: str = "",
        errors: list[FieldError] | None = None,
    ) -> None:
        self._body = body
        self._at = at
        self._errors: list[FieldError] = [] if errors is None else errors

    def finish(self) -> None:
        """Return if nothing was wrong; otherwise raise `Invalid`."""
        if not self._errors:
            return
        first, *others = self._errors
        more = f" ({len(others)} more)" if others else ""
        detail = f"{first.pointer}: {first.detail}{more}"
        raise Invalid(detail, errors=self._errors)

    def wrong(self, name: str, detail: str, *inside: str | int) -> None:
        """Remember that a member, or a place inside it, is wrong."""
        path = "".join(f"/{_escaped(str(part))}" for part in (name, *inside))
        self._errors.append(FieldError(self._at + path, detail))

    def is_absent(self, name: str) -> bool:
        """Say whether a member is left out or null."""
        return self._body.get(name) is None

    def refuse_unknown(self, known: AbstractSet[str]) -> None:
        """Find members wrong that are not among those known; the first are guessed."""
        unknown = [name for name in self._body if name not in known]
        for index, name in enumerate(unknown):
            guess = _nearest(name, known) if index < MOST_GUESSED else ""
            self.wrong(name, f"There is no member of this name{guess}.")

    def wrong_within(self, name: str, pointer: str, detail: str) -> None:
        """Remember that a place inside a member is wrong, by a JSON Pointer from it."""
        self._errors.append(FieldError(f"{self._at}/{_escaped(name)}{pointer}", detail))

    def value(self, name: str) -> object:
        """Return a member as it is; `None` if it is left out."""
        return self._body.get(name)

    def one_of(self, *names: str) -> str:
        """Return which of several names a member goes by; the first if it is absent.

        It may go by one of them alone.
        """
        first, *others = [n for n in names if not self.is_absent(n)] or names[:1]
        for name in others:
            self.wrong(name, f"{first} says this already: give one of them.")
        return first

    def choice(self, name: str, default: Choice) -> Choice:
        """Read one word of those that there are, which are the kind of `default`."""
        value = self._body.get(name)
        if value is None:
            return default
        choices = type(default)
        if not isinstance(value, str) or value not in set(choices):
            self.wrong(name, f"It is one of {', '.join(choices)}.")
            return default
        return choices(value)

    def text(self, name: str, *, longest: int, required: bool = False) -> str | None:
        """Read a string of 1 to `longest` characters."""
        value = self._body.get(name)
        if value is None:
            if required:
                self.wrong(name, "It is required.")
            return None
        if not isinstance(value, str) or not 1 <= len(value) <= longest:
            self.wrong(name, f"It is a string of 1 to {longest} characters.")
            return None
        if not is_storable(value):
            self.wrong(name, NO_TEXT)
            return None
        return value

    def truth(self, name: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self._body.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(name, "It is true or false.")
            return default
        return value

    def number(
        self, name: str, default: int, least: int, most: int, *, of: str = ""
    ) -> int:
        """Read a whole number from `least` to `most`; `of` such as `seconds`."""
        value = self._body.get(name)
        if value is None:
            return default
        number = _whole(value)
        if number is None or not least <= number <= most:
            unit = f" of {of}" if of else ""
            self.wrong(name, f"It is a whole number{unit} from {least} to {most}.")
            return default
        return number

    def quantity(self, name: str, least: float, most: float) -> float | None:
        """Read a number from `least` to `most`; it is required."""
        value = self._body.get(name)
        if value is None:
            self.wrong(name, "It is required.")
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not least <= value <= most
        ):
            self.wrong(name, f"It is a number from {least:g} to {most:g}.")
            return None
        return float(value)

    def texts(self, name: str, *, most: int) -> tuple[str, ...] | None:
        """Read a list of 1 to `most` different strings; `None` if it is left out."""
        values = self._list(name, most, "strings")
        if values is None:
            return None
        texts = []
        for index, value in enumerate(values):
            if not isinstance(value, str) or not 1 <= len(value) <= ENTRY_CHARACTERS:
                detail = f"It is a string of 1 to {ENTRY_CHARACTERS} characters."
                self.wrong(name, detail, index)
            elif not is_storable(value):
                self.wrong(name, NO_TEXT, index)
            else:
                texts.append(value)
        return tuple(dict.fromkeys(texts))

    def integers(
        self, name: str, least: int, largest: int, *, most: int
    ) -> tuple[int, ...] | None:
        """Read a list of whole numbers; `None` if it is left out."""
        values = self._list(name, most, "whole numbers")
        if values is None:
            return None
        numbers = []
        for index, value in enumerate(values):
            number = _whole(value)
            if number is None or not least <= number <= largest:
                detail = f"It is a whole number from {least} to {largest}."
                self.wrong(name, detail, index)
            else:
                numbers.append(number)
        return tuple(numbers)

    def record(self, name: str) -> Mapping[str, object]:
        """Read an object; empty if it is left out."""
        value = self._body.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.wrong(name, "It is an object.")
            return {}
        return value

    def inner(self, name: str) -> "Fields":
        """Return the members of an object inside."""
        at = f"{self._at}/{_escaped(name)}"
        return Fields(self.record(name), at, self._errors)

    def _list(self, name: str, most: int, what: str) -> list[object] | None:
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            self.wrong(name, f"It is a list of 1 to {most} {what}.")
            return None
        return value


def _whole(value: object) -> int | None:
    """Return a JSON number without a fraction as an int: 15.0 is 15."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        return int(value) if isfinite(value) and value.is_integer() else None
    return value


def _nearest(name: str, known: AbstractSet[str]) -> str:
    """Return which known member may be meant, as the end of a sentence."""
    if len(name) > GUESSED_CHARACTERS:
        return ""
    near = get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.75)
    return f"; perhaps {near[0]} is meant" if near else ""


def is_storable(text: str) -> bool:
    """Say whether it has neither NUL nor half of a surrogate pair, as stores want."""
    return _UNSTORABLE.search(text) is None


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
