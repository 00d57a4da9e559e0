"""How a message is said once, and what is told of it."""

import json
from dataclasses import replace
from random import Random

import pytest
import typer

from gateway.cli.calling import Gateway, Refused, Unanswered, Unreached
from gateway.cli.saying import Patience, Saying, idempotency_key, outcome
from tests.fakes.receiver import refused_port
from tests.fakes.stream_server import StreamServer, Visit, problem

RECEIPT = Visit(
    b'{"id":"msg_1","status":"sent"}',
    is_whole=True,
    headers={"Content-Type": "application/json"},
)
CUT = Visit(status=None)
PROXY = Visit(b"<html>", is_whole=True, status=502)
STOPS = {"title": "Shutting down", "detail": "It stops.", "retryable": True}


CHANCE = Random(7)  # noqa: S311 - repeatable, not secret


class Hand:
    """Patience whose time passes only in its pauses."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def patience(self, total_s: float = 30.0) -> Patience:
        """Return patience that waits for nothing."""
        return Patience(total_s, self.pauses.append, lambda: sum(self.pauses), CHANCE)


@pytest.fixture
def hand() -> Hand:
    """A hand that turns the time."""
    return Hand()


def say(server: StreamServer, hand: Hand, **other: object) -> str:
    """Say hi to alice, and return the id of the message."""
    way = Saying("send", patience=hand.patience(), **other)  # type: ignore[arg-type]  # of the test's choice
    body = {"to": "alice", "text": "hi"}
    return str(way.say(Gateway(server.url, None), "send", body).value["id"])


@pytest.mark.parametrize(
    "setback",
    [CUT, PROXY, problem(503, STOPS), problem(429, STOPS, Retry_After="3")],
    ids=["cut", "proxy", "stopping", "quota"],
)
def test_what_may_pass_is_asked_again_under_one_key(setback: Visit, hand: Hand) -> None:
    """The same body and the same key, so that it is said once."""
    with StreamServer(setback, setback, RECEIPT) as server:
        assert say(server, hand) == "msg_1"

    keys = {came.headers["idempotency-key"] for came in server.came}
    assert len(server.came) == 3
    assert len(keys) == 1
    assert len({came.body for came in server.came}) == 1
    assert json.loads(server.came[0].body) == {"to": "alice", "text": "hi"}


def test_two_messages_have_two_keys(hand: Hand) -> None:
    """Or the second would be taken for the first."""
    with StreamServer(RECEIPT, RECEIPT) as server:
        say(server, hand)
        say(server, hand)

    assert len({came.headers["idempotency-key"] for came in server.came}) == 2


def test_a_key_of_ones_own_and_a_wait_go_along(hand: Hand) -> None:
    """As the headers that the gateway knows."""
    with StreamServer(RECEIPT) as server:
        say(server, hand, key="order-17", wait_s=20)

    assert server.came[0].headers["idempotency-key"] == "order-17"
    assert server.came[0].headers["prefer"] == "wait=20"


def test_the_gateway_says_how_long_to_wait(hand: Hand) -> None:
    """By Retry-After, which is the least."""
    with StreamServer(problem(503, STOPS, Retry_After="9"), RECEIPT) as server:
        say(server, hand)

    assert hand.pauses == [9.0]


def test_an_outage_is_told_once(hand: Hand, capsys: pytest.CaptureFixture[str]) -> None:
    """However many attempts it takes."""
    with StreamServer(CUT, CUT, CUT, RECEIPT) as server:
        say(server, hand)

    assert capsys.readouterr().err.count("It is tried again.") == 1


def test_patience_ends_and_tells_the_key(hand: Hand) -> None:
    """With it the same is said once, even if it was said."""
    with StreamServer(*[CUT] * 99) as server, pytest.raises(Unanswered) as caught:
        say(server, hand)

    key = server.came[0].headers["idempotency-key"]
    assert f"--key {key}" in str(caught.value)
    assert sum(hand.pauses) <= 30.0


def test_whoever_ends_it_is_told_the_key(
    hand: Hand, capsys: pytest.CaptureFixture[str]
) -> None:
    """They cannot know whether it was said."""

    def ended(_seconds: float) -> None:
        raise KeyboardInterrupt

    patience = replace(hand.patience(), pause=ended)
    with StreamServer(CUT) as server, pytest.raises(KeyboardInterrupt):
        Saying("send", patience=patience).say(Gateway(server.url, None), "send", {})

    key = server.came[0].headers["idempotency-key"]
    assert f"--key {key}" in capsys.readouterr().err


def test_a_pause_longer_than_patience_is_not_waited_for(hand: Hand) -> None:
    """The problem is told at once, with the pause in it."""
    stopping = problem(503, STOPS, Retry_After="3600")
    with (
        StreamServer(stopping) as server,
        pytest.raises(Refused, match="Try again in 3600 s"),
    ):
        say(server, hand)

    assert hand.pauses == []


@pytest.mark.parametrize(
    "refusal",
    [
        problem(404, {"title": "Recipient not found", "detail": "nobody"}),
        problem(500, {"title": "Bug", "retryable": False}),
        problem(503, {"title": "Away", "code": "room_unavailable", "retryable": True}),
    ],
)
def test_what_does_not_pass_is_told_at_once(refusal: Visit, hand: Hand) -> None:
    """A room that is away among them: with ttl 0 that is the answer asked for."""
    with StreamServer(refusal) as server, pytest.raises(Refused):
        say(server, hand)

    assert len(server.came) == 1


def test_somebody_else_is_not_asked_again(hand: Hand) -> None:
    """A page where the gateway should be is an address that is wrong."""
    page = Visit(b"<html>", is_whole=True)
    with StreamServer(page) as server, pytest.raises(Unanswered, match="GATEWAY_URL"):
        say(server, hand)

    assert len(server.came) == 1


def test_a_gateway_that_is_not_there_is_waited_for_a_little(hand: Hand) -> None:
    """It may start anew just now; a person who has none wants to know."""
    way = Saying("send", patience=hand.patience())
    gateway = Gateway(f"http://127.0.0.1:{refused_port()}", None)

    with pytest.raises(Unreached) as caught:
        way.say(gateway, "send", {})

    assert 0 < sum(hand.pauses) <= 10.0
    assert "--key" not in str(caught.value)  # Nothing was said: there is no doubt.


def test_a_gateway_that_was_there_is_waited_for(hand: Hand) -> None:
    """It may be started anew; what was asked before may have been done."""
    with StreamServer(CUT) as server:
        patience = hand.patience()
        gateway = Gateway(server.url, None)

        def stop_then_pause(seconds: float) -> None:
            if not hand.pauses:
                server.stop()
            patience.pause(seconds)

        way = Saying(
            "send",
            patience=Patience(30.0, stop_then_pause, patience.monotonic, CHANCE),
        )
        with pytest.raises(Unanswered, match="--key"):
            way.say(gateway, "send", {})

    assert len(hand.pauses) > 1
    assert sum(hand.pauses) > 10.0


@pytest.mark.parametrize("given", ["", "a b", "é", "x" * 256, "a\n"])
def test_a_key_that_cannot_be_sent_is_refused(given: str) -> None:
    """Before anything is said."""
    with pytest.raises(typer.BadParameter):
        idempotency_key(given)


def test_a_key_that_can_be_is_taken() -> None:
    """Or none at all."""
    assert idempotency_key("order-17") == "order-17"
    assert idempotency_key(None) is None


def to(*shares: tuple[str | None, str], **other: object) -> dict[str, object]:
    """Return a receipt for these recipients and what became of their shares."""
    recipients = [
        {"name": name, "participant_id": "p-1", "status": status}
        for name, status in shares
    ]
    return {"id": "msg_1", "room": "lobby", "recipients": recipients, **other}


ALICE = ("alice", "sent")


@pytest.mark.parametrize(
    ("receipt", "sentence"),
    [
        (to(ALICE, status="sent"), "sent to alice (msg_1)"),
        (to((None, "sent"), status="sent"), "sent to p-1 (msg_1)"),
        (
            to(ALICE, status="queued", waiting_for="room"),
            "queued for alice: the room is away (msg_1)",
        ),
        (
            to(ALICE, status="queued", waiting_for="recipient"),
            "queued for alice, who is not there (msg_1)",
        ),
        (
            to(ALICE, status="queued", waiting_for="order"),
            "queued for alice, behind what was said before (msg_1)",
        ),
        (
            to(ALICE, status="sending", waiting_for=None),
            "on its way to alice (msg_1)",
        ),
        (
            to(ALICE, ("bob", "failed"), status="partial"),
            "not sent to all: alice sent, bob failed (msg_1)",
        ),
        (
            to(ALICE, status="unknown"),
            "written, and not acknowledged: alice may have it or not (msg_1)",
        ),
        (
            to(ALICE, status="failed", error={"text": "too long\x1b"}),
            "failed, not sent to alice: too long\ufffd (msg_1)",
        ),
        (to(ALICE, status="expired"), "expired, not sent to alice (msg_1)"),
        (
            {"id": "msg_1", "room": "lobby", "status": "sent", "present": 7},
            "sent to everybody in lobby, 7 present (msg_1)",
        ),
        (
            {"id": "msg_1", "room": "lobby", "status": "sent", "present": None},
            "sent to everybody in lobby (msg_1)",
        ),
        ({"id": 1, "recipients": [1]}, "None, not sent to ? (1)"),
        (to(("{who}", "sent"), status="sent"), "sent to {who} (msg_1)"),
    ],
)
def test_what_became_of_a_message_is_one_sentence(
    receipt: dict[str, object], sentence: str
) -> None:
    """With whom it was for, and its id."""
    assert outcome(receipt) == sentence
