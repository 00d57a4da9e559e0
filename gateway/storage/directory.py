"""The webhooks we know, in memory."""

from collections.abc import Iterable, Mapping, Sequence

from gateway.domain.model import Webhook
from gateway.storage.batch import Batch


class Directory:
    """Webhooks as they are committed, and as they will be after a batch.

    Args:
        webhooks: Those stored.
    """

    def __init__(self, webhooks: Iterable[Webhook]) -> None:
        self._webhooks: dict[str, Webhook] = {}
        self._sorted: tuple[Webhook, ...] = ()
        self.take({webhook.id: webhook for webhook in webhooks})

    def get(self, webhook_id: str) -> Webhook | None:
        """Return a webhook as it is committed."""
        return self._webhooks.get(webhook_id)

    def all(self) -> Sequence[Webhook]:
        """Return all webhooks as they are committed, oldest first."""
        return self._sorted

    def get_in(self, batch: Batch, webhook_id: str) -> Webhook | None:
        """Return a webhook as it will be after a batch."""
        if webhook_id in batch.webhooks:
            return batch.webhooks[webhook_id]
        return self._webhooks.get(webhook_id)

    def all_in(self, batch: Batch) -> Sequence[Webhook]:
        """Return all webhooks as they will be after a batch, oldest first."""
        if not batch.webhooks:
            return self._sorted
        return _sorted({**self._webhooks, **batch.webhooks})

    def take(self, changes: Mapping[str, Webhook | None]) -> None:
        """Take over what has been committed; `None` for what is gone."""
        webhooks = {**self._webhooks, **changes}
        self._sorted = _sorted(webhooks)
        self._webhooks = {webhook.id: webhook for webhook in self._sorted}


def _sorted(webhooks: Mapping[str, Webhook | None]) -> tuple[Webhook, ...]:
    there = [webhook for webhook in webhooks.values() if webhook is not None]
    return tuple(sorted(there, key=lambda webhook: (webhook.created_at, webhook.id)))
