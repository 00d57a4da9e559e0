"""The webhooks, changed one at a time."""

import asyncio
from collections.abc import Callable, Sequence

from gateway.delivery.ports import Webhooks
from gateway.domain.errors import NotFound
from gateway.domain.model import Event, Webhook


class Roster:
    """Reads the webhooks, and makes each change from what the last one left.

    A change is seen once its commit is done, so two made at once from the same webhook
    would undo each other: here the second waits for the first.

    Args:
        webhooks: Where they are kept.
    """

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._changing = asyncio.Lock()

    def find(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or `None`."""
        return self._webhooks.get(webhook_id)

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook; `NotFound` if there is none of that id."""
        webhook = self._webhooks.get(webhook_id)
        if webhook is None:
            detail = f"There is no webhook {webhook_id}."
            raise NotFound(detail, facts={"what": "webhook"})
        return webhook

    def all(self) -> Sequence[Webhook]:
        """Return all webhooks, oldest first."""
        return self._webhooks.all()

    async def add(self, webhook: Webhook) -> None:
        """Store a new webhook. `StoreUnavailable` if it could not be stored."""
        async with self._changing:
            await self._webhooks.put(webhook)

    async def change(
        self,
        webhook_id: str,
        edit: Callable[[Webhook], Webhook],
        *,
        tell: Callable[[Webhook], Event] | None = None,
    ) -> Webhook:
        """Change a webhook, and return what it has become.

        An edit that returns what it was given stores nothing, and tells nothing.

        Args:
            webhook_id: Which one; `NotFound` if there is none of that id.
            edit: What to make of it; called when no other change is under way.
            tell: Makes the event that is appended in the same commit.
        """
        async with self._changing:
            before = self.get(webhook_id)
            after = edit(before)
            if after != before:
                events = () if tell is None else (tell(after),)
                await self._webhooks.put(after, *events)
        return after

    async def remove(self, webhook_id: str, check: Callable[[Webhook], None]) -> None:
        """Remove a webhook, unless `check` raises; `NotFound` if there is none."""
        async with self._changing:
            check(self.get(webhook_id))
            await self._webhooks.delete(webhook_id)
