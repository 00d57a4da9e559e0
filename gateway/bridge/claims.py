"""Who is changing a message that is settled, so that two changes never cross."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.domain.errors import WrongState


class Claims:
    """Claims on messages, each until a change of it is handed to the store."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, int]] = {}

    @contextmanager
    def claim(
        self, message_id: str, what: str, *, shared: bool = False
    ) -> Iterator[None]:
        """Hold a message.

        Args:
            message_id: The message.
            what: What is being done to it, as in "it is being erased".
            shared: Whether others may do the same to it at the same time.

        Raises:
            WrongState: It is being changed by somebody else.
        """
        present, count = self._held.get(message_id, (what, 0))
        if count and not (shared and present == what):
            detail = f"message {message_id} is being {present} at this moment"
            raise WrongState(detail)
        self._held[message_id] = (what, count + 1)
        try:
            yield
        finally:
            _, count = self._held.pop(message_id)
            if count > 1:
                self._held[message_id] = (what, count - 1)
