"""What kept a request from success.

The sentences name no URL and no address: they are kept, and shown to whoever may read
deliveries.
"""

import errno
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.domain.model import ErrorClass


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong.

    Attributes:
        detail: A sentence for a person.
    """

    error_class: ErrorClass
    detail: str


class Failed(Exception):
    """An attempt ended without a whole answer, and what it was is known."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


TIMEOUT_CONNECT = Fault(ErrorClass.TIMEOUT_CONNECT, "no connection was made within 5 s")
TIMEOUT_TOTAL = Fault(
    ErrorClass.TIMEOUT_TOTAL, "the answer was not complete when time was up"
)
REFUSED = Fault(ErrorClass.CONNECTION_REFUSED, "nobody accepts connections there")
UNREACHABLE = Fault(ErrorClass.CONNECTION_REFUSED, "there is no way to the host")
RESET = Fault(ErrorClass.CONNECTION_RESET, "the connection was broken off")
NO_ANSWER = Fault(
    ErrorClass.CONNECTION_RESET, "the connection was closed without an answer"
)
BROKEN_OFF = Fault(ErrorClass.CONNECTION_RESET, "the answer broke off")
NO_NAME = Fault(ErrorClass.DNS_ERROR, "the host name could not be looked up")
NOT_HTTP = Fault(ErrorClass.HTTP_STATUS, "the answer is not HTTP as we read it")
NO_TLS = Fault(ErrorClass.TLS_ERROR, "no secure connection could be agreed on")
INTERNAL = Fault(ErrorClass.INTERNAL, "the request could not be made")

# More special classes come before those that they are made of.
_FAULTS: tuple[tuple[type[Exception], Fault], ...] = (
    (ssl.SSLError, NO_TLS),
    (TimeoutError, TIMEOUT_TOTAL),
    (ConnectionError, RESET),
)
_CONNECTING: tuple[tuple[type[Exception], Fault], ...] = (
    (ConnectionRefusedError, REFUSED),
    (ConnectionError, RESET),
    (TimeoutError, TIMEOUT_CONNECT),
    (OSError, UNREACHABLE),
)
# No more files or memory: that says nothing of the other side.
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_CERTIFICATES = {  # OpenSSL's X509_V_ERR_… to what is wrong with a certificate.
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself",
    19: "is signed by an authority that signs itself",
    20: "is signed by an authority that is not known here",
    62: "is for another host",
    64: "is for another address",
}


def fault_of(error: Exception) -> Fault:
    """Say what an exception of an attempt means."""
    if isinstance(error, Failed):
        return error.fault
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _CERTIFICATES.get(error.verify_code, "is not trusted here")
        return Fault(ErrorClass.TLS_ERROR, f"the host's certificate {reason}")
    return _first(_FAULTS, error)


def fault_of_connecting(error: OSError) -> Fault:
    """Say what an exception means that came of connecting a socket."""
    if error.errno in _SHORTAGES:
        return INTERNAL
    return _first(_CONNECTING, error)


def fault_of_status(status: int | None) -> Fault | None:
    """Say what is wrong with an answer that came whole; `None` for a 2xx."""
    if status is None:
        return INTERNAL
    if 200 <= status < 300:  # noqa: PLR2004 - the class of a status
        return None
    if 300 <= status < 400:  # noqa: PLR2004 - the class of a status
        return Fault(
            ErrorClass.REDIRECT, f"the answer was {status}; redirects are not followed"
        )
    return Fault(ErrorClass.HTTP_STATUS, f"the answer was {status}")


def _first(faults: Iterable[tuple[type[Exception], Fault]], error: Exception) -> Fault:
    return next((fault for kind, fault in faults if isinstance(error, kind)), INTERNAL)
