"""Where a page of a list ends: a letter for the list, and the place of its last row."""

from gateway.domain.errors import FieldError, Invalid


def cursor(letter: str, place: int) -> str:
    """Return the cursor that follows a row."""
    return f"{letter}{place}"


def place(letter: str, given: str | None) -> int | None:
    """Return the place in a cursor; `None` for the first page.

    Raises:
        Invalid: The cursor was not given by this list.
    """
    if given is None:
        return None
    digits = given[1:]
    if given[:1] != letter or not (digits.isascii() and digits.isdecimal()):
        raise _foreign()
    number = int(digits[:19])
    if number >= 2**63:
        raise _foreign()
    return number


def _foreign() -> Invalid:
    error = FieldError("?cursor", "Use the `next_cursor` of the page before.")
    return Invalid(error.detail, errors=[error])
