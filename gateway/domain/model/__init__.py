"""The nouns: message, recipient, event, webhook, delivery, attempt.

JSON that belongs to a user (`body`, `data`) is kept as compact text from the moment
it has been parsed once: it is stored, sent and rendered without being parsed again.
Times are aware datetimes in UTC.
"""

from gateway.domain.model.deliveries import (
    Attempt,
    Delivery,
    DeliveryState,
    ErrorClass,
    Outcome,
)
from gateway.domain.model.events import (
    Event,
    EventType,
)
from gateway.domain.model.messages import (
    Address,
    AddressKind,
    Attachment,
    IncomingMessage,
    Match,
    MessageError,
    MessageStatus,
    OnUnknown,
    OutgoingMessage,
    Recipient,
    Sender,
    Step,
    StepKind,
    WaitingFor,
)
from gateway.domain.model.replays import (
    Replay,
    ReplayOnly,
    ReplayState,
)
from gateway.domain.model.sources import (
    Algorithm,
    Encoding,
    Inbound,
    InboundState,
    OwnResponse,
    Preset,
    Profile,
    Source,
    Verification,
)
from gateway.domain.model.webhooks import (
    DEFAULT_SCHEDULE_S,
    Format,
    OldSecret,
    Ordering,
    RateLimit,
    Signature,
    Standing,
    Webhook,
)

__all__ = [
    "DEFAULT_SCHEDULE_S",
    "Address",
    "AddressKind",
    "Algorithm",
    "Attachment",
    "Attempt",
    "Delivery",
    "DeliveryState",
    "Encoding",
    "ErrorClass",
    "Event",
    "EventType",
    "Format",
    "Inbound",
    "InboundState",
    "IncomingMessage",
    "Match",
    "MessageError",
    "MessageStatus",
    "OldSecret",
    "OnUnknown",
    "Ordering",
    "Outcome",
    "OutgoingMessage",
    "OwnResponse",
    "Preset",
    "Profile",
    "RateLimit",
    "Recipient",
    "Replay",
    "ReplayOnly",
    "ReplayState",
    "Sender",
    "Signature",
    "Source",
    "Standing",
    "Step",
    "StepKind",
    "Verification",
    "WaitingFor",
    "Webhook",
]
