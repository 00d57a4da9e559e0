"""A session that is live: requests, answers, presence."""

import pytest

from gateway.room.errors import MalformedEnvelope, SequenceBroken
from gateway.room.protocol.envelope import unpack
from gateway.room.protocol.frames import encode
from gateway.room.protocol.messages import (
    Fault,
    Peer,
    PeerDisabled,
    PeerEnabled,
    Said,
    Snapshot,
)
from gateway.room.protocol.session import (
    Abandoned,
    Dropped,
    Muted,
    Overdue,
    Settled,
)
from gateway.room.protocol.states import State
from tests.room.protocol.hearing import (
    HELLO,
    NO,
    live,
    messaging,
    respond,
    session_in,
    snapshot,
    taken,
)


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


def test_who_wants_messaging_again_is_taken_in_after_leaving_it() -> None:
    """The wish came back before the room had agreed to the leaving."""
    session = live()
    session.want(messaging=False)
    leaving = session.disable()
    taken(session)

    session.want(messaging=True)
    respond(session, leaving)

    assert [unpack(each.payload()).header["tool"] for each in taken(session)] == [
        "enable"
    ]


def test_who_stops_wanting_messaging_while_it_begins_is_taken_out() -> None:
    """In a session that is live already, as in one that joins."""
    session = session_in(State.LIVE)
    session.want(messaging=True)
    session.enable()
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
