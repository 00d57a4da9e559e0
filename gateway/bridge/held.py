"""The open messages of one room: how many there are, and how many there may be."""

from dataclasses import dataclass
from datetime import datetime

from gateway.bridge.entry import Entry
from gateway.domain.errors import QueueFull


@dataclass(frozen=True, slots=True)
class DispatchOptions:
    """Limits of one room's outbox.

    Attributes:
        window: Unacknowledged writes at a time.
        window_bytes: Bytes of them, unless a single message is larger.
        max_messages: Open messages before `QueueFull`.
        max_bytes: Bytes of open messages before `QueueFull`.
    """

    window: int = 64
    window_bytes: int = 8 * 1024**2
    max_messages: int = 10_000
    max_bytes: int = 64 * 1024**2


class Held:
    """Entries by the id of their message, oldest first.

    Attributes:
        bytes: Bytes of all of them.
    """

    def __init__(self, limits: DispatchOptions) -> None:
        self._limits = limits
        self._entries: dict[str, Entry] = {}
        self.bytes = 0

    def __len__(self) -> int:
        """Count them."""
        return len(self._entries)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest was accepted."""
        first = next(iter(self._entries.values()), None)
        return first.message.created_at if first else None

    def find(self, message_id: str) -> Entry | None:
        """Return an entry."""
        return self._entries.get(message_id)

    def add(self, entry: Entry) -> None:
        """Take an entry in."""
        self._entries[entry.id] = entry
        self.bytes += entry.size

    def discard(self, entry: Entry) -> None:
        """Let go of an entry, if it is here."""
        if self._entries.get(entry.id) is entry:
            del self._entries[entry.id]
            self.bytes -= entry.size
            entry.attachment = None  # A late acknowledgement may be waited for long.

    def refuse_if_full(self, size: int, messages: int) -> None:
        """Raise `QueueFull` if so many messages, of so many bytes, are too many."""
        count, limits = len(self._entries), self._limits
        full = count + messages > limits.max_messages
        if full or self.bytes + size > limits.max_bytes:
            message = (
                f"the outbox of this room is full: {count} messages, "
                f"{self.bytes} bytes; repeat when the room has taken some"
            )
            raise QueueFull(message)
