"""Faults: every exception of an attempt has its error class."""

import errno
import ssl

import pytest

from gateway.domain.model import ErrorClass
from gateway.egress.faults import (
    BROKEN_OFF,
    Failed,
    fault_of,
    fault_of_connecting,
    fault_of_status,
)


def certificate_error(code: int) -> ssl.SSLCertVerificationError:
    """Return what OpenSSL says of a certificate."""
    error = ssl.SSLCertVerificationError("secret.example: certificate verify failed")
    error.verify_code = code
    return error


CASES: list[tuple[Exception, ErrorClass]] = [
    (Failed(BROKEN_OFF), ErrorClass.CONNECTION_RESET),
    (TimeoutError(), ErrorClass.TIMEOUT_TOTAL),
    (certificate_error(10), ErrorClass.TLS_ERROR),
    (ssl.SSLError("secret.example"), ErrorClass.TLS_ERROR),
    (ConnectionResetError(errno.ECONNRESET, "reset"), ErrorClass.CONNECTION_RESET),
    (BrokenPipeError(), ErrorClass.CONNECTION_RESET),
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
    ("error", "expected"),
    [
        (ConnectionRefusedError(), ErrorClass.CONNECTION_REFUSED),
        (OSError(errno.EHOSTUNREACH, "no route"), ErrorClass.CONNECTION_REFUSED),
        (OSError(errno.ENETUNREACH, "no net"), ErrorClass.CONNECTION_REFUSED),
        (ConnectionResetError(), ErrorClass.CONNECTION_RESET),
        (TimeoutError(errno.ETIMEDOUT, "timed out"), ErrorClass.TIMEOUT_CONNECT),
        (OSError(errno.EMFILE, "too many open files"), ErrorClass.INTERNAL),
    ],
)
def test_what_keeps_from_connecting_has_its_class(
    error: OSError, expected: ErrorClass
) -> None:
    """While connecting, the same errors mean that nobody can be reached."""
    assert fault_of_connecting(error).error_class is expected


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
