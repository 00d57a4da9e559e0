"""A lane's picture of its receiver: what may go to it, and what starts afresh."""

from dataclasses import replace
from datetime import timedelta

from gateway.delivery.breaker import Circuit
from gateway.delivery.receiver import Moment, Receiver
from gateway.delivery.result import Mark, Result
from gateway.delivery.standing import Turn
from gateway.domain.model import (
    Delivery,
    DeliveryState,
    RateLimit,
    Standing,
    Webhook,
)
from tests.fakes.clock import NOON
from tests.fakes.delivering import a_webhook

WEBHOOK = a_webhook()
MINUTE = timedelta(minutes=1)
DELIVERY = Delivery(
    "dlv_1", "wh_one", "evt_1", 1, DeliveryState.RETRYING, created_at=NOON
)


def at(seconds: float) -> Moment:
    """Return the moment so many seconds after noon."""
    return Moment(NOON + timedelta(seconds=seconds), 1000.0 + seconds)


def a_receiver(standing: Standing | None = None) -> Receiver:
    """Return the receiver of an active webhook, at noon."""
    receiver = Receiver(standing or Standing(), at(0))
    receiver.look_at(WEBHOOK)
    return receiver


def learnt(
    receiver: Receiver,
    mark: Mark,
    seconds: float = 0.0,
    *,
    times: int = 1,
    pause: timedelta | None = None,
    webhook: Webhook = WEBHOOK,
) -> Turn | None:
    """Have requests sent and answered so, one after the other."""
    turn = None
    for _ in range(times):
        era = receiver.send(webhook, at(seconds).s)
        result = Result(DELIVERY, None, mark=mark, error="500", pause=pause)
        turn = receiver.learn(webhook, result, era, at(seconds))
    return turn


def test_all_is_open_to_a_receiver_never_called() -> None:
    """As many as the webhook allows, and as many claimed ahead."""
    receiver = a_receiver()

    assert receiver.wait_s(at(0).s) == 0
    assert (receiver.width(WEBHOOK, at(0).s), receiver.ahead(WEBHOOK)) == (8, 8)


def test_a_pause_is_no_failure_of_the_circuit() -> None:
    """Twenty answers that ask for a pause open no circuit, and it is failing yet."""
    receiver = a_receiver()

    learnt(receiver, Mark.BUSY, times=20, pause=MINUTE)

    assert receiver.circuit(at(0).s) is Circuit.CLOSED
    assert receiver.wait_s(at(0).s) == 60
    assert receiver.standing.failing_since == NOON


def test_the_longest_pause_counts() -> None:
    """A shorter one that comes later ends it no sooner."""
    receiver = a_receiver()
    learnt(receiver, Mark.BUSY, pause=MINUTE)

    learnt(receiver, Mark.BUSY, 1, pause=MINUTE / 60)

    assert receiver.wait_s(at(1).s) == 59


def test_a_pause_survives_the_process() -> None:
    """What is left of a pause that was kept is waited for."""
    kept = Standing(paused_until=NOON + MINUTE)

    receiver = a_receiver(kept)

    assert receiver.wait_s(at(20).s) == 40
    assert receiver.wait_s(at(61).s) == 0


def test_pauses_without_end_become_longer() -> None:
    """One that asks for a second again and again is called each ten minutes at last."""
    receiver, now_s, waits = a_receiver(), 0.0, []
    for _ in range(14):
        learnt(receiver, Mark.BUSY, now_s, times=8, pause=timedelta(seconds=1))
        waits.append(receiver.wait_s(at(now_s).s))
        now_s += waits[-1]

    learnt(receiver, Mark.GOOD, now_s)
    learnt(receiver, Mark.BUSY, now_s, pause=timedelta(seconds=1))

    assert waits == [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]
    assert receiver.wait_s(at(now_s).s) == 1


def test_a_pause_kept_by_a_wrong_clock_is_none_of_years() -> None:
    """Nobody may pause us for more than a day, whatever year it was then."""
    receiver = a_receiver(Standing(paused_until=NOON + timedelta(days=900)))

    assert receiver.wait_s(at(0).s) == 86_400


def test_failures_open_the_circuit_and_claim_nothing() -> None:
    """After ten nothing may go for 30 s, and then one, with none claimed ahead."""
    receiver = a_receiver()

    learnt(receiver, Mark.BAD, times=10)

    assert receiver.wait_s(at(0).s) == 30
    assert (receiver.width(WEBHOOK, at(30).s), receiver.ahead(WEBHOOK)) == (1, 0)


def test_what_is_ours_or_foreseen_opens_no_circuit() -> None:
    """Bugs of ours, and answers that the webhook stops on, are no outage."""
    receiver = a_receiver()

    learnt(receiver, Mark.OURS, times=50)
    learnt(receiver, Mark.ANSWERED, times=50)

    assert receiver.circuit(at(0).s) is Circuit.CLOSED


def test_what_is_ours_begins_no_failing() -> None:
    """An error of ours is shown as the last one, and nothing more."""
    receiver = a_receiver()

    learnt(receiver, Mark.OURS)

    assert receiver.standing == Standing(last_error="500", last_error_at=NOON)


def test_a_new_url_starts_afresh() -> None:
    """Circuit, pause and failing are of the old URL alone, and so are late answers."""
    receiver = a_receiver()
    learnt(receiver, Mark.BUSY, pause=MINUTE)
    learnt(receiver, Mark.BAD, times=10)
    moved = replace(WEBHOOK, url="https://new.example/")

    receiver.look_at(moved)
    learnt(receiver, Mark.BUSY, times=10, pause=MINUTE)
    learnt(receiver, Mark.BAD, times=10)

    assert (receiver.wait_s(at(0).s), receiver.width(moved, at(0).s)) == (0, 8)
    assert receiver.standing == Standing(last_error="500", last_error_at=NOON)


def test_a_webhook_that_was_inactive_starts_afresh() -> None:
    """Once it is active again nothing of before keeps anything from it."""
    receiver = a_receiver()
    learnt(receiver, Mark.BUSY, pause=MINUTE)
    receiver.look_at(replace(WEBHOOK, active=False))

    receiver.look_at(WEBHOOK)

    assert receiver.wait_s(at(0).s) == 0
    assert receiver.standing.failing_since is None


def test_the_pace_is_that_of_the_webhook() -> None:
    """With 1/s and a burst of 2 the third waits a second."""
    receiver = a_receiver()
    paced = replace(WEBHOOK, rate_limit=RateLimit(1, 2))
    before = receiver.soon(paced, 16, at(0).s)

    learnt(receiver, Mark.GOOD, times=2, webhook=paced)

    assert (before, receiver.soon(paced, 16, at(0).s)) == (3, 1)
    assert receiver.pace_s(paced, at(0).s) == 1
    assert receiver.pace_s(WEBHOOK, at(0).s) == 0


def test_a_recovery_is_worth_telling() -> None:
    """The first success after a warning says so."""
    receiver = a_receiver(Standing(failing_since=NOON, warned_at=NOON))

    assert learnt(receiver, Mark.GOOD) is Turn.RECOVERED
    assert receiver.standing == Standing(last_success_at=NOON)


def test_what_was_not_sent_says_nothing() -> None:
    """A delivery too old to be sent changes no standing."""
    receiver = a_receiver()

    learnt(receiver, Mark.NONE)

    assert receiver.standing == Standing()
