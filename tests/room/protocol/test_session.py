"""A session, fed by hand: joining, requests, deadlines, ends."""

import pytest

from gateway.room.errors import MalformedEnvelope, SequenceBroken, Stalled
from gateway.room.protocol.envelope import pack, unpack
from gateway.room.protocol.frames import encode
from gateway.room.protocol.messages import (
    Connected,
    Dismissed,
    Fault,
    Peer,
    PeerDisabled,
    PeerEnabled,
    Said,
    Snapshot,
    Utterance,
)
from gateway.room.protocol.session import (
    Abandoned,
    Dropped,
    Failed,
    Live,
    Muted,
    Outgoing,
    Overdue,
    Session,
    SessionEvent,
    Settled,
)
from gateway.room.protocol.states import State

Header = dict[str, object]
HELLO = Utterance("p", "chat", "{}")
EMPTY: Header = {"type": "empty"}
NO: Header = {"type": "error", "text": "no", "code": 1001}


def a_session(*, messaging: bool = True, **attributes: object) -> Session:
    """A session that opened at second 0."""
    return Session(now=0.0, attributes=attributes, messaging=messaging)


def hear(
    session: Session,
    type_: str,
    header: Header,
    *,
    message_id: int = 0,
    now: float = 0.0,
) -> list[SessionEvent]:
    """Feed a whole message."""
    events: list[SessionEvent] = []
    for packet in encode(message_id, type_, pack(header)):
        events += session.receive(packet, now)
    return events


def ready(session: Session, now: float = 0.0) -> list[SessionEvent]:
    """Say the first half of the welcome."""
    return hear(session, "room_ready", {}, now=now)


def connected(session: Session, now: float = 0.0) -> list[SessionEvent]:
    """Say the second half of the welcome."""
    init: Header = {"type": "init", "participantId": "me", "attributes": {}}
    return hear(session, "connected", init, now=now)


def messaging(
    session: Session, type_: str, message: Header, from_id: str = "p"
) -> list[SessionEvent]:
    """Feed a message of the messaging toolkit."""
    header: Header = {"from_participant_id": from_id, "type": type_, "message": message}
    return hear(session, "messaging.send", header)


def snapshot(session: Session) -> list[SessionEvent]:
    """Feed an empty list of participants."""
    return messaging(session, "messaging.enabled", {"participants": []}, "room")


def respond(
    session: Session, request_id: int, content: Header = EMPTY
) -> list[SessionEvent]:
    """Feed an answer."""
    return hear(session, "__response__", content, message_id=request_id)


def taken(session: Session, now: float = 0.0) -> list[Outgoing]:
    """Take everything that is to be written."""
    return list(iter(lambda: session.take(now), None))


def session_in(state: State) -> Session:
    """A session that has come to a state."""
    session = a_session(messaging=state is not State.LIVE)
    steps = {
        State.OPENED: [],
        State.RUNNING: [ready],
        State.NAMED: [connected],
        State.ENABLING: [ready, connected],
        State.LIVE: [ready, connected],
    }
    for step in steps.get(state, []):
        step(session)
    if state is State.CLOSED:
        session.end()
    assert session.state is state
    return session


def live() -> Session:
    """A session that takes part, with nothing left to write."""
    session = a_session()
    ready(session)
    connected(session)
    taken(session)
    respond(session, 1)
    snapshot(session)
    return session


RESTING = [state for state in State if state is not State.GREETED]


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


def test_requests_have_ids_in_order_from_one() -> None:
    """Ids are never used twice in one session."""
    session = live()

    ids = [session.say(HELLO) for _ in range(3)]
    session.tell_attributes({"a": 1})
    last = session.say(HELLO)

    assert ids == [2, 3, 4]
    assert last == 6
    assert [outgoing.id for outgoing in taken(session)] == [2, 3, 4, 5, 6]


def test_answers_may_come_in_any_order() -> None:
    """Each answer settles its own request."""
    session = live()
    first, second = session.say(HELLO), session.say(HELLO)
    taken(session)

    events = respond(session, second, NO) + respond(session, first)

    assert events == [Settled(second, Fault(1001, "no")), Settled(first, None)]


def test_an_answer_counts_once() -> None:
    """A repeated answer is one to an unknown request."""
    session = live()
    request = session.say(HELLO)
    taken(session)

    respond(session, request)

    assert respond(session, request) == []


