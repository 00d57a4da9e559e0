"""Changing one's mind about a message: taking it back, or having it said after all."""

import asyncio
from datetime import timedelta
from typing import Final

from gateway.bridge.dispatch import Dispatcher
from gateway.bridge.entry import Entry, message_bytes
from gateway.bridge.ports import Clock, Messages
from gateway.bridge.rooms import Registry
from gateway.domain.errors import GatewayError, NotFound, WrongState
from gateway.domain.model import (
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
)

_RETRIABLE: Final = frozenset(
    {
        MessageStatus.FAILED,
        MessageStatus.EXPIRED,
        MessageStatus.UNKNOWN,
        MessageStatus.PARTIAL,
        # Stored and not open: a retry whose commit was hidden by an outage.
        MessageStatus.QUEUED,
    }
)
_SAID: Final = frozenset({MessageStatus.SENT, MessageStatus.CANCELLED})


class Amending:
    """Cancels and retries messages of the rooms of a registry.

    Args:
        registry: The rooms.
        messages: What was said; without it only open messages are found.
        clock: The time.
        default_ttl: How long a message is held that was not to be held at first.
    """

    def __init__(
        self,
        registry: Registry,
        messages: Messages | None,
        clock: Clock,
        default_ttl: timedelta,
    ) -> None:
        self._registry = registry
        self._messages = messages
        self._clock = clock
        self._default_ttl = default_ttl

    async def find(self, message_id: str) -> OutgoingMessage | IncomingMessage | None:
        """Return a message in its present state; `None` if it is not held.

        Raises:
            StoreUnavailable: To be repeated later: whether it is held, too.
        """
        dispatcher, entry = self._open(message_id)
        if entry is not None:
            # Others may see its commit before we are told of it, and told of none.
            await asyncio.shield(entry.accepted)
        if dispatcher is not None and entry is not None and entry.stored.done():
            return dispatcher.shown(entry)
        return await self._held(message_id)

    async def cancel(self, message_id: str) -> OutgoingMessage:
        """Take back what is queued of a message; see `Sending.cancel`."""
        dispatcher, entry = self._open(message_id)
        if dispatcher is None or entry is None or not entry.is_accepted:
            message = await self._outgoing(message_id)
            raise _not_queued(message.id, message.status)
        if entry.is_queued and not entry.posted:
            dispatcher.cancel(entry)
        elif entry.message.status is not MessageStatus.CANCELLED:
            raise _not_queued(message_id, entry.message.status)
        await asyncio.shield(entry.stored)
        await asyncio.shield(entry.settled)
        return entry.message

    async def retry(self, message_id: str) -> OutgoingMessage:
        """Queue again what was not sent of a message; see `Sending.retry`."""
        with self._registry.claims.claim(message_id, "retried"):
            # Looked at in this order: what was open is stored when it no longer is.
            if (opened := self._open(message_id)[1]) is not None:
                raise _still_open(message_id, opened.message.status)
            message = await self._outgoing(message_id)
            dispatcher = self._registry.get(message.room).dispatcher
            _refuse_retry(message, dispatcher.former(message_id))
            dispatcher.refuse_if_full(message_bytes(message))
            ttl = message.ttl or self._default_ttl
            entry = dispatcher.retry(message, self._clock.now() + ttl)
        await asyncio.shield(entry.accepted)
        return dispatcher.shown(entry)

    def _open(self, message_id: str) -> tuple[Dispatcher | None, Entry | None]:
        for room in self._registry.all():
            if (entry := room.dispatcher.find(message_id)) is not None:
                return room.dispatcher, entry
        return None, None

    async def _held(self, message_id: str) -> OutgoingMessage | IncomingMessage | None:
        if self._messages is None:
            return None
        return await self._messages.get(message_id)

    async def _outgoing(self, message_id: str) -> OutgoingMessage:
        found = await self._held(message_id)
        if found is None:
            detail = f"no message {message_id} is held; they are kept for some days"
            raise NotFound(detail, facts={"what": "message"})
        if isinstance(found, IncomingMessage):
            detail = f"message {message_id} was received: only what is sent is queued"
            raise WrongState(detail, facts={"direction": "in"})
        return found


def _refuse_retry(message: OutgoingMessage, former: OutgoingMessage | None) -> None:
    status = message.status
    if former is not None and former.status is not status:
        status = former.status  # A late acknowledgement is being stored.
    if message.is_erased:
        detail = f"message {message.id} was erased: nobody knows what it said"
        raise WrongState(detail)
    unsent = {each.status for each in message.recipients} - _SAID
    if status not in _RETRIABLE or (message.recipients and not unsent):
        detail = (
            f"message {message.id} is {status.value}; what can be retried is failed, "
            "expired or unknown, for all or for some of its recipients"
        )
        raise WrongState(detail, facts={"state": status.value})


def _still_open(message_id: str, status: MessageStatus) -> GatewayError:
    detail = f"message {message_id} is still open; it is being seen to"
    return WrongState(detail, facts={"state": status.value})


def _not_queued(message_id: str, status: MessageStatus) -> GatewayError:
    detail = (
        f"message {message_id} is {status.value}; only what is queued can be cancelled"
    )
    return WrongState(detail, facts={"state": status.value})
