"""The webhooks we know, in memory."""

from dataclasses import replace
from datetime import timedelta

from gateway.storage.batch import Batch
from gateway.storage.directory import Directory
from tests.conformance.ports import webhook
from tests.fakes.clock import NOON

FIRST = webhook("1")
SECOND = webhook("2", created_at=NOON + timedelta(seconds=1))


def test_a_batch_sees_its_own_changes_and_others_do_not() -> None:
    """What is not committed is known within its batch only."""
    directory = Directory([FIRST])
    batch = Batch(seq=0)
    batch.webhooks = {"wh_1": None, "wh_2": SECOND}

    assert list(directory.all_in(batch)) == [SECOND]
    assert directory.get_in(batch, "wh_1") is None
    assert directory.get_in(batch, "wh_2") == SECOND
    assert list(directory.all()) == [FIRST]
    assert directory.get_in(Batch(seq=0), "wh_1") == FIRST


def test_a_committed_change_is_known_to_all() -> None:
    """New, changed and deleted webhooks are taken over as they were committed."""
    directory = Directory([SECOND, FIRST])
    changed = replace(FIRST, description="changed")

    directory.take({"wh_1": changed})
    directory.take({"wh_2": None})

    assert list(directory.all()) == [changed]
    assert directory.get("wh_2") is None
