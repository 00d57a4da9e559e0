"""The simplest form that events may be written in."""

from collections.abc import Sequence

from gateway.bridge.excerpts import Shown


class Places:
    """Writes the place of each event, with a blank after it; counts how often."""

    def __init__(self) -> None:
        self.joins = 0

    def joined(self, shown: Sequence[Shown]) -> bytes:
        """Return the places."""
        self.joins += 1
        return b"".join([b"%d " % each.event.seq for each in shown])
