"""How a stream of events is written."""

import json
from dataclasses import replace

from gateway.api.framing import JsonLines, ServerSentEvents
from gateway.bridge.excerpts import Shown
from gateway.domain.rendering import envelope
from tests.domain.nouns import INCOMING, RECEIVED

LATER = replace(RECEIVED, id="evt_2", seq=1043)
SHOWN = [
    Shown(RECEIVED, envelope(RECEIVED, INCOMING)),
    Shown(LATER, envelope(LATER, INCOMING)),
]


def test_a_server_sent_event_has_its_cursor_its_type_and_the_envelope() -> None:
    """A blank line ends it."""
    first, second, rest = ServerSentEvents("5f").joined(SHOWN).split(b"\n\n")

    assert first.split(b"\n") == [
        b"id: 5f-1042",
        b"event: message.received",
        b"data: " + SHOWN[0].envelope,
    ]
    assert second.startswith(b"id: 5f-1043\n")
    assert rest == b""


def test_a_stream_opens_with_how_soon_to_come_back() -> None:
    """And with the cursor that a reader has if nothing follows."""
    written = ServerSentEvents("5f").control("stream.open", "5f-1", {"missed": None})

    assert written == (
        b'retry: 2000\nid: 5f-1\nevent: stream.open\ndata: {"missed":null}\n\n'
    )


def test_a_ping_carries_the_cursor_and_no_more() -> None:
    """A reader of whom all is filtered out moves on all the same."""
    written = ServerSentEvents("5f").control("stream.ping", "5f-9", {})

    assert written == b"id: 5f-9\nevent: stream.ping\ndata: {}\n\n"


def test_lines_are_the_envelopes_as_they_are() -> None:
    """One each, with a line break at its end."""
    first, second, rest = JsonLines().joined(SHOWN).split(b"\n")

    assert [first, second, rest] == [SHOWN[0].envelope, SHOWN[1].envelope, b""]


def test_a_line_of_the_streams_own_has_no_id() -> None:
    """That tells it from events, in jq and elsewhere."""
    written = JsonLines().control("stream.open", "5f-1", {"recovered": True})

    assert written.endswith(b"\n")
    assert json.loads(written) == {
        "type": "stream.open",
        "cursor": "5f-1",
        "recovered": True,
    }
