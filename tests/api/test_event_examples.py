"""What is shown of readings is what they are."""

import json
from dataclasses import replace
from typing import Any

from gateway.api.bodies import JSON
from gateway.api.event_examples import PARAMETERS, answers
from gateway.api.events import EventQuery
from gateway.api.framing import NDJSON, SSE, JsonLines, ServerSentEvents
from gateway.bridge.excerpts import Shown
from tests.domain.nouns import RECEIVED
from tests.fakes.log_server import serving
from tests.fakes.reading_log import a_log_of_four

EPOCH = "5f3a9c1e"
OPENED = {"head": f"{EPOCH}-1042", "recovered": True, "missed": 0}


def shown(media_type: str) -> Any:  # noqa: ANN401  # text, or any JSON
    """Return the example of a form."""
    return answers()[200]["content"][media_type]["example"]


def the_event() -> Shown:
    """Return the event of the examples."""
    envelope = json.dumps(shown(JSON)["events"][0], separators=(",", ":"))
    return Shown(replace(RECEIVED, seq=1043), envelope.encode())


def test_the_parameters_are_those_that_are_read() -> None:
    """In the query; and the header."""
    named = [each["name"] for each in PARAMETERS if each["in"] == "query"]
    fields = EventQuery.model_fields.items()

    assert sorted(named) == sorted(field.alias or name for name, field in fields)
    assert [each["name"] for each in PARAMETERS if each["in"] != "query"] == [
        "Last-Event-ID"
    ]


def test_the_stream_that_is_shown_is_written_so() -> None:
    """Byte for byte."""
    framing = ServerSentEvents(EPOCH)

    written = (
        framing.control("stream.open", f"{EPOCH}-1042", OPENED)
        + framing.joined([the_event()])
        + framing.control("stream.ping", f"{EPOCH}-1043", {})
    )

    assert shown(SSE) == written.decode()


def test_the_lines_that_are_shown_are_written_so() -> None:
    """Likewise."""
    framing = JsonLines()

    written = (
        framing.control("stream.open", f"{EPOCH}-1042", OPENED)
        + framing.joined([the_event()])
        + framing.control("stream.ping", f"{EPOCH}-1043", {})
    )

    assert shown(NDJSON) == written.decode()


async def test_the_page_that_is_shown_has_the_members_of_a_page() -> None:
    """And its events those of an event."""
    log = await a_log_of_four()
    async with serving(log) as call:
        page = (await call.get("/events?since=earliest")).json

    example = shown(JSON)
    assert example.keys() == page.keys()
    assert example["events"][0].keys() == page["events"][0].keys()
    assert example["events"][0]["data"].keys() == page["events"][0]["data"].keys()
