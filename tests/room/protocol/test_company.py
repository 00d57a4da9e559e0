"""People instead of packets."""

from datetime import UTC, datetime

import pytest

from gateway.room.errors import MalformedEnvelope, Stalled
from gateway.room.protocol.company import Company
from gateway.room.protocol.events import (
    Joined,
    MessageDropped,
    MessageReceived,
    ParticipantJoined,
    ParticipantLeft,
    RoomEvent,
)
from gateway.room.protocol.messages import (
    Connected,
    Dismissed,
    Peer,
    PeerDisabled,
    PeerEnabled,
    Said,
    Snapshot,
)
from gateway.room.protocol.session import (
    Dropped,
    Failed,
    Live,
    Muted,
    Overdue,
    SessionEvent,
    Settled,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
ANN = Peer("a", "agent", {"name": "Ann"})
BEN = Peer("b", "user", {"name": "Ben"})


def hear(company: Company, *events: SessionEvent) -> list[RoomEvent]:
    """Feed events, give what the user is told."""
    return [told for event in events for told in company.hear(event, NOON)]


def joined(*peers: Peer) -> Company:
    """A company that joined once."""
    company = Company()
    company.begin(name="gateway", role="tool")
    hear(company, Connected("me-1", {}), Snapshot(peers), Live())
    return company


def test_the_first_join_tells_everybody_at_once() -> None:
    """There is one event, not one for each participant."""
    company = Company()
    company.begin(name="gateway", role="tool")

    told = hear(company, Connected("me-1", {}), Snapshot((ANN,)), Live())

    assert len(told) == 1
    assert isinstance(told[0], Joined)
    assert told[0].participant_id == "me-1"
    assert [each.name for each in told[0].participants] == ["Ann"]
    assert not told[0].after_gap


def test_we_are_whom_the_room_and_our_token_say() -> None:
    """The room's attributes win, the role is the token's."""
    company = Company()
    company.begin(name="gateway", role="tool")
    hear(company, Connected("me-1", {"status": "x"}))

    us = company.us

    assert us is not None
    assert (us.id, us.name, us.role) == ("me-1", "gateway", "tool")
    assert us.attributes == {"name": "gateway", "status": "x"}


def test_a_later_join_tells_the_differences_behind() -> None:
    """First that we are in, then who came and went meanwhile."""
    company = joined(ANN)
    company.begin(name="gateway", role="tool")

    told = hear(company, Connected("me-2", {}), Snapshot((BEN,)), Live())

    assert [type(each) for each in told] == [Joined, ParticipantLeft, ParticipantJoined]
    assert all(
        each.after_gap
        for each in told
        if isinstance(each, Joined | ParticipantLeft | ParticipantJoined)
    )


def test_once_in_presence_is_told_as_it_comes() -> None:
    """Without the mark of an absence."""
    company = joined()

    told = hear(company, PeerEnabled(ANN), PeerDisabled("a"))

    assert [type(each) for each in told] == [ParticipantJoined, ParticipantLeft]
    assert not any(
        each.after_gap
        for each in told
        if isinstance(each, ParticipantJoined | ParticipantLeft)
    )


def test_a_message_names_its_sender_if_known() -> None:
    """Who does not take part can speak nevertheless."""
    company = joined(ANN)

    told = hear(company, Said("a", "chat", {}, b"x"), Said("z", "chat", {}, b""))

    assert [each.from_id for each in told if isinstance(each, MessageReceived)] == [
        "a",
        "z",
    ]
    known, unknown = told
    assert isinstance(known, MessageReceived)
    assert isinstance(unknown, MessageReceived)
    assert known.from_participant is company.roster.participants["a"]
    assert unknown.from_participant is None


def test_echoes_of_our_former_self_are_dropped() -> None:
    """They may come when the room has not noticed our absence."""
    company = joined()
    company.begin(name="gateway", role="tool")
    hear(company, Connected("me-2", {}))

    assert hear(company, Said("me-1", "chat", {}, b"")) == []


def test_muted_nobody_is_known() -> None:
    """Without messaging the room does not tell who is there."""
    company = joined(ANN)

    hear(company, Muted())

    assert not company.roster.participants


def test_what_made_no_sense_is_told() -> None:
    """It may have been a message for somebody."""
    problem = MalformedEnvelope(problem="x")

    assert hear(joined(), Dropped(problem)) == [MessageDropped(problem, NOON)]


@pytest.mark.parametrize(
    "event",
    [Settled(1, None), Overdue(1), Dismissed(), Failed(Stalled(problem="x")), Live()],
)
def test_what_concerns_the_link_is_not_told(event: SessionEvent) -> None:
    """Without knowing who we are there is no joining either."""
    assert hear(Company(), event) == []
