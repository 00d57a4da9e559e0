"""What was told of messages, in memory."""

from gateway.bridge.tracing import Told
from tests.fakes.memory_rows import MemoryRows


class MemoryTraces:
    """What was told of messages."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store

    async def told(self, message_id: str, most: int) -> Told:
        """Return what was told of a message: at most `most` of each kind."""
        store = self._store
        events = [one for one in store.events if one.message_id == message_id]
        places = {event.seq for event in events[:most]}
        known = store.deliveries_by_id.values()
        deliveries = [one for one in known if one.event_seq in places]
        ids = sorted(delivery.id for delivery in deliveries[:most])
        attempts = [one for each in ids for one in store.attempts.get(each, ())]
        return Told(
            events[:most],
            deliveries[:most],
            attempts[:most],
            max(len(events), len(deliveries), len(attempts)) > most,
        )
