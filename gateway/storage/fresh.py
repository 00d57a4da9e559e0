"""Deliveries as they were just stored, so that a claim need not read them again."""

import sys
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.delivery.ports import Due

MOST_BYTES: Final = 33_554_432
SHARE: Final = 2  # One webhook gets at most this part of it.
PLAIN_BYTES: Final = 1200  # What one takes beside its texts.


class Kept(NamedTuple):
    """A delivery as its claim will return it."""

    number: int
    due: Due
    size: int


@dataclass(slots=True)
class Line:
    """What is kept for one webhook, by number."""

    kept: deque[Kept] = field(default_factory=deque)
    size: int = 0


class Fresh:
    """Remembers what is owed until it is claimed, within bounds.

    Only the database says what may be claimed: what is kept here of a commit that
    failed, or of a delivery that never becomes due, is forgotten in time. When there is
    no room, the webhook that has claimed nothing for the longest time gives way; what
    is not kept is read. Used while a batch is made and while it is written, never at
    once by both.

    Args:
        most: How much is kept at most, in bytes, about.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._lines: dict[str, Line] = {}

    def keep(self, number: int, due: Due) -> None:
        """Remember a delivery, numbered higher than all before, if there is room."""
        size = _size(due)
        webhook_id = due.delivery.webhook_id
        line = self._lines.get(webhook_id)
        if line is None:
            line = self._lines[webhook_id] = Line()
        if line.size + size > self._most // SHARE:
            return
        line.kept.append(Kept(number, due, size))
        line.size += size
        self._size += size
        if self._size > self._most:
            self._drop(next(iter(self._lines)))

    def take(self, webhook_id: str, numbers: Collection[int]) -> dict[int, Due]:
        """Return those of a webhook's claimed deliveries that are kept, by number.

        They are forgotten, and so is what comes before them.
        """
        line = self._lines.pop(webhook_id, None)
        if line is None:
            return {}
        last = max(numbers, default=0)
        found: dict[int, Due] = {}
        while line.kept and line.kept[0].number <= last:
            number, due, size = line.kept.popleft()
            line.size -= size
            self._size -= size
            if number in numbers:
                found[number] = due
        if line.kept:
            self._lines[webhook_id] = line  # As the last to give way.
        return found

    def clear(self) -> None:
        """Forget everything, as what was stored has changed."""
        self._lines.clear()
        self._size = 0

    def _drop(self, webhook_id: str) -> None:
        self._size -= self._lines.pop(webhook_id).size


def _size(due: Due) -> int:
    texts = due.event.data, None if due.message is None else due.message.body
    return PLAIN_BYTES + sum(sys.getsizeof(text) for text in texts if text is not None)
