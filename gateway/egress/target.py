"""Where a request goes, read from its URL once, and the bytes that it is sent as."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from yarl import URL

from gateway import __version__
from gateway.egress.guard import Breach, EgressPolicy, url_breach

USER_AGENT = f"meshagent-gateway/{__version__}"

_DEFAULTS = {
    "user-agent": f"User-Agent: {USER_AGENT}\r\n",
    "accept": "Accept: */*\r\n",
    "accept-encoding": "Accept-Encoding: identity\r\n",
}
_ALL_DEFAULTS = "".join(_DEFAULTS.values())
_OURS = frozenset(
    {"connection", "content-length", "expect", "host", "transfer-encoding", "upgrade"}
)
# RFC 9110 §5.1 and §5.5.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")
_NOT_IN_VALUES = re.compile(r"[\0-\x08\n-\x1f\x7f]")
_NAMES_KEPT = 4096  # Sets of headers that need not be looked at for each request.


class Origin(NamedTuple):
    """What a connection leads to.

    Attributes:
        host: As name servers know it, or an address without brackets.
    """

    is_tls: bool
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be called.

    Attributes:
        is_exempt: Whether its host and port are allowed by name.
        head: The first two lines of a request.
        authorization: A header line of the user and password in the URL, or nothing.
    """

    origin: Origin
    is_exempt: bool
    head: str = field(repr=False)
    authorization: str = field(repr=False)

    def message(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Return a POST as it goes over the wire.

        Headers of the request go before ours and before what the URL says of the user.

        Raises:
            ValueError: A header has a name or value that HTTP does not allow, or says
                what only we may say.
        """
        has_authorization, defaults = _beside(tuple(headers))
        if _NOT_IN_VALUES.search("".join(headers.values())):
            raise _cannot_be_sent()
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        authorization = "" if has_authorization else self.authorization
        head = (
            f"{self.head}{lines}{authorization}{defaults}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1") + body


@lru_cache(_NAMES_KEPT)
def _beside(headers: tuple[str, ...]) -> tuple[bool, str]:
    """Say whether `Authorization` is among headers, and return ours to go with them."""
    names = {*map(str.lower, headers)}
    if (
        "" in names
        or not _OURS.isdisjoint(names)
        or not _TOKEN.fullmatch("".join(headers))
    ):
        raise _cannot_be_sent()
    defaults = (
        _ALL_DEFAULTS
        if names.isdisjoint(_DEFAULTS)
        else "".join(_DEFAULTS[name] for name in _DEFAULTS.keys() - names)
    )
    return "authorization" in names, defaults


def _cannot_be_sent() -> ValueError:
    return ValueError("a header cannot be sent")


def target_of(url: str, policy: EgressPolicy) -> Target | Breach:
    """Return what a URL leads to, or why it may not be called as far as can be seen."""
    breach = url_breach(url, policy)
    if breach is not None:
        return breach
    parsed = URL(url)
    named, port = parsed.host or "", parsed.port or 0
    # yarl keeps the zone of an address encoded in the raw host.
    host = named if ":" in named else parsed.raw_host or ""
    return Target(
        origin=Origin(is_tls=parsed.scheme == "https", host=host, port=port),
        is_exempt=policy.is_exempt(named, port),
        head=f"POST {parsed.raw_path_qs} HTTP/1.1\r\nHost: {_host_line(parsed)}\r\n",
        authorization=_authorization(parsed),
    )


def _host_line(url: URL) -> str:
    """Return the host and port without a zone, which means nothing to others."""
    line = url.host_port_subcomponent or ""
    return re.sub(r"%[^\]]*\]", "]", line) if line.startswith("[") else line


def _authorization(url: URL) -> str:
    if url.user is None and url.password is None:
        return ""
    # RFC 7617 §2.1: UTF-8 is the one encoding that may be agreed on.
    pair = f"{url.user or ''}:{url.password or ''}".encode()
    return f"Authorization: Basic {b64encode(pair).decode()}\r\n"
