"""A message before it is one: as its sender gave it, and what would become of it."""

from dataclasses import dataclass
from datetime import timedelta

from gateway.bridge.entry import text_bytes
from gateway.domain.errors import GatewayError
from gateway.domain.model import Address, Match, OnUnknown
from gateway.domain.recipients import Present


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as its sender gave it.

    Attributes:
        room: The room's name; `None` for the only one.
        to: The addresses; `None` for a broadcast.
        body: The message object as compact JSON text.
        ttl: How long to hold it while the room is away; `None` for the default.
    """

    room: str | None
    to: tuple[Address, ...] | None
    type: str
    body: str
    attachment: bytes = b""
    match: Match = Match.ONE
    ttl: timedelta | None = None
    await_recipient: bool = False
    on_unknown: OnUnknown = OnUnknown.REPORT
    ref: str | None = None
    key_id: str | None = None
    traceparent: str | None = None

    @property
    def size(self) -> int:
        """Bytes that it counts for in the outbox."""
        return text_bytes(self.body) + len(self.attachment)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of a draft.

    Attributes:
        would: `send`, `queue` or `refuse`.
        recipients: Who would get it, as far as they are here.
        present: How many would get a broadcast, if that is known.
        error: Why it would be refused.
    """

    room: str
    would: str
    recipients: tuple[Present, ...] = ()
    present: int | None = None
    error: GatewayError | None = None
