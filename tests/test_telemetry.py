"""One line for each thing that happened, and no secret in any."""

import asyncio
import io
import json
import logging
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import pytest
from typing_extensions import override

from gateway import telemetry
from tests.fakes.clock import FakeClock


class Colour(StrEnum):
    """A closed set of texts."""

    RED = "red"


@dataclass(frozen=True, slots=True)
class Key:
    """Something that keeps a part of itself out of its repr."""

    secret: str = field(repr=False)


def lines(captured: str) -> list[dict[str, object]]:
    """Return the JSON lines that were written to stderr."""
    return [json.loads(line) for line in captured.splitlines()]


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, level, time and facts are its members."""
    telemetry.configure(form="json").info("message.sent", message_id="msg_1", ms=3)

    (line,) = lines(capsys.readouterr().err)
    assert line.pop("timestamp")
    assert line == {
        "event": "message.sent",
        "level": "info",
        "message_id": "msg_1",
        "ms": 3,
    }


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        ("größer 🙂", "größer 🙂"),
        ('"\n\\\x00', '"\n\\\x00'),
        ("half of a \ud83d pair", "half of a \ud83d pair"),
        (2**70, 2**70),
        (None, None),
        (("a", [1, {"b": 0.5}]), ["a", [1, {"b": 0.5}]]),
        ({1: "not a text"}, {"1": "not a text"}),
        (b"raw", "b'raw'"),
        (Colour.RED, "red"),
        (
            datetime(2030, 1, 31, tzinfo=UTC),
            "datetime.datetime(2030, 1, 31, 0, 0, tzinfo=datetime.timezone.utc)",
        ),
        (Key("hunter2"), "Key()"),
    ],
)
def test_whatever_a_fact_is_its_line_can_be_read(
    fact: object, told: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """What JSON has is itself; anything else is as its repr shows it."""
    telemetry.configure(form="json").info("message.sent", fact=fact)

    (line,) = lines(capsys.readouterr().err)
    assert line["fact"] == told


@pytest.mark.parametrize(
    "facts",
    [
        {"room_token": "hunter2"},
        {"secret": "hunter2"},
        {"url": "https://example.org/hunter2"},
        {"error": "bad whsec_hunter2 given"},
        {"error": "ma-AAAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA-hunter2"},
        {"error": "token eyJhunter2.eyJhunter2.hunter2 expired"},
    ],
)
def test_secrets_are_blanked_by_name_and_by_form(
    facts: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip elsewhere does not put a secret into the log."""
    telemetry.configure(form="json").error("room.lost", **facts)

    written = capsys.readouterr().err
    assert "hunter2" not in written
    assert telemetry.REDACTED in written


def test_a_line_for_people_stays_whole_when_a_secret_is_blanked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What happened is still said."""
    telemetry.configure(form="console").info("room.lost", error="bad whsec_hunter2")

    written = capsys.readouterr().err
    assert "hunter2" not in written
    assert "room.lost" in written


async def test_lines_of_one_turn_of_the_loop_are_written_together(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In their order, and before anything else is waited for."""
    log = telemetry.configure(form="json")
    log.info("message.received")
    log.info("delivery.attempted")
    before = capsys.readouterr().err

    turn = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turn.set_result, None)
    await turn

    assert before == ""
    after = lines(capsys.readouterr().err)
    assert [line["event"] for line in after] == [
        "message.received",
        "delivery.attempted",
    ]


async def test_a_warning_is_written_at_once_after_what_came_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever ends the process next does not take it away."""
    log = telemetry.configure(form="json")

    log.info("message.received")
    log.warning("room.lost")

    written = lines(capsys.readouterr().err)
    assert [line["event"] for line in written] == ["message.received", "room.lost"]


def test_a_line_that_a_loop_left_is_written_with_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A loop that ends at once keeps none for itself."""
    log = telemetry.configure(form="json")
    loop = asyncio.new_event_loop()
    loop.call_soon(log.info, "gateway.stopping")
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()

    log.info("gateway.stopped")

    written = lines(capsys.readouterr().err)
    assert [line["event"] for line in written] == [
        "gateway.stopping",
        "gateway.stopped",
    ]


def test_a_log_that_cannot_be_written_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full disk under the log is no reason to deliver nothing."""

    class Full(io.StringIO):
        @override
        def write(self, s: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    log = telemetry.configure(form="json")

    log.error("room.lost")

    assert isinstance(sys.stderr, Full)


def test_what_a_library_warns_of_becomes_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One format for everything that the process says."""
    telemetry.configure(form="json")

    logging.getLogger("somebody.else").error("it %s", "broke", exc_info=OSError("disk"))

    (line,) = lines(capsys.readouterr().err)
    assert line["event"] == "library.complained"
    assert line["said"] == "it broke"
    assert line["error"] == "OSError('disk')"


def test_an_error_is_told_without_what_it_failed_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What it is and where it arose; its words may quote what somebody sent."""
    telemetry.configure(form="json")
    library = logging.getLogger("somebody.else")

    try:
        "said in confidence \ud800".encode()
    except UnicodeEncodeError as error:
        group = ExceptionGroup("of a task group", [error])
        library.exception("it broke\nfuture: <Task exception=%r>", error)
        library.error("so did this", exc_info=group)

    err = capsys.readouterr().err
    assert "confidence" not in err
    assert [line["error"] for line in lines(err)] == ["UnicodeEncodeError"] * 2
    assert all("test_telemetry.py:" in str(line["where"]) for line in lines(err))


async def test_what_a_library_repeats_is_told_once_a_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With how often it was not told: strangers could fill the log with it."""
    clock = FakeClock()
    telemetry.configure(form="json", monotonic=clock.monotonic)
    library = logging.getLogger("somebody.else")

    for _ in range(1_000):
        library.warning("nonsense came")
    library.warning("something else")
    await clock.advance(60)
    library.warning("nonsense came")

    told = [
        (line["said"], line.get("untold")) for line in lines(capsys.readouterr().err)
    ]
    assert told == [
        ("nonsense came", None),
        ("something else", None),
        ("nonsense came", 999),
    ]


def test_what_is_known_of_complaints_is_bounded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Thousands of different ones are all told, and only the last are known again."""
    telemetry.configure(form="json")
    library = logging.getLogger("somebody.else")

    for number in [*range(1_000), 0, 999]:
        library.warning("no. %d", number)

    assert len(lines(capsys.readouterr().err)) == 1_001


def test_lines_below_the_level_are_not_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """GATEWAY_LOG_LEVEL is the least that is said."""
    log = telemetry.configure(level="warning", form="console")
    log.info("message.sent")

    log.warning("room.lost")

    assert "message.sent" not in capsys.readouterr().err
