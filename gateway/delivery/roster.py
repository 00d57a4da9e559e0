"""The webhooks, changed one at a time."""

import asyncio
from collections.abc import Callable, Sequence

from gateway.delivery.ports import Hold, Release, Webhooks
from gateway.domain.errors import NotFound
from gateway.domain.model import Event, Webhook
from gateway.domain.once import AlreadyDone, Done, Once

# Says what is to become of what waits for a webhook, from it before and after a change.
Owed = Callable[[Webhook, Webhook], Hold | Release | None]


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

    async def add(
        self,
        webhook: Webhook,
        owed: Release | None = None,
        *,
        once: Once | None = None,
        answer: str | None = None,
    ) -> None:
        """Store a webhook, and release what is held for it if that is said.

        Args:
            webhook: The webhook.
            owed: What to release.
            once: What it uses up.
            answer: What is answered, and kept for whoever asks what used it up.

        Raises:
            StoreUnavailable: It could not be stored.
            AlreadyDone: `once` was used up before; nothing was stored.
        """
        async with self._changing:
            # A commit that finds it used up is made anew, and others wait for that.
            done = None if once is None else await self._webhooks.done(once)
            if done is not None:
                raise AlreadyDone(done)
            await self._webhooks.put(webhook, owed=owed, once=once, answer=answer)

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up; `None` if nothing has."""
        return await self._webhooks.done(once)

    async def change(
        self,
        webhook_id: str,
        edit: Callable[[Webhook], Webhook],
        *,
        tell: Callable[[Webhook], Event] | None = None,
        owed: Owed | None = None,
    ) -> Webhook:
        """Change a webhook, and return what it has become.

        An edit that returns what it was given tells nothing; unless something is to
        become of what waits for the webhook, it stores nothing either.

        Args:
            webhook_id: Which one; `NotFound` if there is none of that id.
            edit: What to make of it; called when no other change is under way.
            tell: Makes the event that is appended in the same commit.
            owed: Says what is to become of what waits; by itself nothing does.
        """
        async with self._changing:
            before = self.get(webhook_id)
            after = edit(before)
            move = None if owed is None else owed(before, after)
            if after != before or move is not None:
                events = () if tell is None or after == before else (tell(after),)
                await self._webhooks.put(after, *events, owed=move)
        return after

    async def remove(self, webhook_id: str, check: Callable[[Webhook], None]) -> None:
        """Remove a webhook, unless `check` raises; `NotFound` if there is none."""
        async with self._changing:
            check(self.get(webhook_id))
            await self._webhooks.delete(webhook_id)
