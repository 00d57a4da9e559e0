"""Rules of the contract that are neither a noun nor a failure."""

from datetime import timedelta
from typing import Final

# What the room's server says itself; from anybody else it would be a lie about who is
# there. The official clients hide these types or act on them.
RESERVED_TYPES: Final = frozenset(
    {
        "messaging.enabled",
        "participant.enabled",
        "participant.disabled",
        "participant.attributes",
        "dismiss",
    }
)

DEFAULT_TYPE: Final = "chat"
MAX_RECIPIENTS: Final = 100  # Addresses in one message's `to`.
MAX_TTL: Final = timedelta(days=1)  # The longest that a message is held for a room.
MAX_NAME_CHARACTERS: Final = 1024  # Of a room, an address, a type or a `ref`.


def is_reserved(message_type: str) -> bool:
    """Whether rooms keep a message type for themselves."""
    return message_type in RESERVED_TYPES
