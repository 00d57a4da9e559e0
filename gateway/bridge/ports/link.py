"""The gateway's place in a room."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.model import Address, OutgoingMessage
from gateway.domain.recipients import Present


class NotReady(Exception):
    """The room cannot take a message now; nothing of it was written."""


class Refused(Exception):
    """The room answered that it would not.

    Attributes:
        code: The room's own code, such as 1003; `None` if it gave none.
    """

    def __init__(self, code: int | None, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class OutcomeUnknown(Exception):
    """Written, and never acknowledged.

    Attributes:
        late: Done when the acknowledgement comes after all; `None` if it can't.
    """

    def __init__(self, reason: str, late: asyncio.Future[None] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.late = late


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the link to a room is.

    Attributes:
        state: `ready|joining|reconnecting|stalled|denied|dismissed|stopped`.
        rtt_ms: Round trip of the last ping, in milliseconds.
    """

    state: str
    since: datetime
    participant_id: str | None = None
    messaging_enabled: bool = False
    attempt: int = 0
    next_retry_at: datetime | None = None
    last_error: str | None = None
    last_received_at: datetime | None = None
    rtt_ms: float | None = None
    token_expires_at: datetime | None = None

    @property
    def is_ready(self) -> bool:
        """Whether messages can be written now."""
        return self.state == "ready"


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is in the room.

    Attributes:
        connected: Whether this is how it is now, and not how it was at `as_of`.
    """

    connected: bool
    as_of: datetime | None
    self: Present | None
    participants: Sequence[Present]


class RoomLink(Protocol):
    """The gateway's place in one room."""

    @property
    def room(self) -> str:
        """The room's name."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether messages can be written now; costs less than `status`."""
        ...

    @property
    def status(self) -> LinkStatus:
        """How the link is now."""
        ...

    @property
    def messaging_enabled(self) -> bool:
        """Whether messaging is wanted, as `status` says too, for less."""
        ...

    @property
    def presence(self) -> Presence:
        """Who is there, or was when the link was lost."""
        ...

    def reachable(self, to: Sequence[Address] | None) -> Sequence[Present]:
        """Return whom those addresses can lead to.

        While messaging is disabled nobody is known, and ids are taken on trust.
        """
        ...

    def post(
        self, to: str | None, message: OutgoingMessage, attachment: bytes
    ) -> asyncio.Future[None]:
        """Write a message to one participant, or to all with `None`.

        Calls are written in order and pipelined. Raises `NotReady` at once; the future
        fails with `NotReady` (never written: safe to repeat), `Refused` or
        `OutcomeUnknown`.
        """
        ...

    async def enable(self) -> None:
        """Turn messaging on, and keep it on. `Refused` if the room will not."""
        ...

    async def disable(self) -> None:
        """Turn messaging off, and keep it off. `Refused` if the room will not."""
        ...

    async def set_attributes(self, changes: Mapping[str, object]) -> None:
        """Change attributes of our own participant, for this link and later ones."""
        ...

    async def reconnect(self) -> None:
        """Leave and join again, from any state."""
        ...

    def step_out(self, reason: str) -> None:
        """Leave the room until `reconnect`; the reason is shown as its error."""
        ...

    def watch(self, changed: Callable[[], None]) -> None:
        """Have `changed` called after each change of status or presence."""
        ...
