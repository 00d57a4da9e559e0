"""A store in memory that keeps every promise of the storage ports but durability."""

from gateway.bridge.ports import Clock
from tests.fakes.memory_deliveries import MemoryDeliveries
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_messages import (
    MemoryLog,
    MemoryMessages,
    MemoryOutbox,
    MemoryRooms,
)
from tests.fakes.memory_replays import MemoryReplays
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.memory_sources import MemoryInbox, MemorySources
from tests.fakes.memory_traces import MemoryTraces
from tests.fakes.memory_webhooks import MemoryWebhooks


class MemoryStore(MemoryRows):
    """A store whose futures are done when they are returned.

    After `fail_with(error)` every commit fails with that error and stores nothing,
    until `fail_with(None)`. A test may look into `events` (the log in order of `seq`),
    `messages_by_id`, `deliveries_by_id`, `attempts`, `sources_by_id`, `inbound_by_id`
    and `commits` (how many succeeded).
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.outbox = MemoryOutbox(self)
        self.log = MemoryLog(self)
        self.history = MemoryHistory(self)
        self.rooms = MemoryRooms(self)
        self.messages = MemoryMessages(self)
        self.deliveries = MemoryDeliveries(self)
        self.webhooks = MemoryWebhooks(self)
        self.replays = MemoryReplays(self)
        self.traces = MemoryTraces(self)
        self.sources = MemorySources(self)
        self.inbox = MemoryInbox(self)
