"""Replays as callers ask for them: counted, begun, looked at and cancelled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from gateway.bridge.ports import Clock, Meter
from gateway.delivery.moments import read_moment
from gateway.delivery.ports import Recalled, ReplayPage, Replays
from gateway.delivery.roster import Roster
from gateway.delivery.webhooks import CheckUrl, check_target
from gateway.domain.errors import FieldError, Invalid, NotFound, WrongState
from gateway.domain.fields import ENTRY_CHARACTERS, Fields
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    DeliveryState,
    EventType,
    Replay,
    ReplayOnly,
    ReplayState,
    Webhook,
)
from gateway.domain.routing import is_subscribed, match, seen

LIST_ENTRIES = 100
PAGE_EVENTS = 1000  # Looked at in one read: some milliseconds of another thread.
PAGE_MESSAGES = 50  # With their messages, of which each may have 256 KiB.

_MEMBERS = frozenset({"since", "until", "events", "only", "to", "dry_run"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a replay, checked.

    Attributes:
        to: The webhook that is to get the events; `None` for the same one.
        is_dry_run: Whether they are to be counted only.
    """

    only: ReplayOnly = ReplayOnly.FAILED
    since: datetime | None = None
    until: datetime | None = None
    events: tuple[str, ...] | None = None
    to: str | None = None
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How many events a replay would find."""

    matched: int


@dataclass(frozen=True, slots=True)
class ReplayView:
    """A replay, and how many of its deliveries are in each state."""

    replay: Replay
    deliveries: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class ReplayControls:
    """What callers do with replays.

    Attributes:
        replays: The replays, and the log.
        roster: The webhooks.
        check_url: Says which URLs may be called.
        wake: Tells the replayer that there is something to do.
        clock: The time.
        ids: Mints the ids of replays.
        meter: Told of their beginning and of their being cancelled.
    """

    replays: Replays
    roster: Roster
    check_url: CheckUrl
    wake: Callable[[], None]
    clock: Clock
    ids: Ids
    meter: Meter

    async def begin(
        self,
        webhook_id: str,
        body: Mapping[str, object],
        *,
        key_id: str | None = None,
    ) -> Replay | Rehearsed:
        """Store a replay of a webhook's events, or only count them.

        Raises:
            NotFound: There is no webhook of that id.
            Invalid: The body breaks a rule; each place is named.
            WrongState: The webhook that is to get the events is inactive.
            UrlBlocked: It may not be called.
            StoreUnavailable: Nothing was stored.
        """
        webhook = self.roster.get(webhook_id)
        now = self.clock.now()
        wish = read_wish(body, now)
        target = self._target(webhook, wish)
        replay = Replay(
            id=self.ids.new(Kind.REPLAY),
            webhook_id=webhook.id,
            target_id=target.id,
            only=wish.only,
            created_at=now,
            last=await self.replays.head(),
            since=wish.since,
            until=wish.until,
            events=wish.events,
            key_id=key_id,
        )
        surveyed = await self._survey(replay, target)
        if wish.is_dry_run:
            return Rehearsed(surveyed.matched)
        await self.replays.add(surveyed)
        self.meter.info(
            "replay.started",
            replay_id=surveyed.id,
            webhook_id=surveyed.webhook_id,
            target_id=surveyed.target_id,
            matched=surveyed.matched,
        )
        self.wake()
        return surveyed

    async def get(self, replay_id: str) -> ReplayView:
        """Return a replay and how its deliveries fare; `NotFound`."""
        replay = await self.replays.get(replay_id)
        if replay is None:
            detail = f"There is no replay {replay_id}."
            raise NotFound(detail, facts={"what": "replay"})
        return ReplayView(replay, await self.replays.progress(replay_id))

    async def list(self, cursor: str | None, limit: int) -> ReplayPage:
        """Return a page of replays; `Invalid` for a cursor that is not ours."""
        return await self.replays.list(cursor, limit)

    async def cancel(self, replay_id: str) -> ReplayView:
        """End a replay; what it made and what was not sent yet is cancelled.

        What is in flight is let go on to its answer. Cancelling once more changes
        nothing.

        Raises:
            NotFound: There is none of that id.
            WrongState: It is done.
            StoreUnavailable: Nothing was changed.
        """
        before = (await self.get(replay_id)).replay
        replay = await self.replays.end(replay_id, ReplayState.CANCELLED)
        if replay.state is ReplayState.DONE:
            detail = "This replay is done: its deliveries have been made and tried."
            raise WrongState(detail, facts={"state": replay.state.value})
        if before.state is ReplayState.RUNNING:
            log_cancelled(self.meter, replay, reason="by_request")
        self.wake()
        return ReplayView(replay, await self.replays.progress(replay_id))

    def _target(self, webhook: Webhook, wish: Wish) -> Webhook:
        target = webhook if wish.to is None else self.roster.find(wish.to)
        at = "" if wish.to is None else "/to"
        if target is None:
            error = FieldError(at, f"There is no webhook {wish.to}.")
            raise Invalid(error.detail, errors=[error])
        if not target.active:
            detail = f"The webhook {target.id} is inactive; enable it first."
            raise WrongState(detail, facts={"webhook_id": target.id})
        check_target(target.url, self.check_url, at=at)
        return target

    async def _survey(self, replay: Replay, target: Webhook) -> Replay:
        """Count what a replay finds, and leave out what lies before and behind it."""
        first = last = replay.last
        ahead, matched = replay, 0
        while ahead.position < replay.last:
            reach, found = await look(self.replays, ahead, target)
            if found and not matched:
                first = found[0].event.seq - 1
            if found:
                matched += len(found)
                last = found[-1].event.seq
            ahead = replace(ahead, position=reach)
        return replace(replay, matched=matched, position=first, last=last)


async def look(
    replays: Replays, replay: Replay, target: Webhook
) -> tuple[int, list[Recalled]]:
    """Look at a stretch of the log behind a replay's position.

    Returns:
        The place up to which it was looked at, and what is to be delivered.
    """
    # Terms are for what was never owed: what was, was wanted at the time.
    has_terms = replay.only is not ReplayOnly.FAILED
    is_filtered = has_terms and target.filter is not None
    limit = PAGE_MESSAGES if is_filtered else PAGE_EVENTS
    if has_terms and replay.events is None:
        # So that what it does not want need not be read at all.
        replay = replace(replay, events=target.events)
    recall = await replays.recall(replay, limit, messages=is_filtered)
    found = [each for each in recall.found if not has_terms or _is_wanted(each, target)]
    return recall.position, found


def _is_wanted(recalled: Recalled, target: Webhook) -> bool:
    event, message = recalled.event, recalled.message
    return bool(match(event, [target], partial(seen, event, message)))


def log_cancelled(meter: Meter, replay: Replay, *, reason: str) -> None:
    """Tell that a replay was cancelled, and how far it had come."""
    meter.info(
        "replay.cancelled",
        replay_id=replay.id,
        webhook_id=replay.webhook_id,
        target_id=replay.target_id,
        created=replay.owed,
        matched=replay.matched,
        reason=reason,
    )


def read_wish(body: Mapping[str, object], now: datetime) -> Wish:
    """Return what a body asks for.

    Args:
        body: A JSON object, as parsed.
        now: The present, in UTC.

    Raises:
        Invalid: Something in it breaks a rule; each place is named. The caller's turn.
    """
    fields = Fields(body)
    fields.refuse_unknown(_MEMBERS)
    since = _moment(fields, "since", now)
    until = _moment(fields, "until", now)
    if since is not None and until is not None and until <= since:
        fields.wrong("until", "It is not after `since`: nothing lies between them.")
    wish = Wish(
        only=fields.choice("only", ReplayOnly.FAILED),
        since=since,
        until=until,
        events=_events(fields),
        to=fields.text("to", longest=ENTRY_CHARACTERS),
        is_dry_run=fields.truth("dry_run", default=False),
    )
    fields.finish()
    return wish


def _moment(fields: Fields, name: str, now: datetime) -> datetime | None:
    text = fields.text(name, longest=ENTRY_CHARACTERS)
    if text is None:
        return None
    moment = read_moment(text, now)
    if moment is None:
        detail = "It is a time such as 2030-01-31T12:00:00Z, or so long ago: 2h, 7d."
        fields.wrong(name, detail)
    return moment


def _events(fields: Fields) -> tuple[str, ...] | None:
    patterns = fields.texts("events", most=LIST_ENTRIES)
    for index, pattern in enumerate(patterns or ()):
        if not any(is_subscribed([pattern], each) for each in EventType):
            known = ", ".join(EventType)
            detail = f"{pattern!r} is no event. Events are {known}, or message.* or *."
            fields.wrong("events", detail, index)
    return patterns
