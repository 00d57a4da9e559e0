"""The sender: one request over a real socket, against receivers of every kind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway import __version__
from gateway.delivery.ports import Request
from gateway.domain.model import ErrorClass
from gateway.egress.answer import MAX_ANSWER_BYTES
from gateway.egress.guard import EgressPolicy
from gateway.egress.sender import HttpSender
from gateway.system import SystemClock
from tests.egress.names import answering
from tests.fakes import receiver as behaviours
from tests.fakes.receiver import Answer, Receiver, redirect, refused_port

DEVELOPMENT = EgressPolicy().for_development()
SHORT = timedelta(milliseconds=500)  # The time-out of a test that runs into it.


def a_request(url: str, timeout: timedelta = timedelta(seconds=5)) -> Request:
    """Return a request with a body."""
    headers = {"content-type": "application/json", "webhook-id": "evt_1"}
    return Request(url=url, headers=headers, body=b'{"v":1}', timeout=timeout)


@pytest.fixture
async def sender() -> AsyncIterator[HttpSender]:
    """Open a sender that may call this machine."""
    async with HttpSender(DEVELOPMENT, SystemClock()) as opened:
        yield opened


async def test_a_request_arrives_as_it_is(sender: HttpSender) -> None:
    """Method, body and headers are sent as given, with our name."""
    async with Receiver(Answer(status=202, body=b"ok")) as receiver:
        outcome = await sender.send(a_request(receiver.url + "?a=1"))

        [request] = receiver.requests
    assert (outcome.status, outcome.error_class, outcome.body) == (202, None, b"ok")
    assert outcome.duration > timedelta()
    assert (request.method, request.path) == ("POST", "/hook?a=1")
    assert request.body == b'{"v":1}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "evt_1"
    assert request.headers["user-agent"] == f"meshagent-gateway/{__version__}"
    assert request.headers["accept-encoding"] == "identity"


async def test_a_user_agent_of_ones_own_is_kept(sender: HttpSender) -> None:
    """A header that is given is not replaced."""
    async with Receiver() as receiver:
        request = replace(a_request(receiver.url), headers={"User-Agent": "mine"})

        await sender.send(request)

        assert receiver.requests[0].headers["user-agent"] == "mine"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, None),
        (204, None),
        (404, ErrorClass.HTTP_STATUS),
        (410, ErrorClass.HTTP_STATUS),
        (500, ErrorClass.HTTP_STATUS),
    ],
)
async def test_a_status_is_an_outcome(
    sender: HttpSender, status: int, expected: ErrorClass | None
) -> None:
    """Only a 2xx has no error class."""
    async with Receiver(status) as receiver:
        outcome = await sender.send(a_request(receiver.url))

    assert (outcome.status, outcome.error_class) == (status, expected)


async def test_headers_that_matter_are_kept(sender: HttpSender) -> None:
    """Retry-After is in the outcome in lower case; other headers are not."""
    answer = Answer(status=429, headers={"Retry-After": "7", "Set-Cookie": "a=b"})
    async with Receiver(answer) as receiver:
        outcome = await sender.send(a_request(receiver.url))

    assert outcome.headers == {"retry-after": "7"}


async def test_cookies_are_not_kept(sender: HttpSender) -> None:
    """A receiver cannot mark us."""
    async with Receiver(Answer(headers={"Set-Cookie": "a=b"})) as receiver:
        await sender.send(a_request(receiver.url))
        await sender.send(a_request(receiver.url))

        assert "cookie" not in receiver.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(sender: HttpSender, status: int) -> None:
    """A 3xx is a failure, and its target is not called."""
    async with Receiver() as target, Receiver(redirect(status, target.url)) as receiver:
        outcome = await sender.send(a_request(receiver.url))

        assert target.requests == []
    assert (outcome.status, outcome.error_class) == (status, ErrorClass.REDIRECT)


async def test_a_connection_is_used_again(sender: HttpSender) -> None:
    """After an answer that was read to its end the connection serves the next."""
    async with Receiver(Answer(body=b"x" * 100)) as receiver:
        for _ in range(3):
            await sender.send(a_request(receiver.url))

        assert receiver.connections == 1


@pytest.mark.parametrize(
    ("size", "connections"), [(MAX_ANSWER_BYTES, 1), (20 * MAX_ANSWER_BYTES, 2)]
)
async def test_an_answer_is_read_up_to_16_kib(
    sender: HttpSender, size: int, connections: int
) -> None:
    """What is over is not read, and its connection is not used again."""
    async with Receiver(default=Answer(body=b"x" * size)) as receiver:
        outcome = await sender.send(a_request(receiver.url))
        await sender.send(a_request(receiver.url))

        assert receiver.connections == connections
    assert outcome.body == b"x" * MAX_ANSWER_BYTES
    assert outcome.error_class is None


async def test_an_endless_body_is_cut(sender: HttpSender) -> None:
    """A body without an end is an answer of 16 KiB."""
    async with Receiver(Answer(behave=behaviours.endless_body)) as receiver:
        outcome = await sender.send(a_request(receiver.url))

    assert (outcome.status, outcome.error_class) == (200, None)
    assert len(outcome.body) == MAX_ANSWER_BYTES


@pytest.mark.parametrize(
    ("behave", "status", "expected"),
    [
        (behaviours.leave, None, ErrorClass.CONNECTION_RESET),
        (behaviours.reset, None, ErrorClass.CONNECTION_RESET),
        (behaviours.reset_in_body, 200, ErrorClass.CONNECTION_RESET),
        (behaviours.endless_headers, None, ErrorClass.HTTP_STATUS),
        (behaviours.not_http, None, ErrorClass.HTTP_STATUS),
    ],
)
async def test_a_broken_answer_has_its_class(
    sender: HttpSender,
    behave: Callable[[asyncio.StreamWriter], asyncio.Future[None]],
    status: int | None,
    expected: ErrorClass,
) -> None:
    """A receiver that breaks off is told from one that speaks nonsense."""
    async with Receiver(Answer(behave=behave)) as receiver:
        outcome = await sender.send(a_request(receiver.url))

        assert str(receiver.port) not in (outcome.detail or "")
    assert (outcome.status, outcome.error_class) == (status, expected)


@pytest.mark.parametrize(
    ("behave", "status"), [(behaviours.hang, None), (behaviours.drip, 200)]
)
async def test_the_time_out_covers_the_whole_answer(
    sender: HttpSender,
    behave: Callable[[asyncio.StreamWriter], asyncio.Future[None]],
    status: int | None,
) -> None:
    """A receiver that hangs, before or within the body, is left when time is up."""
    async with Receiver(Answer(behave=behave)) as receiver:
        outcome = await sender.send(a_request(receiver.url, SHORT))

    assert (outcome.status, outcome.error_class) == (status, ErrorClass.TIMEOUT_TOTAL)
    assert outcome.duration > SHORT / 2


async def test_a_broken_connection_is_not_used_again(sender: HttpSender) -> None:
    """After a time-out the next request has a connection of its own."""
    async with Receiver(Answer(behave=behaviours.drip)) as receiver:
        await sender.send(a_request(receiver.url, SHORT))

        outcome = await sender.send(a_request(receiver.url))

        assert receiver.connections == 2
    assert outcome.status == 200


async def test_nobody_listening_is_refused(sender: HttpSender) -> None:
    """A closed port is told from a connection that broke."""
    outcome = await sender.send(a_request(f"http://127.0.0.1:{refused_port()}/"))

    assert (outcome.status, outcome.error_class) == (
        None,
        ErrorClass.CONNECTION_REFUSED,
    )


async def test_what_is_no_name_is_a_dns_error(sender: HttpSender) -> None:
    """A host that cannot be looked up is one error class of its own."""
    outcome = await sender.send(a_request(f"http://{'a' * 64}.example/"))

    assert (outcome.status, outcome.error_class) == (None, ErrorClass.DNS_ERROR)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_a_blocked_address_gets_no_connection(host: str) -> None:
    """The guard is asked before anything is sent."""
    policy = EgressPolicy.parse(allow_ports="1-65535", require_https=False)
    async with Receiver() as receiver, HttpSender(policy, SystemClock()) as sender:
        url = f"http://{host}:{receiver.port}/"

        outcome = await sender.send(a_request(url))

        assert receiver.connections == 0
    assert (outcome.status, outcome.error_class) == (None, ErrorClass.BLOCKED_ADDRESS)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"]])
async def test_a_name_that_leads_inside_is_blocked(addresses: list[str]) -> None:
    """A URL that looks harmless is blocked by where its name leads."""
    policy = EgressPolicy.parse(allow_ports="1-65535", require_https=False)
    names = answering(*addresses)
    async with (
        Receiver() as receiver,
        HttpSender(policy, SystemClock(), look_up=names) as sender,
    ):
        url = f"http://harmless.example:{receiver.port}/"

        outcome = await sender.send(a_request(url))

        assert receiver.connections == 0
    assert outcome.error_class is ErrorClass.BLOCKED_ADDRESS
    assert "127.0.0.1" not in (outcome.detail or "")


async def test_a_host_allowed_by_name_is_called() -> None:
    """An exempt pair may be plain http, private and on any port."""
    async with Receiver() as receiver:
        policy = EgressPolicy.parse(allow_hosts=[f"localhost:{receiver.port}"])
        async with HttpSender(policy, SystemClock()) as sender:
            outcome = await sender.send(a_request(f"http://localhost:{receiver.port}/"))

    assert outcome.status == 200


async def test_our_own_listener_is_not_called() -> None:
    """Even where loopback is allowed, the gateway does not call itself."""
    async with Receiver() as receiver:
        policy = replace(DEVELOPMENT, own=frozenset({("127.0.0.1", receiver.port)}))
        async with HttpSender(policy, SystemClock()) as sender:
            outcome = await sender.send(a_request(receiver.url))

        assert receiver.connections == 0
    assert outcome.error_class is ErrorClass.BLOCKED_ADDRESS


@pytest.mark.parametrize("headers", [{"x": "a\r\nb: c"}, {"x\n": "a"}, {"x": "a\0b"}])
async def test_a_header_that_splits_is_not_sent(
    sender: HttpSender, headers: dict[str, str]
) -> None:
    """A header with a line break is an error of ours, and nothing goes out."""
    async with Receiver() as receiver:
        outcome = await sender.send(replace(a_request(receiver.url), headers=headers))

        assert receiver.requests == []
    assert outcome.error_class is ErrorClass.INTERNAL


async def test_credentials_in_a_url_are_sent_as_basic(sender: HttpSender) -> None:
    """User and password of a URL become a header, and leave the URL."""
    async with Receiver() as receiver:
        url = receiver.url.replace("http://", "http://user:pass@")

        await sender.send(a_request(url))

        [request] = receiver.requests
    assert request.headers["authorization"] == "Basic dXNlcjpwYXNz"


async def test_a_header_goes_before_credentials_in_a_url(
    sender: HttpSender,
) -> None:
    """An Authorization header of one's own replaces what the URL has."""
    async with Receiver() as receiver:
        url = receiver.url.replace("http://", "http://user:pass@")
        request = replace(a_request(url), headers={"Authorization": "Bearer x"})

        outcome = await sender.send(request)

        [received] = receiver.requests
    assert outcome.status == 200
    assert received.headers["authorization"] == "Bearer x"


async def test_a_closed_sender_says_so() -> None:
    """A request after closing is an error of ours, not an exception."""
    sender = HttpSender(DEVELOPMENT, SystemClock())

    outcome = await sender.send(a_request("http://127.0.0.1:9/"))

    assert outcome.error_class is ErrorClass.INTERNAL


async def test_proxies_of_the_environment_are_not_used(
    sender: HttpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY does not lead a delivery elsewhere."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{refused_port()}")
    async with Receiver() as receiver:
        outcome = await sender.send(a_request(receiver.url))

    assert outcome.status == 200
