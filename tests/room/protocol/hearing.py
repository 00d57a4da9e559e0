"""Sessions brought to a state, and what a room says to them."""

from gateway.room.protocol.envelope import pack
from gateway.room.protocol.frames import encode
from gateway.room.protocol.messages import (
    Utterance,
)
from gateway.room.protocol.session import (
    Outgoing,
    Session,
    SessionEvent,
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
