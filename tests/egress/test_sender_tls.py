"""The sender over TLS: whom it trusts, and what it says of whom it doesn't."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from gateway.delivery.ports import Request
from gateway.domain.model import ErrorClass
from gateway.egress.guard import EgressPolicy
from gateway.egress.sender import HttpSender
from gateway.system import SystemClock
from tests.egress.names import answering
from tests.fakes.receiver import Receiver, not_http

DEVELOPMENT = EgressPolicy().for_development()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Make a certificate authority that nobody knows."""
    return trustme.CA()


def listening(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return the TLS of a receiver."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return the TLS of a sender that trusts one authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_trusted_certificate_is_accepted(authority: trustme.CA) -> None:
    """A delivery over TLS arrives."""
    tls = listening(authority.issue_cert("127.0.0.1"))
    async with (
        Receiver(tls=tls) as receiver,
        HttpSender(DEVELOPMENT, SystemClock(), tls=trusting(authority)) as sender,
    ):
        outcome = await sender.send(Request(receiver.url, {}, b"{}"))

    assert outcome.status == 200


@pytest.mark.parametrize(
    ("host", "days", "trusted", "expected"),
    [
        ("127.0.0.1", 1, False, "not known here"),
        ("example.com", 1, True, "another"),
        ("127.0.0.1", -1, True, "expired"),
    ],
)
async def test_a_bad_certificate_is_a_tls_error(
    authority: trustme.CA, host: str, days: int, expected: str, *, trusted: bool
) -> None:
    """Unknown, foreign and expired certificates are refused with the reason."""
    now = datetime.now(UTC)  # noqa: TID251 - OpenSSL reads the real clock
    certificate = authority.issue_cert(host, not_after=now + timedelta(days=days))
    tls = trusting(authority) if trusted else None
    async with (
        Receiver(tls=listening(certificate)) as receiver,
        HttpSender(DEVELOPMENT, SystemClock(), tls=tls) as sender,
    ):
        outcome = await sender.send(Request(receiver.url, {}, b"{}"))

        assert receiver.requests == []
    assert (outcome.status, outcome.error_class) == (None, ErrorClass.TLS_ERROR)
    assert expected in (outcome.detail or "")


async def test_plain_text_behind_https_is_a_tls_error() -> None:
    """A receiver that does not speak TLS cannot be agreed with."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await not_http(writer)
        writer.close()

    async with (
        await asyncio.start_server(greet, "127.0.0.1", 0) as server,
        HttpSender(DEVELOPMENT, SystemClock()) as sender,
    ):
        port = server.sockets[0].getsockname()[1]

        outcome = await sender.send(Request(f"https://127.0.0.1:{port}/", {}, b""))

    assert (outcome.status, outcome.error_class) == (None, ErrorClass.TLS_ERROR)


async def test_a_handshake_that_is_broken_off_is_a_reset() -> None:
    """A receiver that hangs up on our first word never came to speak of TLS."""

    async def hang_up(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readexactly(5)
        writer.transport.abort()

    async with (
        await asyncio.start_server(hang_up, "127.0.0.1", 0) as server,
        HttpSender(DEVELOPMENT, SystemClock()) as sender,
    ):
        port = server.sockets[0].getsockname()[1]

        outcome = await sender.send(Request(f"https://127.0.0.1:{port}/", {}, b""))

    assert (outcome.status, outcome.error_class) == (None, ErrorClass.CONNECTION_RESET)


async def test_a_connection_over_tls_is_used_again(authority: trustme.CA) -> None:
    """The handshake is made once, and a body of megabytes arrives whole."""
    tls = listening(authority.issue_cert("127.0.0.1"))
    body = bytes(range(256)) * 10_000
    async with (
        Receiver(tls=tls) as receiver,
        HttpSender(DEVELOPMENT, SystemClock(), tls=trusting(authority)) as sender,
    ):
        for _ in range(3):
            await sender.send(Request(receiver.url, {}, body))

        assert receiver.connections == 1
        assert [each.body for each in receiver.requests] == [body] * 3


async def test_a_name_is_what_the_certificate_is_for(authority: trustme.CA) -> None:
    """Whom a name leads to must show the name's certificate, not the address's."""
    tls = listening(authority.issue_cert("a.example"))
    names = answering("127.0.0.1")
    async with (
        Receiver(tls=tls) as receiver,
        HttpSender(
            DEVELOPMENT, SystemClock(), tls=trusting(authority), look_up=names
        ) as sender,
    ):
        outcomes = [
            await sender.send(Request(f"https://{host}:{receiver.port}/", {}, b""))
            for host in ("a.example", "A.EXAMPLE.", "b.example", "127.0.0.1")
        ]

    assert [each.status for each in outcomes] == [200, 200, None, None]
    assert {each.error_class for each in outcomes[2:]} == {ErrorClass.TLS_ERROR}
