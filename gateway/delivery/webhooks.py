"""The webhooks: made, changed, enabled, disabled and deleted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from gateway.bridge.ports import Clock, Meter
from gateway.delivery import terms
from gateway.delivery.ports import Deliveries, WebhookHealth
from gateway.delivery.roster import Roster
from gateway.domain.errors import FieldError, ReadOnly, UrlBlocked
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import Webhook
from gateway.domain.signing import SECRET_NEW_BYTES, mint_secret

# Raises `UrlBlocked` for a URL that can be seen to be one that may not be called.
CheckUrl = Callable[[str], None]
# Has the worker look again at webhooks.
Wake = Callable[[Sequence[str]], None]

BY_REQUEST = "by_request"
REMOVED = "removed"  # from the configuration that gave it


@dataclass(frozen=True, slots=True)
class WebhookControls:
    """What callers do with webhooks.

    Attributes:
        roster: The webhooks.
        deliveries: What is owed to them.
        check_url: Says which URLs may be called.
        wake: Tells the worker that a webhook has changed.
        clock: The time.
        rng: Where secrets come from; `random.SystemRandom()` outside of tests.
        ids: Mints the ids of webhooks.
        meter: Told of every change.
    """

    roster: Roster
    deliveries: Deliveries
    check_url: CheckUrl
    wake: Wake
    clock: Clock
    rng: Random
    ids: Ids
    meter: Meter

    async def create(
        self, body: Mapping[str, object], *, key_id: str | None = None
    ) -> Webhook:
        """Store a new webhook and return it; its secret is never shown again.

        Raises:
            Invalid: The body breaks a rule; each place is named.
            UrlBlocked: The URL may not be called.
            StoreUnavailable: Nothing was stored.
        """
        wanted = terms.parse(body)
        check_target(wanted.url, self.check_url)
        now = self.clock.now()
        secret = wanted.secret or mint_secret(self.rng.randbytes(SECRET_NEW_BYTES))
        webhook = wanted.applied_to(
            Webhook(
                id=self.ids.new(Kind.WEBHOOK),
                url=wanted.url,
                secrets=(secret,),
                created_at=now,
                updated_at=now,
                key_id=key_id,
            )
        )
        await self.roster.add(webhook)
        self._changed("webhook.created", webhook)
        return webhook

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook; `NotFound`."""
        return self.roster.get(webhook_id)

    def list(self, url: str | None = None) -> Sequence[Webhook]:
        """Return all webhooks, or those with exactly that URL, oldest first."""
        webhooks = self.roster.all()
        return [each for each in webhooks if url is None or each.url == url]

    async def health(self, webhook_id: str) -> WebhookHealth:
        """Return how the deliveries of a webhook fare; `NotFound`."""
        return await self.deliveries.health(self.roster.get(webhook_id).id)

    async def patch(self, webhook_id: str, patch: Mapping[str, object]) -> Webhook:
        """Apply a merge patch (RFC 7396) and return the webhook as it is then.

        Raises:
            NotFound: There is none of that id.
            ReadOnly: It is given by configuration.
            Invalid: The patch breaks a rule; each place is named.
            UrlBlocked: The URL may not be called.
        """

        def edit(webhook: Webhook) -> Webhook:
            refuse_read_only(webhook)
            wanted = terms.amend(webhook, patch)
            check_target(wanted.url, self.check_url)
            changed = wanted.applied_to(webhook)
            if webhook.active and not changed.active:
                changed = replace(changed, disabled_reason=BY_REQUEST)
            return self._stamped(webhook, changed)

        webhook = await self.roster.change(webhook_id, edit)
        self._changed("webhook.updated", webhook)
        return webhook

    async def delete(self, webhook_id: str) -> None:
        """Remove a webhook; what is still owed to it is cancelled.

        Raises:
            NotFound: There is none of that id.
            ReadOnly: It is given by configuration, and listed there still.
        """
        webhook = self.roster.get(webhook_id)
        await self.roster.remove(webhook_id, refuse_listed)
        self._changed("webhook.deleted", webhook)

    async def enable(self, webhook_id: str) -> Webhook:
        """Make a webhook active; what was held for it is sent. `NotFound`."""

        def edit(webhook: Webhook) -> Webhook:
            enabled = replace(webhook, active=True, disabled_reason=None)
            return self._stamped(webhook, enabled)

        webhook = await self.roster.change(webhook_id, edit)
        self._changed("webhook.enabled", webhook)
        return webhook

    async def disable(self, webhook_id: str) -> Webhook:
        """Make a webhook inactive; what is owed to it is held. `NotFound`."""

        def edit(webhook: Webhook) -> Webhook:
            if not webhook.active:
                return webhook
            disabled = replace(webhook, active=False, disabled_reason=BY_REQUEST)
            return self._stamped(webhook, disabled)

        webhook = await self.roster.change(webhook_id, edit)
        self._changed("webhook.disabled", webhook)
        return webhook

    def _stamped(self, before: Webhook, after: Webhook) -> Webhook:
        if after == before:
            return before
        return replace(after, updated_at=self.clock.now())

    def _changed(self, event: str, webhook: Webhook) -> None:
        self.meter.info(event, webhook_id=webhook.id, active=webhook.active)
        self.wake([webhook.id])


def check_target(url: str, check_url: CheckUrl, *, at: str = "/url") -> None:
    """Return if a URL may be called; `UrlBlocked` that points at it if not."""
    try:
        check_url(url)
    except UrlBlocked as error:
        errors = [FieldError(at, error.detail)]
        raise UrlBlocked(error.detail, errors=errors, facts=error.facts) from error


def refuse_listed(webhook: Webhook) -> None:
    """Return unless configuration lists a webhook still: then `ReadOnly`."""
    if webhook.disabled_reason != REMOVED:
        refuse_read_only(webhook)


def refuse_read_only(webhook: Webhook) -> None:
    """Return if a webhook is not given by configuration; `ReadOnly` if it is."""
    if webhook.source == "env":
        detail = (
            f"The webhook {webhook.id} is given by GATEWAY_WEBHOOKS; change it there."
        )
        raise ReadOnly(detail)
