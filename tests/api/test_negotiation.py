"""What form of an answer a caller takes."""

import pytest

from gateway.api.negotiation import best

JSON, LINES, SSE = "application/json", "application/x-ndjson", "text/event-stream"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/event-stream", SSE),
        ("TEXT/Event-Stream", SSE),
        ("text/*", SSE),
        ("application/*", JSON),
        ("application/x-ndjson", LINES),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("application/json;q=0.5, text/event-stream", SSE),
        ("application/json; q=0.5, text/event-stream;q=0.4", JSON),
        ("text/event-stream, application/json", SSE),
        ("application/json, text/event-stream", JSON),
        ("application/json;charset=utf-8", JSON),
        ("*/*, application/json;q=0", LINES),
        ("text/event-stream;q=0, */*;q=0.1", JSON),
        ("text/html", None),
        ("application/json;q=0", None),
        ("application/json;q=0.000", None),
        (",", JSON),
        ("text/event-stream;q=nonsense", SSE),
        (";;,=,q=1", None),
    ],
)
def test_the_best_of_what_is_accepted_is_chosen(
    accept: str, chosen: str | None
) -> None:
    """By quality, the most precise range of each counting; then by what comes first."""
    assert best(accept, (JSON, LINES, SSE)) == chosen
