"""Where the recipients of a message are, and whether it may be held for them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from gateway.bridge.entry import Entry
from gateway.bridge.ports import Clock, RoomLink
from gateway.domain.model import Address
from gateway.domain.recipients import Present

# After a server's restart everybody joins anew, official clients within 30 s.
REJOIN_GRACE: Final = timedelta(seconds=30)


class Whereabouts:
    """Whom the messages of one room can be written to at this moment."""

    def __init__(self, link: RoomLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock

    def present(self, entry: Entry) -> Sequence[Present]:
        """Return whom a message can be written to; everybody for a broadcast."""
        return self._link.reachable(entry.message.to)

    def resolve(
        self, entry: Entry, held: frozenset[Address] = frozenset()
    ) -> list[int]:
        """Resolve what is to be written of a message; return the shares that can be.

        What is for an address that is held is left as it is.
        """
        present = self.present(entry)
        resolved = None if held else entry.still_resolved(present)
        if resolved is not None:
            return resolved
        return entry.resolve(present, may_wait=self.may_wait(entry), held=held)

    def is_in_time(self, entry: Entry) -> bool:
        """Whether a message may still be held, by its time to live."""
        return self._clock.now() < entry.message.expires_at

    def may_wait(self, entry: Entry) -> bool:
        """Whether a message may be held for a recipient who is not there."""
        if not self.is_in_time(entry):
            return False
        now, message = self._clock.now(), entry.message
        joined_at = self._link.status.since
        rejoining = message.created_at < joined_at and now < joined_at + REJOIN_GRACE
        return message.await_recipient or rejoining

    def waits(self, entry: Entry, held: frozenset[Address]) -> bool:
        """Whether a parked message has to stay so, while some addresses are held."""
        if entry.posted:
            return True  # What is left of it comes after what is being written.
        if held and held.issuperset(entry.addresses):
            return True
        if not self.may_wait(entry):
            return False
        return not entry.can_resolve(self.present(entry), held)
