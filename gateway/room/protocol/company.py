"""What a session hears, told in the words of a client: people, not packets."""

from collections.abc import Iterator
from datetime import datetime

from gateway.room.protocol.events import (
    Joined,
    MessageDropped,
    MessageReceived,
    Participant,
    PresenceEvent,
    RoomEvent,
)
from gateway.room.protocol.messages import (
    Connected,
    Dismissed,
    Peer,
    PeerChanged,
    PeerDisabled,
    PeerEnabled,
    Presence,
    Said,
    Snapshot,
)
from gateway.room.protocol.presence import Roster, participant_of
from gateway.room.protocol.session import (
    Dropped,
    Failed,
    Live,
    Muted,
    Overdue,
    SessionEvent,
    Settled,
)


class Company:
    """We and the others, through any number of sessions."""

    def __init__(self) -> None:
        self.roster = Roster()
        self.us: Participant | None = None
        self._role = "user"
        self._name: str | None = None
        self._been_in = False
        self._joining = True
        self._held: list[PresenceEvent] = []

    def begin(self, *, name: str | None, role: str) -> None:
        """Expect a new session, in which we are whom our token says."""
        self._name, self._role = name, role
        self._joining = True
        self._held = []

    def hear(self, event: SessionEvent, at: datetime) -> Iterator[RoomEvent]:
        """Take in one event of the session; give what the user should know.

        Differences found by the first list of participants after an absence come
        behind `Joined`.
        """
        match event:
            case Said():
                yield from self._said(event, at)
            case Snapshot() | PeerEnabled() | PeerDisabled() | PeerChanged():
                yield from self._presence(event, at)
            case Connected():
                self._introduce(event, at)
            case Live():
                yield from self._live(at)
            case Muted():
                self.roster.hide()
            case Dropped(problem):
                yield MessageDropped(problem, at)
            case Settled() | Overdue() | Dismissed() | Failed():
                pass  # those concern the link

    def _said(self, said: Said, at: datetime) -> Iterator[RoomEvent]:
        if self.roster.is_us(said.from_id):
            return
        sender = self.roster.participants.get(said.from_id)
        yield MessageReceived(
            said.from_id, sender, said.type, said.message, said.attachment, at
        )

    def _presence(self, news: Presence, at: datetime) -> Iterator[RoomEvent]:
        after_gap = self._been_in and isinstance(news, Snapshot)
        changes = self.roster.apply(news, at, after_gap=after_gap)
        if self._joining:
            self._held += changes
        else:
            yield from changes

    def _introduce(self, connected: Connected, at: datetime) -> None:
        attributes = {"name": self._name, **connected.attributes}
        id_ = connected.participant_id
        self.roster.we_are(id_)
        self.us = participant_of(Peer(id_, self._role, attributes), at)

    def _live(self, at: datetime) -> Iterator[RoomEvent]:
        if self.us is None:
            return
        everybody = tuple(self.roster.participants.values())
        yield Joined(self.us.id, everybody, self._been_in, at)
        if self._been_in:
            yield from self._held
        self._joining, self._held, self._been_in = False, [], True
