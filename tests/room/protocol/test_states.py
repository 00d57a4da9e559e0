"""The table of a session's states, walked over the whole product."""

import itertools

import pytest

from gateway.room.protocol.states import TRANSITIONS, Signal, State

JOINING = {State.OPENED, State.RUNNING, State.NAMED, State.ENABLING}
STAYING = {*JOINING, State.LIVE}


POSSIBLE_IN: dict[Signal, set[State]] = {
    Signal.ENDED: set(State),
    Signal.DISMISSED: set(State) - {State.CLOSED},
    Signal.ROOM_READY: STAYING,
    Signal.CONNECTED: STAYING,
    Signal.SNAPSHOT: STAYING,
    Signal.LATE: JOINING,
    Signal.ENABLE_ASKED: {State.GREETED, State.LIVE},
    Signal.NOT_WANTED: {State.GREETED},
    Signal.ENABLE_REFUSED: {State.ENABLING, State.LIVE},
}


@pytest.mark.parametrize(("state", "signal"), list(itertools.product(State, Signal)))
def test_each_pair_is_in_the_table_or_impossible(state: State, signal: Signal) -> None:
    """The table has a row for exactly what can happen."""
    assert ((state, signal) in TRANSITIONS) == (state in POSSIBLE_IN[signal])


@pytest.mark.parametrize(("state", "signal"), list(TRANSITIONS))
def test_nothing_leads_back(state: State, signal: Signal) -> None:
    """A session only goes forward: a new life is a new session."""
    order = {s: n for n, s in enumerate(State)}

    after = TRANSITIONS[state, signal]

    assert order[after] >= order[state] or after is State.LIVE


def test_closed_is_the_end() -> None:
    """Nothing but its end again happens to a closed session."""
    signals = {signal for state, signal in TRANSITIONS if state is State.CLOSED}

    assert signals == {Signal.ENDED}


def test_the_welcome_comes_in_either_order() -> None:
    """Both ways lead to the same state."""
    one = TRANSITIONS[State.OPENED, Signal.ROOM_READY], Signal.CONNECTED
    other = TRANSITIONS[State.OPENED, Signal.CONNECTED], Signal.ROOM_READY

    assert TRANSITIONS[one] is TRANSITIONS[other] is State.GREETED
