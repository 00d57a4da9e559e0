"""Replays: what follows from what they hold."""

from gateway.domain.model import Replay, ReplayOnly, ReplayState
from tests.fakes.clock import NOON


def test_a_new_replay_has_all_of_its_work_before_it() -> None:
    """It starts at the beginning of the log, and nothing is owed for it yet."""
    replay = Replay("rpl_1", "wh_1", "wh_1", ReplayOnly.FAILED, NOON, last=9)

    assert replay.state is ReplayState.RUNNING
    assert (replay.position, replay.owed) == (0, 0)