def test_the_deadline_runs_from_the_writing() -> None:
    """What still waits to be written is not overdue."""
    session = live()
    session.say(HELLO)

    before = session.deadline
    taken(session, now=100.0)

    assert before is None
    assert session.deadline == 130.0


def test_an_unanswered_request_is_overdue_and_may_still_be_settled() -> None:
    """Thirty seconds, then unknown; the answer is told when it comes."""
    session = live()
    first, second = session.say(HELLO), session.say(HELLO)
    taken(session, now=1.0)
    respond(session, second)

    early = session.tick(30.9)
    due = session.tick(31.0)
    late = respond(session, first)

    assert early == []
    assert due == [Overdue(first)]
    assert late == [Settled(first, None)]
    assert session.deadline is None


def test_the_end_tells_written_and_unwritten_apart() -> None:
    """What was not taken can be said again safely; overdue ones are not repeated."""
    session = live()
    overdue = session.say(HELLO)
    taken(session, now=0.0)
    session.tick(30.0)
    written = session.say(HELLO)
    taken(session, now=30.0)
    unwritten = session.say(HELLO)
    session.tell_attributes({"a": 1})

    abandoned = session.end()

    assert overdue not in {each.request_id for each in abandoned}
    assert abandoned == [
        Abandoned(written, written=True),
        Abandoned(unwritten, written=False),
    ]
    assert not session.has_more_to_say


def test_what_others_say_is_heard_and_own_echoes_are_not() -> None:
    """A room may send our broadcasts back to us."""
    session = live()

    heard = messaging(session, "chat", {"n": 1}, "p")
    echo = messaging(session, "chat", {"n": 1}, "me")
    ourselves = messaging(session, "participant.enabled", {"id": "me"}, "me")

    assert heard == [Said("p", "chat", {"n": 1}, b"")]
    assert echo == ourselves == []


def test_presence_is_passed_on() -> None:
    """Who comes and goes is heard after joining."""
    session = live()

    events = messaging(session, "participant.enabled", {"id": "a"}, "a")
    events += messaging(session, "participant.disabled", {"id": "a"}, "a")

    assert events == [PeerEnabled(Peer("a", "user", {})), PeerDisabled("a")]


def test_disabling_mutes_once_the_room_agrees() -> None:
    """Refused, everything stays as it was."""
    session = live()
    refused = session.disable()
    taken(session)
    events = respond(session, refused, NO)
    still = session.messaging
    agreed = session.disable()
    taken(session)

    muted = respond(session, agreed)

    assert events == [Settled(refused, Fault(1001, "no"))]
    assert still
    assert muted == [Muted(), Settled(agreed, None)]
    assert not session.messaging


def test_enabling_later_is_settled_by_the_list() -> None:
    """A live session that did not take part can begin to."""
    session = session_in(State.LIVE)
    request = session.enable()
    taken(session)

    answered = respond(session, request)
    listed = snapshot(session)

    assert answered == []
    assert listed == [Snapshot(()), Settled(request, None)]


def test_a_late_refusal_to_enable_leaves_the_session_live() -> None:
    """Only joining depends on it."""
    session = session_in(State.LIVE)
    request = session.enable()
    taken(session)

    events = respond(session, request, NO)

    assert events == [Settled(request, Fault(1001, "no"))]
    assert session.state is State.LIVE


def test_who_no_longer_wants_messaging_is_taken_out_after_joining() -> None:
    """The wish may change while the room is asked."""
    session = session_in(State.ENABLING)
    taken(session)

    session.want(messaging=False)
    snapshot(session)

    assert [unpack(each.payload()).header["tool"] for each in taken(session)] == [
        "disable"
    ]


def test_a_message_without_sense_is_dropped_and_the_session_lives() -> None:
    """The packets were in order, so that the next message is fine."""
    session = live()

    events = session.receive(encode(1, "messaging.send", b"")[0], 0.0)
    after = messaging(session, "chat", {})

    assert isinstance(events[0], Dropped)
    assert isinstance(events[0].problem, MalformedEnvelope)
    assert after == [Said("p", "chat", {}, b"")]


def test_a_broken_sequence_is_raised() -> None:
    """The link has to go: later messages would be cut short."""
    session = live()
    session.receive(encode(1, "t", b"xy", packet_bytes=1)[0], 0.0)

    with pytest.raises(SequenceBroken):
        session.receive(encode(2, "t", b"x")[0], 0.0)
