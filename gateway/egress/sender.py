"""One signed request to a stranger, and what came of it."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial
from typing import Protocol, Self

import aiohttp
from yarl import URL

from gateway import __version__
from gateway.delivery.ports import Request
from gateway.domain.model import ErrorClass, Outcome
from gateway.egress.dialing import CALLED, Dialler, GuardedResolver, LookUp
from gateway.egress.faults import Fault, fault_of, fault_of_status
from gateway.egress.guard import EgressPolicy, url_breach

USER_AGENT = f"meshagent-gateway/{__version__}"

CONNECT_TIMEOUT_S = 5.0  # TCP and TLS; looking up the name counts in the total.
MAX_CONNECTIONS = 512  # More than deliveries in flight, so that none waits for one.
KEEP_ALIVE_S = 4.0  # Below the 5 s after which many servers close an idle connection.
NAMES_KEPT_S = 10  # How long an answer of the name servers is used again.
URLS_KEPT = 4096  # Webhooks whose URL need not be judged again at each attempt.
MAX_ANSWER_BYTES = 16_384
MAX_HEADER_BYTES = 8_192  # of one header
MAX_HEADERS = 100

_KEPT_HEADERS = ("content-type", "retry-after")


class Monotonic(Protocol):
    """The part of a clock that a stopwatch needs."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...


@dataclass(slots=True)
class _Answer:
    """As much of an answer as has come."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class AiohttpSender:
    """Sends requests with aiohttp; satisfies the `Sender` port.

    Redirects are not followed, proxies of the environment are not used, cookies are
    not kept, answers are not decompressed and not read beyond `MAX_ANSWER_BYTES`.
    Connections are used again if the answer before was read to its end.

    Args:
        policy: Where requests may go; asked about each URL and each address dialled.
        clock: The stopwatch.
        tls: Whom to trust; the machine's certificate authorities if not given.
        look_up: Asks the name servers; the machine's are asked if not given.
    """

    def __init__(
        self,
        policy: EgressPolicy,
        clock: Monotonic,
        *,
        tls: ssl.SSLContext | None = None,
        look_up: LookUp | None = None,
    ) -> None:
        self._policy = policy
        # The policy never changes, nor what it says of a URL.
        self._breach_of = lru_cache(URLS_KEPT)(partial(url_breach, policy=policy))
        self._clock = clock
        self._tls = tls
        self._look_up = look_up
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the pool of connections."""
        dialler = Dialler(self._policy)
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(dialler, self._look_up),
            socket_factory=dialler.socket,
            ssl=self._tls or True,
            limit=MAX_CONNECTIONS,
            ttl_dns_cache=NAMES_KEPT_S,
            keepalive_timeout=KEEP_ALIVE_S,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
            read_bufsize=MAX_ANSWER_BYTES,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: Request) -> Outcome:
        """POST it once. Whatever happens is an outcome; nothing is raised.

        The time-out of the request covers everything: looking up the name, TLS,
        headers and body. An answer that breaks off has its status and an error class.
        """
        began_s = self._clock.monotonic()
        answer = _Answer()
        fault = await self._attempt(request, answer)
        return Outcome(
            status=answer.status,
            error_class=None if fault is None else fault.error_class,
            duration=timedelta(seconds=self._clock.monotonic() - began_s),
            detail=None if fault is None else fault.detail,
            headers=answer.headers,
            body=bytes(answer.body),
        )

    async def _attempt(self, request: Request, answer: _Answer) -> Fault | None:
        breach = self._breach_of(request.url)
        if breach is not None:
            return Fault(ErrorClass.BLOCKED_ADDRESS, breach.sentence)
        url = URL(request.url)
        called = CALLED.set((url.host or "", url.port or 0))
        try:
            async with asyncio.timeout(request.timeout.total_seconds()):
                await self._exchange(url, request, answer)
        # The last two are what aiohttp says to a header it will not send and after
        # it is closed.
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            return fault_of(error)
        finally:
            CALLED.reset(called)
        return fault_of_status(answer.status)

    async def _exchange(self, url: URL, request: Request, answer: _Answer) -> None:
        if self._session is None:
            detail = "the sender is not open"
            raise RuntimeError(detail)
        if url.user is not None and "authorization" in map(str.lower, request.headers):
            url = url.with_user(None)  # A header of one's own goes before.
        response = await self._session.post(
            url, data=request.body, headers=request.headers, allow_redirects=False
        )
        is_read = False
        try:
            answer.status = response.status
            answer.headers = {
                name: response.headers[name]
                for name in _KEPT_HEADERS
                if name in response.headers
            }
            is_read = await _read(response.content, answer.body)
        finally:
            if is_read:
                response.release()
            else:
                response.close()


async def _read(stream: aiohttp.StreamReader, body: bytearray) -> bool:
    """Read up to `MAX_ANSWER_BYTES`, and say whether that was all."""
    while missing := MAX_ANSWER_BYTES - len(body):
        piece = await stream.read(missing)
        if not piece:
            return True
        body += piece
    return stream.at_eof()
