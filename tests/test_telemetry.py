"""One line for each thing that happened, and no secret in any."""

import json
import logging

import pytest

from gateway import telemetry


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


def test_lines_below_the_level_are_not_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """GATEWAY_LOG_LEVEL is the least that is said."""
    log = telemetry.configure(level="warning", form="console")
    log.info("message.sent")

    log.warning("room.lost")

    assert "message.sent" not in capsys.readouterr().err
