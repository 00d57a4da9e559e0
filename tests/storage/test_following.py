"""Those who follow the log."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.bridge.ports import Logged
from gateway.domain.model import Attachment
from gateway.storage.following import REMEMBERED, Following, placed
from tests.conformance.ports import incoming, joined, outgoing, received, sent


class Follower:
    """Somebody who follows the log, and what they were told."""

    def __init__(self) -> None:
        self.told: list[Logged] = []
        self.forgotten: list[str] = []

    def hear(self, logged: Sequence[Logged]) -> None:
        """Note what was appended."""
        self.told += logged

    def forget(self, message_ids: Sequence[str]) -> None:
        """Note what was erased."""
        self.forgotten += message_ids


def test_the_head_moves_although_nobody_follows() -> None:
    """The head is the last place that was told of, or the one it began with."""
    following = Following(7)
    before = following.head

    following.tell([(joined("1"), 8, None), (joined("2"), 9, None)])

    assert (before, following.head) == (7, 9)


def test_whoever_has_ended_it_is_told_no_more() -> None:
    """Neither of what is appended nor of what is erased; others are."""
    following, first, second = Following(0), Follower(), Follower()
    end = following.add(first.hear, first.forget)
    following.add(second.hear, second.forget)

    end()
    following.tell([(joined("1"), 1, None)])
    following.forget(["msg_1"])

    assert (first.told, first.forgotten) == ([], [])
    assert (len(second.told), second.forgotten) == (1, ["msg_1"])


def test_events_are_told_with_their_places() -> None:
    """Each follower gets each event as it is in the log, with its message."""
    following, followers = Following(0), [Follower(), Follower()]
    for follower in followers:
        following.add(follower.hear, follower.forget)
    said = incoming("1")

    following.tell([(received("1"), 1, said), (joined("2"), 2, None)])

    expected = [
        Logged(replace(received("1"), seq=1), said),
        Logged(replace(joined("2"), seq=2), None),
    ]
    assert [follower.told for follower in followers] == [expected, expected]


def test_an_event_keeps_all_it_has_in_its_place() -> None:
    """Nothing but its place is another."""
    event = replace(
        received("1"), data="{}", webhook_id="wh_1", key_id="key_1", traceparent="00"
    )

    assert placed(event, 5) == replace(event, seq=5)


def test_what_was_erased_does_not_come_back() -> None:
    """A late word on a message that was erased tells nothing of its content."""
    following, follower = Following(0), Follower()
    following.add(follower.hear, follower.forget)
    said = outgoing("1", attachment=Attachment(3, "x"))
    message, event = sent(said)

    following.forget(["msg_1", "msg_9"], unsettled=["msg_1"])
    following.tell([(event, 1, message)])

    assert follower.forgotten == ["msg_1", "msg_9"]
    assert follower.told[0].message == replace(message, body="null", attachment=None)


def test_what_was_trimmed_is_dropped() -> None:
    """Followers are told which messages are no longer held; it is no erasure."""
    following, follower = Following(0), Follower()
    following.add(follower.hear, follower.forget)

    following.drop(["msg_1"])
    following.tell([(received("1"), 1, incoming("1"))])

    assert follower.forgotten == ["msg_1"]
    assert follower.told[0].message == incoming("1")


def test_nobody_is_told_that_nothing_was_erased() -> None:
    """A sweep that finds nothing wakes nobody."""
    following, follower = Following(0), Follower()
    following.add(follower.hear, follower.forget)

    following.forget([])

    assert follower.forgotten == []


def test_what_was_erased_is_remembered_within_bounds() -> None:
    """The ids of messages that were erased do not pile up."""
    following = Following(0)

    for n in range(REMEMBERED + 10):
        following.forget([f"msg_{n}"], unsettled=[f"msg_{n}"])

    assert len(following._erased) == REMEMBERED
    assert f"msg_{REMEMBERED + 9}" in following._erased
