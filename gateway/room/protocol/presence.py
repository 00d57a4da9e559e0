"""Who is in the room, by id and by name."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from gateway.room.protocol.events import (
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    PresenceEvent,
)
from gateway.room.protocol.messages import (
    Peer,
    PeerChanged,
    PeerDisabled,
    PeerEnabled,
    Presence,
    Snapshot,
)

OWN_IDS_KEPT = 64

_NOBODY: Mapping[str, Participant] = MappingProxyType({})


def participant_of(peer: Peer, since: datetime) -> Participant:
    """Describe one whom the room told us about."""
    name = peer.attributes.get("name")
    return Participant(
        peer.id,
        name if isinstance(name, str) else None,
        peer.role,
        peer.attributes,
        since,
    )


class Roster:
    """Everybody else who takes part in messaging.

    After a loss it keeps whom it last knew, so that the next snapshot tells who came
    and went meanwhile.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, Participant] = {}
        self._by_name: dict[str, dict[str, Participant]] = {}
        self._hidden = False
        self._own_ids: deque[str] = deque(maxlen=OWN_IDS_KEPT)

    def we_are(self, id_: str) -> None:
        """Count an id as ours, now and later: a room may list who is long gone."""
        self._own_ids.append(id_)

    def is_us(self, id_: str) -> bool:
        """Whether an id is, or lately was, our own."""
        return id_ in self._own_ids

    @property
    def participants(self) -> Mapping[str, Participant]:
        """Everybody by id: a live view; nobody while hidden."""
        return _NOBODY if self._hidden else MappingProxyType(self._by_id)

    def named(self, name: str) -> tuple[Participant, ...]:
        """Everybody of exactly this name, in the order in which they came."""
        if self._hidden:
            return ()
        return tuple(self._by_name.get(name, {}).values())

    def hide(self) -> None:
        """Know nobody until the next snapshot, as messaging is disabled."""
        self._hidden = True

    def apply(
        self, news: Presence, at: datetime, *, after_gap: bool
    ) -> Iterator[PresenceEvent]:
        """Take in what the room says; give what changed by it.

        Args:
            news: What the room said.
            at: When, in UTC.
            after_gap: Whether a snapshot's differences are marked as found after
                an absence.
        """
        match news:
            case Snapshot(peers):
                others = [peer for peer in peers if not self.is_us(peer.id)]
                yield from self._replace(others, at, after_gap=after_gap)
            case PeerEnabled(peer):
                if not self.is_us(peer.id):
                    yield from self._meet(peer, at, after_gap=False)
            case PeerDisabled(id_):
                yield from self.forget(id_, at)
            case PeerChanged(id_, changes):
                yield from self._change(id_, changes, at, after_gap=False)

    def forget(
        self, id_: str, at: datetime, *, after_gap: bool = False
    ) -> Iterator[ParticipantLeft]:
        """Take somebody out, if they are known."""
        gone = self._by_id.get(id_)
        if gone is not None:
            self._remove(gone)
            yield ParticipantLeft(gone, after_gap, at)

    def _replace(
        self, peers: list[Peer], at: datetime, *, after_gap: bool
    ) -> Iterator[PresenceEvent]:
        self._hidden = False
        present = {peer.id for peer in peers}
        for id_ in [id_ for id_ in self._by_id if id_ not in present]:
            yield from self.forget(id_, at, after_gap=after_gap)
        for peer in peers:
            yield from self._meet(peer, at, after_gap=after_gap)

    def _meet(
        self, peer: Peer, at: datetime, *, after_gap: bool
    ) -> Iterator[PresenceEvent]:
        known = self._by_id.get(peer.id)
        if known is None:
            participant = participant_of(peer, at)
            self._put(participant)
            yield ParticipantJoined(participant, after_gap, at)
            return
        changes = {
            key: peer.attributes.get(key)
            for key in {**known.attributes, **peer.attributes}
            if known.attributes.get(key) != peer.attributes.get(key)
        }
        if changes or peer.role != known.role:
            participant = participant_of(peer, known.since)
            self._remove(known)
            self._put(participant)
            yield ParticipantUpdated(participant, changes, after_gap, at)

    def _change(
        self, id_: str, changes: Mapping[str, object], at: datetime, *, after_gap: bool
    ) -> Iterator[PresenceEvent]:
        known = self._by_id.get(id_)
        if known is None:
            return  # the room tells of people whom we may not see
        merged = Peer(id_, known.role, {**known.attributes, **changes})
        yield from self._meet(merged, at, after_gap=after_gap)

    def _put(self, participant: Participant) -> None:
        self._by_id[participant.id] = participant
        if participant.name is not None:
            namesakes = self._by_name.setdefault(participant.name, {})
            namesakes[participant.id] = participant

    def _remove(self, participant: Participant) -> None:
        del self._by_id[participant.id]
        if participant.name is not None:
            namesakes = self._by_name[participant.name]
            del namesakes[participant.id]
            if not namesakes:
                del self._by_name[participant.name]
