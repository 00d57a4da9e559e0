"""The webhooks: made, changed, enabled, disabled and deleted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from gateway.bridge.ports import Clock, Meter
from gateway.delivery import rotation, terms
from gateway.delivery.amending import amend, is_elsewhere
from gateway.delivery.ports import Deliveries, Hold, Release, WebhookHealth
from gateway.delivery.releasing import read_release, released
from gateway.delivery.roster import Roster
from gateway.domain.errors import (
    FieldError,
    ReadOnly,
    UrlBlocked,
)
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import Standing, Webhook
from gateway.domain.once import Once, kept_answer
from gateway.domain.signing import SECRET_NEW_BYTES, mint_secret

# Raises `UrlBlocked` for a URL that can be seen to be one that may not be called.
CheckUrl = Callable[[str], None]
# Has the worker look again at webhooks.
Wake = Callable[[Sequence[str]], None]
# Has the worker start afresh with a webhook's receiver.
Restart = Callable[[str], None]
# How a webhook's circuit stands: `closed`, `open` or `half_open`.
Circuit = Callable[[str], str]
# Says what is answered to whoever asked for a webhook.
Answer = Callable[[Webhook], str]
# How a webhook's receiver stands at this moment; `None` if only the store knows.
LiveStanding = Callable[[str], Standing | None]

BY_REQUEST = "by_request"
URL_CHANGED = "url_changed"
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
        circuit: Says how a webhook's circuit stands.
        standing: Says how a webhook's receiver stands, later than the store.
        restart: Has the worker forget how the receiver of one that is enabled fared.
    """

    roster: Roster
    deliveries: Deliveries
    check_url: CheckUrl
    wake: Wake
    clock: Clock
    rng: Random
    ids: Ids
    meter: Meter
    circuit: Circuit = field(default=lambda _: "closed")
    standing: LiveStanding = field(default=lambda _: None)
    restart: Restart = field(default=lambda _: None)

    async def create(
        self,
        body: Mapping[str, object],
        *,
        key_id: str | None = None,
        once: Once | None = None,
        answer: Answer | None = None,
    ) -> Webhook:
        """Store a new webhook and return it; its secret is never shown again.

        Args:
            body: What is wanted of it.
            key_id: The key of whoever wants it.
            once: What is used up by it.
            answer: Says what is answered; it is kept for those who repeat `once`.

        Raises:
            Invalid: The body breaks a rule; each place is named.
            UrlBlocked: The URL may not be called.
            StoreUnavailable: Nothing was stored.
            AlreadyDone: `once` was used up before; nothing was stored.
        """
        wanted = terms.parse_request(body)
        check_target(wanted.url, self.check_url, at=wanted.url_at)
        now = self.clock.now()
        webhook = wanted.applied_to(
            Webhook(
                id=self.ids.new(Kind.WEBHOOK),
                url=wanted.url,
                secret=wanted.secret or self._mint(),
                created_at=now,
                updated_at=now,
                key_id=key_id,
            )
        )
        told = None if answer is None else answer(webhook)
        await self.roster.add(webhook, once=once, answer=told)
        self._changed("webhook.created", webhook)
        return webhook

    async def repeated(self, once: Once) -> str | None:
        """Return what was answered when something was used up; `None` if it was not.

        Raises:
            KeyReused: It was used up by another request.
            MessageGone: The answer is not to be had any more.
        """
        return kept_answer(once, await self.roster.done(once), "webhook")

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook; `NotFound`."""
        return self.roster.get(webhook_id)

    def list(self, url: str | None = None) -> Sequence[Webhook]:
        """Return all webhooks, or those with exactly that URL, oldest first."""
        webhooks = self.roster.all()
        return [each for each in webhooks if url is None or each.url == url]

    async def health(self, webhook_id: str) -> WebhookHealth:
        """Return how the deliveries of a webhook fare; `NotFound`."""
        webhook = self.roster.get(webhook_id)
        kept = await self.deliveries.health(webhook.id)
        live = self.standing(webhook.id)
        return kept if live is None else replace(kept, standing=live)

    async def patch(self, webhook_id: str, patch: Mapping[str, object]) -> Webhook:
        """Apply a merge patch (RFC 7396) and return the webhook as it is then.

        What waits for a URL of another origin is held, until it is released: it was
        meant for the old one. A webhook made active gets what was held for it.

        Raises:
            NotFound: There is none of that id.
            ReadOnly: It is given by configuration.
            Invalid: The patch breaks a rule; each place is named.
            UrlBlocked: The URL may not be called.
        """

        def edit(webhook: Webhook) -> Webhook:
            refuse_read_only(webhook)
            wanted = amend(webhook, patch)
            check_target(wanted.url, self.check_url)
            changed = wanted.applied_to(webhook)
            if webhook.active and not changed.active:
                changed = replace(changed, disabled_reason=BY_REQUEST)
            return self._stamped(webhook, changed)

        webhook = await self.roster.change(webhook_id, edit, owed=_after_patch)
        self._changed("webhook.updated", webhook)
        return webhook

    async def rotate_secret(
        self, webhook_id: str, body: Mapping[str, object]
    ) -> Webhook:
        """Sign with a new secret, and with the old one for as long as `body` says.

        Returns the webhook; its secret is never shown again.

        Raises:
            NotFound: There is none of that id.
            ReadOnly: It is given by configuration.
            Invalid: The body breaks a rule, or names the present secret.
        """
        asked = rotation.read_rotation(body)
        secret = asked.secret or self._mint()

        def edit(webhook: Webhook) -> Webhook:
            refuse_read_only(webhook)
            now = self.clock.now()
            changed = rotation.rotated(webhook, secret, grace=asked.grace, now=now)
            return self._stamped(webhook, changed)

        webhook = await self.roster.change(webhook_id, edit)
        self._changed("webhook.secret_rotated", webhook)
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

    async def enable(
        self, webhook_id: str, body: Mapping[str, object] | None = None
    ) -> Webhook:
        """Make a webhook active, and send what is held for it, as far as `body` says.

        What is held is released whatever it is held for, of an active webhook too. It
        waits for no circuit and no pause of before.

        Raises:
            NotFound: There is none of that id.
            Invalid: The body breaks a rule.
            ReadOnly: Configuration gave the webhook, and does not list it any more.
        """
        release = read_release(body or {}, self.clock.now())

        def edit(webhook: Webhook) -> Webhook:
            if webhook.disabled_reason == REMOVED:
                detail = (
                    f"GATEWAY_WEBHOOKS does not list the webhook {webhook.id} any more;"
                    " list it again, or delete it."
                )
                raise ReadOnly(detail)
            enabled = replace(webhook, active=True, disabled_reason=None)
            return self._stamped(webhook, enabled)

        webhook = await self.roster.change(webhook_id, edit, owed=lambda *_: release)
        self.meter.info(
            "webhook.enabled", webhook_id=webhook.id, release=released(release)
        )
        self.restart(webhook.id)
        self.wake([webhook.id])
        return webhook

    async def disable(self, webhook_id: str) -> Webhook:
        """Make a webhook inactive; what is owed to it is held. `NotFound`."""
        was_active = False

        def edit(webhook: Webhook) -> Webhook:
            nonlocal was_active
            was_active = webhook.active
            if not webhook.active:
                return webhook
            disabled = replace(webhook, active=False, disabled_reason=BY_REQUEST)
            return self._stamped(webhook, disabled)

        webhook = await self.roster.change(webhook_id, edit)
        if was_active:
            self.meter.info(
                "webhook.disabled", webhook_id=webhook.id, reason=BY_REQUEST
            )
            self.wake([webhook.id])
        return webhook

    def _mint(self) -> str:
        return mint_secret(self.rng.randbytes(SECRET_NEW_BYTES))

    def _stamped(self, before: Webhook, after: Webhook) -> Webhook:
        if after == before:
            return before
        return replace(after, updated_at=self.clock.now())

    def _changed(self, event: str, webhook: Webhook) -> None:
        self.meter.info(event, webhook_id=webhook.id, active=webhook.active)
        self.wake([webhook.id])


def _after_patch(before: Webhook, after: Webhook) -> Hold | Release | None:
    if is_elsewhere(before.url, after.url):
        return Hold(URL_CHANGED)
    return Release() if after.active and not before.active else None


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
