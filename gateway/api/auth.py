"""Who may call: keys, origins, hosts."""

import hmac
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request

from gateway.domain.errors import HostNotAllowed, OriginNotAllowed, ProxiedWithoutKey

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
_PROXY_HEADERS: Final = frozenset({b"forwarded", b"via"})

Headers = Mapping[bytes, bytes]


class Keyring:
    """The keys that may call, kept as digests.

    Args:
        keys: Keys of visible ASCII; `None` for a gateway that asks for none.
    """

    def __init__(self, keys: Iterable[str] | None) -> None:
        self.is_needed = keys is not None
        digests = [sha256(key.encode()).digest() for key in keys or ()]
        self._ids = {digest: f"key_{digest.hex()[:12]}" for digest in digests}

    def key_id(self, headers: Headers) -> str | None:
        """Return the id of the key that a request carries, or `None`.

        A key is in `Authorization` as Bearer or as user or password of Basic, or in
        `X-API-Key`. All digests are compared, each in constant time.
        """
        for given in _given(headers):
            digest = sha256(given).digest()
            found = None
            for known, name in self._ids.items():
                if hmac.compare_digest(known, digest):
                    found = name
            if found is not None:
                return found
        return None


def caller(request: Request) -> str | None:
    """Return the id of the key that a request came with, as the gate found it."""
    key_id = request.scope.get("state", {}).get("key_id")
    return key_id if isinstance(key_id, str) else None


class Origins:
    """The browser pages that may call.

    Args:
        public_url: Our own address. On loopback, our other loopback names are ours too.
        allowed: Further origins.
    """

    def __init__(self, public_url: str, allowed: Iterable[str]) -> None:
        self._own = frozenset(_own_origins(urlsplit(public_url)))
        self._allowed = frozenset(_origin(urlsplit(each)) for each in allowed)

    def check(self, headers: Headers) -> bytes | None:
        """Return the foreign origin to be named in CORS headers, if there is one.

        Raises:
            OriginNotAllowed: A page of an origin that is not ours and not allowed.
        """
        given = headers.get(b"origin")
        if given is None:
            return None
        origin = _origin_of(given)
        if origin in self._own:
            return None
        if origin in self._allowed:
            return given
        message = (
            "Pages of this origin may not call; GATEWAY_CORS_ORIGINS lists those that"
            " may."
        )
        raise OriginNotAllowed(message)


class Hosts:
    """The names that a gateway without keys answers to, directly and to nobody else.

    Args:
        allowed: Names besides those of loopback, with or without a port.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(each.lower() for each in (*_LOOPBACK_NAMES, *allowed))

    def check(self, headers: Headers) -> None:
        """Refuse what did not come straight from this machine.

        Raises:
            HostNotAllowed: Another Host: a page may have rebound its own name to us.
            ProxiedWithoutKey: A proxy before a gateway without keys would open it.
        """
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if host not in self._allowed and _without_port(host) not in self._allowed:
            message = (
                "A gateway without keys answers to localhost only;"
                " GATEWAY_ALLOWED_HOSTS lists further names."
            )
            raise HostNotAllowed(message)
        for name in headers:
            if name in _PROXY_HEADERS or name.startswith(b"x-forwarded-"):
                message = (
                    "The request came through a proxy; behind one the gateway needs"
                    " keys (GATEWAY_AUTH=key)."
                )
                raise ProxiedWithoutKey(message)


def _given(headers: Headers) -> Iterator[bytes]:
    """Yield what may be a key."""
    scheme, _, rest = headers.get(b"authorization", b"").partition(b" ")
    match scheme.lower():
        case b"bearer":
            yield rest.strip()
        case b"basic":
            yield from _basic(rest.strip())
        case _:
            pass
    if b"x-api-key" in headers:
        yield headers[b"x-api-key"].strip()


def _basic(credentials: bytes) -> Iterator[bytes]:
    try:
        user, _, password = b64decode(credentials, validate=True).partition(b":")
    except ValueError:
        return
    yield from (part for part in (user, password) if part)


def _own_origins(url: SplitResult) -> Iterator[str]:
    yield _origin(url)
    if _is_loopback(url.hostname or ""):
        port = "" if url.port is None else f":{url.port}"
        for name in _LOOPBACK_NAMES:
            yield _origin(urlsplit(f"{url.scheme}://{name}{port}"))


def _origin_of(given: bytes) -> str:
    try:
        return _origin(urlsplit(given.decode("ascii")))
    except ValueError:  # Not ASCII, not a port, or not an address in brackets.
        return "null"


def _origin(url: SplitResult) -> str:
    """Return an origin in one spelling: lower case, its port always said."""
    host = url.hostname or ""
    name = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{name}:{url.port or _DEFAULT_PORTS.get(url.scheme, 0)}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _without_port(host: str) -> str:
    if host.endswith("]"):
        return host
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
