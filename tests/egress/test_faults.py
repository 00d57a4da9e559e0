"""Faults: every exception of an attempt has its error class."""

import errno
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict
from yarl import URL

from gateway.domain.model import ErrorClass
from gateway.egress.dialing import AddressBlocked
from gateway.egress.faults import fault_of, fault_of_status
from gateway.egress.guard import Breach

KEY = ConnectionKey(
    host="secret.example",
    port=443,
    is_ssl=True,
    ssl=True,
    proxy=None,
    proxy_auth=None,
    proxy_headers_hash=None,
)
REQUEST = aiohttp.RequestInfo(URL("https://secret.example/"), "POST", CIMultiDict())  # type: ignore[arg-type]  # headers are not looked at


def certificate_error(code: int) -> aiohttp.ClientConnectorCertificateError:
    """Return what a connector says of a certificate."""
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code = code
    return aiohttp.ClientConnectorCertificateError(KEY, error)


CASES: list[tuple[Exception, ErrorClass]] = [
    (AddressBlocked(Breach("r", None, "no")), ErrorClass.BLOCKED_ADDRESS),
    (
        aiohttp.ClientConnectorError(KEY, AddressBlocked(Breach("r", None, "no"))),
        ErrorClass.BLOCKED_ADDRESS,
    ),
    (
        aiohttp.ClientConnectorDNSError(KEY, AddressBlocked(Breach("r", None, "no"))),
        ErrorClass.BLOCKED_ADDRESS,
    ),
    (aiohttp.ClientConnectorDNSError(KEY, OSError()), ErrorClass.DNS_ERROR),
    (
        aiohttp.ClientConnectorError(KEY, ConnectionRefusedError()),
        ErrorClass.CONNECTION_REFUSED,
    ),
    (
        aiohttp.ClientConnectorError(KEY, OSError(errno.EHOSTUNREACH, "no route")),
        ErrorClass.CONNECTION_REFUSED,
    ),
    (
        aiohttp.ClientConnectorError(KEY, ConnectionResetError()),
        ErrorClass.CONNECTION_RESET,
    ),
    (
        aiohttp.ClientConnectorError(KEY, TimeoutError(errno.ETIMEDOUT, "timed out")),
        ErrorClass.TIMEOUT_CONNECT,
    ),
    (aiohttp.ConnectionTimeoutError(), ErrorClass.TIMEOUT_CONNECT),
    (TimeoutError(), ErrorClass.TIMEOUT_TOTAL),
    (aiohttp.SocketTimeoutError(), ErrorClass.TIMEOUT_TOTAL),
    (certificate_error(10), ErrorClass.TLS_ERROR),
    (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError()), ErrorClass.TLS_ERROR),
    (ssl.SSLError(), ErrorClass.TLS_ERROR),
    (aiohttp.ServerDisconnectedError(), ErrorClass.CONNECTION_RESET),
    (aiohttp.ClientPayloadError(), ErrorClass.CONNECTION_RESET),
    (aiohttp.ClientOSError(errno.EPIPE, "broken pipe"), ErrorClass.CONNECTION_RESET),
    (aiohttp.ClientConnectionResetError(), ErrorClass.CONNECTION_RESET),
    (BrokenPipeError(), ErrorClass.CONNECTION_RESET),
    (aiohttp.ClientResponseError(REQUEST, ()), ErrorClass.HTTP_STATUS),
    (aiohttp.InvalidURL("https://secret.example"), ErrorClass.INTERNAL),
    (ValueError("secret.example"), ErrorClass.INTERNAL),
    (RuntimeError("closed"), ErrorClass.INTERNAL),
    (OSError(errno.EMFILE, "too many open files"), ErrorClass.INTERNAL),
]


@pytest.mark.parametrize(("error", "expected"), CASES)
def test_every_exception_has_its_class(error: Exception, expected: ErrorClass) -> None:
    """An exception is told apart by what it says of the other side, namelessly."""
    fault = fault_of(error)

    assert fault.error_class is expected
    assert "secret.example" not in fault.detail


@pytest.mark.parametrize(
    ("code", "expected"),
    [(10, "expired"), (62, "another host"), (18, "itself"), (-1, "not trusted")],
)
def test_a_bad_certificate_says_what_is_wrong(code: int, expected: str) -> None:
    """Expired is told from foreign and from unknown."""
    assert expected in fault_of(certificate_error(code)).detail


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_2xx_is_no_fault(status: int) -> None:
    """A success has nothing wrong with it."""
    assert fault_of_status(status) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, ErrorClass.REDIRECT),
        (307, ErrorClass.REDIRECT),
        (199, ErrorClass.HTTP_STATUS),
        (404, ErrorClass.HTTP_STATUS),
        (503, ErrorClass.HTTP_STATUS),
        (None, ErrorClass.INTERNAL),
    ],
)
def test_other_statuses_are_faults(status: int | None, expected: ErrorClass) -> None:
    """A redirect is told from other statuses."""
    fault = fault_of_status(status)

    assert fault is not None
    assert fault.error_class is expected
