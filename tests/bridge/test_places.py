"""Where a reader of the log begins."""

from datetime import timedelta

import pytest

from gateway.bridge.places import (
    Asked,
    Cursor,
    End,
    EventId,
    Start,
    read_cursor,
    start,
)
from tests.fakes.clock import NOON
from tests.fakes.reading_log import ReadLog


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5f3a9c1e-1042", Cursor("5f3a9c1e", 1042)),
        ("memory-0", Cursor("memory", 0)),
        ("evt_01J9ZC3V7M5E8Q2W4R6T8Y0ABC", EventId("evt_01J9ZC3V7M5E8Q2W4R6T8Y0ABC")),
        ("", None),
        ("1042", None),
        ("5f3a9c1e-", None),
        ("5f3a9c1e--1", None),
        ("5f3a9c1e-9223372036854775808", None),
        ("5f3a9c1e-١٢", None),
        ("evt_", None),
        ("msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABC", None),
        ("a\nb-1", None),
    ],
)
def test_a_cursor_is_an_epoch_and_a_place_or_an_event(
    text: str, meant: Cursor | EventId | None
) -> None:
    """Anything else is none, and no number is too large for a store."""
    assert read_cursor(text) == meant


def test_a_cursor_is_read_as_it_was_written() -> None:
    """What a reader is given, it may give back."""
    cursor = Cursor("5f3a9c1e", 1042)

    assert read_cursor(str(cursor)) == cursor


async def a_log_of_five() -> ReadLog:
    """Return a log of an event an hour, from noon on; the first two are gone."""
    log = ReadLog()
    for _ in range(5):
        await log.say()
        await log.clock.advance(3600)
    log.store.history.trim(2)
    return log


@pytest.mark.parametrize(
    ("asked", "begin"),
    [
        (End.LATEST, Start(5)),
        (End.EARLIEST, Start(0)),
        (NOON + timedelta(hours=3), Start(3)),
        (NOON + timedelta(hours=9), Start(5)),
        (Cursor("memory", 5), Start(5)),
        (Cursor("memory", 2), Start(2)),
        (Cursor("memory", 1), Start(1, missed=1)),
        (Cursor("memory", 0), Start(0, missed=2)),
        (Cursor("memory", 6), Start(2, missed=None)),
        (Cursor("other", 4), Start(2, missed=None)),
        (EventId("evt_unknown"), Start(2, missed=None)),
    ],
)
async def test_a_reader_begins_where_it_asks_to(asked: Asked, begin: Start) -> None:
    """A cursor that is no longer good leads to the earliest that is held."""
    log = await a_log_of_five()

    found = await start(log.store.history, asked)

    assert found == begin
    assert found.is_recovered == (begin.missed == 0)


async def test_an_event_is_a_cursor_too() -> None:
    """A reader goes on after it."""
    log = await a_log_of_five()
    event_id = log.store.events[3].id

    assert await start(log.store.history, EventId(event_id)) == Start(4)
