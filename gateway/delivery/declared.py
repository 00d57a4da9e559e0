"""The webhooks that configuration gives, brought into the store at the start."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.bridge.ports import Clock, Meter
from gateway.delivery import terms
from gateway.delivery.ports import Release
from gateway.delivery.roster import Roster
from gateway.delivery.webhooks import REMOVED, CheckUrl, check_target
from gateway.domain.fields import Fields
from gateway.domain.model import Webhook

NAME_CHARACTERS = 64

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Declared:
    """Makes the store's webhooks of source `env` those that configuration lists.

    Attributes:
        roster: The webhooks.
        check_url: Says which URLs may be called.
        clock: The time.
        meter: Told of every change.
    """

    roster: Roster
    check_url: CheckUrl
    clock: Clock
    meter: Meter

    async def declare(self, entries: Sequence[Mapping[str, object]]) -> None:
        """Store what the entries ask for, each as `wh_env_<name>`.

        An entry has a `name` and a `secret` besides what a webhook made by request may
        have. One that was disabled, by request or by us, stays so while its URL is the
        same. For one no longer listed, deliveries are held, and sent should it be
        listed again.

        Raises:
            Invalid: An entry breaks a rule; each place is named, as in `/0/url`.
            UrlBlocked: A URL may not be called.
        """
        wanted = self._wanted(entries)
        for webhook in self.roster.all():
            if webhook.source == "env" and webhook.id not in wanted:
                await self._store(_removed(webhook))
        for webhook in wanted.values():
            await self._store(webhook)

    def _wanted(self, entries: Sequence[Mapping[str, object]]) -> dict[str, Webhook]:
        wanted: dict[str, Webhook] = {}
        for name, asked in parse(entries, self.check_url).items():
            webhook = self._webhook(name, asked)
            wanted[webhook.id] = webhook
        return wanted

    def _webhook(self, name: str, asked: terms.Terms) -> Webhook:
        webhook_id = f"wh_env_{name}"
        now = self.clock.now()
        known = self.roster.find(webhook_id)
        base = known or Webhook(
            id=webhook_id,
            url=asked.url,
            secret="",
            created_at=now,
            updated_at=now,
            name=name,
            source="env",
        )
        reason = None if base.disabled_reason == REMOVED else base.disabled_reason
        webhook = asked.applied_to(
            replace(base, secret=asked.secret or "", disabled_reason=reason)
        )
        if reason is not None and base.url == webhook.url:
            return replace(webhook, active=False, disabled_reason=reason)
        return webhook

    async def _store(self, webhook: Webhook) -> None:
        known = self.roster.find(webhook.id)
        if known == webhook:
            return
        is_enabled = known is not None and webhook.active and not known.active
        await self.roster.add(
            replace(webhook, updated_at=self.clock.now()),
            Release() if is_enabled else None,
        )
        self.meter.info(
            "webhook.declared", webhook_id=webhook.id, active=webhook.active
        )


def parse(
    entries: Sequence[Mapping[str, object]], check_url: CheckUrl
) -> dict[str, terms.Terms]:
    """Return what the entries ask for, by name, in their order.

    Raises:
        Invalid: An entry breaks a rule; each place is named, as in `/0/url`.
        UrlBlocked: A URL may not be called.
    """
    found: dict[str, terms.Terms] = {}
    for index, entry in enumerate(entries):
        at = f"/{index}"
        name = _name(entry, at, found.keys())
        rest = {key: value for key, value in entry.items() if key != "name"}
        asked = terms.parse(rest, at=at)
        check_target(asked.url, check_url, at=f"{at}/url")
        found[name] = asked
    return found


def _name(entry: Mapping[str, object], at: str, taken: Collection[str]) -> str:
    fields = Fields(entry, at)
    name = fields.text("name", longest=NAME_CHARACTERS, required=True) or ""
    if name and not _NAME.fullmatch(name):
        fields.wrong("name", "It has letters, digits, - and _ only.")
    if name in taken:
        fields.wrong("name", "Another entry has this name.")
    fields.text("secret", longest=terms.TEXT_CHARACTERS, required=True)
    fields.finish()
    return name


def _removed(webhook: Webhook) -> Webhook:
    """Return a webhook that wants nothing more, and gets nothing."""
    return replace(webhook, active=False, disabled_reason=REMOVED, events=())
