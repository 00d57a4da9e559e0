"""How much work a value is, for expressions and templates that others wrote."""

from collections.abc import Mapping, Sequence

ITEM_UNITS = 8  # What one value costs, however small it is.


class TooMuchWork(ValueError):
    """An expression or a template took more work than it may."""


class Allowance:
    """The work that one evaluation may take, in units of about one character."""

    __slots__ = ("left",)

    def __init__(self, units: int) -> None:
        self.left = units

    def spend(self, units: int) -> None:
        """Take units away.

        Raises:
            TooMuchWork: There are not as many left.
        """
        self.left -= units
        if self.left < 0:
            raise TooMuchWork

    def spend_on(self, *values: object) -> None:
        """Take away what it costs to read, compare or write some values.

        Raises:
            TooMuchWork: There are not as many units left.
        """
        self.spend(weight(values, self.left))


def weight(value: object, limit: int) -> int:
    """Return the units of a value written out, all that it contains included.

    A list that stands in another a thousand times counts a thousand times. Counting
    ends soon after the limit, so that it costs no more than the limit itself.

    Args:
        value: JSON as Python has it, or a range.
        limit: Units above which the answer need not be right, only above it.
    """
    total = 0
    pending = [value]
    while pending and total <= limit:
        one = pending.pop()
        total += ITEM_UNITS + _width(one)
        if total > limit:
            break
        if isinstance(one, Mapping):
            pending.extend(one)
            pending.extend(one.values())
        elif isinstance(one, Sequence) and not isinstance(one, str | bytes | range):
            pending.extend(one)
    return total


def _width(value: object) -> int:
    """Return the units of a value without what it contains."""
    if isinstance(value, int):
        return value.bit_length() // 3  # Its digits, about.
    if isinstance(value, range):
        return ITEM_UNITS * max(0, value.stop - value.start)  # `len` can overflow.
    if isinstance(value, Mapping):
        return 2 * ITEM_UNITS * len(value)
    if isinstance(value, Sequence):
        return len(value) * (1 if isinstance(value, str | bytes) else ITEM_UNITS)
    return 0
