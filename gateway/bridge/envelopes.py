"""Events as all readers of the log get them."""

from typing import Protocol

from gateway.bridge.ports import Logged, Messages
from gateway.domain.model import Event
from gateway.domain.rendering import INLINE_ATTACHMENT_BYTES, envelope

# Whitespace between the tokens of JSON; within its strings neither can stand.
_UNBROKEN = bytes.maketrans(b"\r\n", b"  ")


class AttachmentLinks(Protocol):
    """Makes the addresses of attachments that are not sent along."""

    def attachment(self, message_id: str, event: Event) -> str:
        """Return where the attachment of a message can be had that an event carries."""
        ...


class Envelopes:
    """Renders events, each on one line, attachments of up to 64 KiB set in.

    Args:
        messages: Where the attachments are.
        links: Makes the addresses of larger ones.
    """

    def __init__(self, messages: Messages, links: AttachmentLinks) -> None:
        self._messages = messages
        self._links = links

    async def render(self, logged: Logged) -> bytes:
        """Return an event as a webhook gets it that wants envelopes.

        Raises:
            StoreUnavailable: Its attachment can't be read now.
        """
        event, message = logged.event, logged.message
        if message is None or message.attachment is None:
            return _on_one_line(envelope(event, message))
        content: bytes | None = None
        if message.attachment.size <= INLINE_ATTACHMENT_BYTES:
            try:
                content = await self._messages.attachment(message.id)
            except KeyError:  # Erased or trimmed meanwhile; the link will say so.
                content = None
        url = None if content is not None else self._links.attachment(message.id, event)
        return _on_one_line(
            envelope(event, message, attachment=content, attachment_url=url)
        )


def _on_one_line(json: bytes) -> bytes:
    return json.translate(_UNBROKEN) if b"\n" in json or b"\r" in json else json
