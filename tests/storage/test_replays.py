"""Replays on a file of their own."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from gateway.delivery.patience import Patience
from gateway.delivery.replayer import Replayer
from gateway.delivery.replays import ReplayControls
from gateway.delivery.roster import Roster
from gateway.domain.ids import Ids
from gateway.domain.model import Replay, ReplayState
from gateway.storage.store import Store
from gateway.system import SystemClock
from tests.conformance.ports import joined, webhook
from tests.conformance.test_replays import replay
from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeMeter
from tests.storage.opening import opened, query, run_sql

MANY = 20_000
EVENTS = """
WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < :many)
INSERT INTO event (seq, id, type, at, data)
SELECT seq, 'evt_' || seq, 'participant.joined', 1773489600000000 + seq, '{}' FROM n
"""
DELIVER = """
UPDATE delivery SET state = 'delivered', next_attempt_at = NULL WHERE state = 'pending'
"""


def controls_of(store: Store) -> ReplayControls:
    """Return what callers do with replays."""
    return ReplayControls(
        replays=store.replays,
        roster=Roster(store.webhooks),
        check_url=lambda _url: None,
        wake=lambda: None,
        clock=SystemClock(),
        ids=Ids(SystemClock(), Random(1)),  # noqa: S311  # To be repeated.
        meter=FakeMeter(),
    )


async def work_off(store: Store, begun: Replay) -> list[int]:
    """Work a replay off, and return how many of it were open at a time."""
    clock, meter = FakeClock(), FakeMeter()
    patience = Patience(clock, Random(1), meter)  # noqa: S311  # To be repeated.
    replayer = Replayer(store.replays, Roster(store.webhooks), patience, clock, meter)
    opens: list[int] = []
    while (await store.replays.get(begun.id) or begun).state is ReplayState.RUNNING:
        await replayer._round()
        open_ = await store.replays.unsettled(begun.id)
        opens.append(sum(open_.values()))
        await run_sql(store, DELIVER)
    return opens


@pytest.mark.timeout(120)
async def test_a_long_past_is_replayed_without_a_cap(tmp_path: Path) -> None:
    """Each event once, and never more than a few hundred open at a time."""
    async with opened(tmp_path) as store:
        await run_sql(store, EVENTS, many=MANY)
        await store.webhooks.put(webhook(events=("participant.*",)))
        begun = await controls_of(store).begin("wh_1", {"only": "missing"})
        assert isinstance(begun, Replay)

        opens = await work_off(store, begun)

        made = await query(store, "SELECT event_seq FROM delivery ORDER BY number")
        assert [seq for (seq,) in made] == list(range(1, MANY + 1))
        assert begun.matched == MANY
        assert max(opens) <= 500


async def test_a_replay_survives_the_store(tmp_path: Path) -> None:
    """What was stored is there after a start, as it was."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(joined("1"))
        await store.replays.add(replay(last=1))
        recall = await store.replays.recall(replay(last=1), 9, messages=False)
        events = [each.event for each in recall.found]
        left = await store.replays.owe(replay(last=1), events, 1)

    async with opened(tmp_path) as store:
        assert await store.replays.unfinished() == [left]
        due = await store.deliveries.claim("wh_1", 9)

    assert Counter(one.delivery.replay_id for one in due) == {None: 1, "rpl_1": 1}
