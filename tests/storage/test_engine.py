"""What the store asks of a database, and what goes wrong there."""

import pytest
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    TimeoutError as NoneFree,
)

from gateway.storage.engine import (
    CommitFailed,
    is_outage,
    is_unanswered,
    unreadable,
)


class Said(Exception):
    """What a driver says, with PostgreSQL's code for it."""

    def __init__(self, sqlstate: str | None = None) -> None:
        super().__init__("said")
        self.sqlstate = sqlstate


def refused_by_driver() -> Said:
    """Return what a driver says that can't send a value."""
    said = Said()
    said.__cause__ = ValueError("no text")
    return said


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("", None, Exception("disk is full")), True),
        (IntegrityError("", None, Exception("twice")), False),
        (DataError("", None, Exception("too large")), False),
        (ProgrammingError("", None, Exception("no such table")), False),
        (DBAPIError("", None, Said("57P01")), True),
        (DBAPIError("", None, Said("08006")), True),
        (DBAPIError("", None, Said("53300")), True),
        (DBAPIError("", None, Said("25006")), True),
        (DBAPIError("", None, Said("22021")), False),
        (DBAPIError("", None, Said("42P01")), False),
        (InterfaceError("", None, Said()), True),
        (InterfaceError("", None, refused_by_driver()), False),
        (Said("57P03"), True),
        (Said("28P01"), False),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (NoneFree(), True),
        (ValueError(), False),
        (CommitFailed(), False),
    ],
)
def test_an_outage_is_told_from_a_wrong_question(
    error: Exception, *, expected: bool
) -> None:
    """Only what passes by itself is an outage."""
    assert is_outage(error) is expected


def test_a_commit_that_failed_is_worth_another_question() -> None:
    """It may have taken effect, so it is no outage; but asking again may help."""
    assert is_unanswered(CommitFailed())
    assert is_unanswered(OSError())
    assert not is_unanswered(ValueError())


def test_what_cannot_be_read_says_when_to_come_back() -> None:
    """A caller is told to repeat the question."""
    assert unreadable().retry_after_s > 0
