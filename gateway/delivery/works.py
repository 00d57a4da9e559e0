"""What all lanes share."""

import asyncio
from dataclasses import dataclass, field

from gateway.bridge.ports import Clock
from gateway.delivery.attempts import Attempts
from gateway.delivery.cap import Cap
from gateway.delivery.ledger import Ledger
from gateway.delivery.patience import Patience
from gateway.delivery.ports import Deliveries, Replies
from gateway.delivery.receiver import Moment
from gateway.delivery.roster import Roster


@dataclass(frozen=True, slots=True)
class Works:
    """What all lanes share.

    Attributes:
        deliveries: Where the work comes from, and where its results go.
        roster: The webhooks as they are now.
        attempting: Makes the attempts.
        cap: How many requests may be in flight in all.
        patience: Waits for the store to come back.
        clock: The time.
        replies: Says in the room what receivers answer; `None` if nobody does.
        draining: Set when nothing more is to be claimed.
    """

    deliveries: Deliveries
    roster: Roster
    attempting: Attempts
    cap: Cap
    patience: Patience
    clock: Clock
    replies: Replies | None = None
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ledger(self) -> Ledger:
        """Where results are written down."""
        return Ledger(
            deliveries=self.deliveries,
            disabling=self.attempting.disabling,
            patience=self.patience,
            notices=self.attempting.notices,
            replies=self.replies,
        )

    @property
    def now(self) -> Moment:
        """The present moment, on both clocks."""
        return Moment(self.clock.now(), self.clock.monotonic())
