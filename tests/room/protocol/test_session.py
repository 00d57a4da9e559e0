"""A session, fed by hand: joining, deadlines, ends."""

import pytest

from gateway.room.errors import Stalled
from gateway.room.protocol.envelope import unpack
from gateway.room.protocol.messages import (
    Connected,
    Dismissed,
    Fault,
    Snapshot,
)
from gateway.room.protocol.session import (
    Failed,
    Live,
    Session,
    Settled,
)
from gateway.room.protocol.states import State
from tests.room.protocol.hearing import (
    NO,
    RESTING,
    Header,
    a_session,
    connected,
    hear,
    messaging,
    ready,
    respond,
    session_in,
    snapshot,
    taken,
)


def test_joining_asks_to_take_part_and_is_live_with_the_list() -> None:
    """Welcome, request, answer, list of participants: only then live."""
    session = a_session()

    heard = ready(session) + connected(session)
    requests = taken(session)
    answered = respond(session, 1)
    listed = snapshot(session)

    assert heard == [Connected("me", {})]
    assert [unpack(request.payload()).header["tool"] for request in requests] == [
        "enable"
    ]
    assert answered == []
    assert listed == [Snapshot(()), Live(), Settled(1, None)]
    assert session.messaging


def test_attributes_are_told_before_taking_part() -> None:
    """Others see us with our attributes from the beginning."""
    session = a_session(status="here")

    connected(session)
    ready(session)

    assert [request.type for request in taken(session)] == [
        "set_attributes",
        "room.invoke_tool",
    ]


def test_attributes_are_read_when_the_welcome_comes() -> None:
    """What changes while the link opens is told too."""
    attributes: Header = {}
    session = Session(now=0.0, attributes=attributes, messaging=False)

    attributes["late"] = True
    ready(session)
    connected(session)

    assert unpack(taken(session)[0].payload()).header == {"late": True}


def test_without_messaging_the_welcome_is_enough() -> None:
    """No list of participants is waited for."""
    session = a_session(messaging=False)

    connected(session)
    events = ready(session)

    assert events == [Live()]
    assert taken(session) == []
    assert not session.messaging


@pytest.mark.parametrize("state", RESTING)
def test_repeats_and_strangers_are_harmless(state: State) -> None:
    """Whatever a room says out of turn, a session keeps its state or goes forward."""
    session = session_in(state)

    ready(session)
    connected(session)
    snapshot(session)
    respond(session, 999)
    hear(session, "room.status", {"status": "x", "message": "y"})
    hear(session, "connected", {"type": "news"})

    assert session.state in {State.ENABLING, State.LIVE, State.CLOSED}


@pytest.mark.parametrize("state", RESTING)
def test_a_dismissal_closes_from_any_state(state: State) -> None:
    """It is told once; a closed session hears nothing."""
    session = session_in(state)

    events = messaging(session, "dismiss", {})

    assert events == ([] if state is State.CLOSED else [Dismissed()])
    assert session.state is State.CLOSED


@pytest.mark.parametrize("state", RESTING)
def test_a_session_can_end_in_any_state(state: State) -> None:
    """Ending twice is no mistake."""
    session = session_in(state)

    session.end()
    session.end()

    assert session.state is State.CLOSED
    assert session.deadline is None


@pytest.mark.parametrize("state", [State.OPENED, State.RUNNING, State.NAMED])
def test_no_welcome_within_ten_seconds_is_a_stall(state: State) -> None:
    """Half a welcome is none."""
    session = session_in(state)

    early = session.tick(9.9)
    late = session.tick(10.0)

    assert early == []
    assert isinstance(late[0], Failed)
    assert "no welcome" in str(late[0].error)
    assert session.state is State.CLOSED


def test_no_list_within_ten_seconds_of_the_welcome_is_a_stall() -> None:
    """The second half of joining has its own ten seconds."""
    session = a_session()
    ready(session, now=8.0)
    connected(session, now=9.0)

    deadline = session.deadline
    events = session.tick(19.0)

    assert deadline == 19.0
    assert isinstance(events[0], Failed)
    assert isinstance(events[0].error, Stalled)


def test_a_refused_enable_is_a_stall() -> None:
    """Without messaging there is nothing to be ready for."""
    session = a_session()
    ready(session)
    connected(session)
    taken(session)

    events = respond(session, 1, NO)

    assert isinstance(events[0], Failed)
    assert "no (code 1001)" in str(events[0].error)
    assert events[1:] == [Settled(1, Fault(1001, "no"))]
    assert session.state is State.CLOSED
