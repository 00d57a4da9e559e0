"""How a stream of events is written: as server-sent events, or a line for each."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from gateway.bridge.excerpts import Shown

SSE: Final = "text/event-stream"
NDJSON: Final = "application/x-ndjson"
# How long a browser waits before it comes back, in milliseconds.
RETRY_MS: Final = 2000


class Framing(Protocol):
    """Writes events, and what a stream says of itself."""

    media_type: str

    def joined(self, shown: Sequence[Shown]) -> bytes:
        """Return events, one after the other."""
        ...

    def control(self, name: str, cursor: str, facts: Mapping[str, object]) -> bytes:
        """Return what a stream says of itself.

        Args:
            name: Such as `stream.open`.
            cursor: Where the reader is.
            facts: What it says.
        """
        ...


class ServerSentEvents:
    """Events as browsers read them (WHATWG HTML, section 9.2).

    Args:
        epoch: The first part of every cursor.
    """

    media_type = SSE

    def __init__(self, epoch: str) -> None:
        self._epoch = epoch

    def joined(self, shown: Sequence[Shown]) -> bytes:
        """Return events, each with its cursor as `id` and its type as `event`."""
        parts: list[bytes] = []
        for event, envelope in shown:
            head = f"id: {self._epoch}-{event.seq}\nevent: {event.type.value}\ndata: "
            parts += (head.encode("ascii"), envelope, b"\n\n")
        return b"".join(parts)

    def control(self, name: str, cursor: str, facts: Mapping[str, object]) -> bytes:
        """Return an event of the stream's own; the first says how soon to come back."""
        retry = f"retry: {RETRY_MS}\n" if name == "stream.open" else ""
        return f"{retry}id: {cursor}\nevent: {name}\ndata: {_json(facts)}\n\n".encode()


class JsonLines:
    """Events as lines of JSON; what has no `id` is the stream's own."""

    media_type = NDJSON

    def joined(self, shown: Sequence[Shown]) -> bytes:
        """Return events, each as its envelope."""
        return b"".join([part for each in shown for part in (each.envelope, b"\n")])

    def control(self, name: str, cursor: str, facts: Mapping[str, object]) -> bytes:
        """Return a line of the stream's own."""
        line = {"type": name, "cursor": cursor, **facts}
        return f"{_json(line)}\n".encode()


def _json(facts: Mapping[str, object]) -> str:
    return json.dumps(facts, separators=(",", ":"))
