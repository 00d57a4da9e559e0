"""One signed request to a stranger, and what came of it."""

import asyncio
import ssl
from datetime import timedelta
from functools import lru_cache, partial
from typing import Self

from gateway.delivery.ports import Request
from gateway.domain.model import Outcome
from gateway.egress.answer import Answer
from gateway.egress.dialing import AddressBlocked, Dialler
from gateway.egress.faults import (
    NO_ANSWER,
    RESET,
    Failed,
    Fault,
    fault_of,
    fault_of_status,
)
from gateway.egress.guard import Breach, EgressPolicy
from gateway.egress.names import LookUp, Monotonic, Names
from gateway.egress.pool import Pool
from gateway.egress.target import target_of

MAX_CONNECTIONS = 512  # More than deliveries in flight, so that none waits for one.
URLS_KEPT = 4096  # Webhooks whose URL need not be read again at each attempt.


class HttpSender:
    """Sends requests over HTTP/1.1; satisfies the `Sender` port.

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
        self._target_of = lru_cache(URLS_KEPT)(partial(target_of, policy=policy))
        self._clock = clock
        self._tls = tls
        self._look_up = look_up
        self._names: Names | None = None
        self._pool: Pool | None = None

    async def __aenter__(self) -> Self:
        """Open the pool of connections."""
        self._names = Names(self._clock, self._look_up)
        dialler = Dialler(self._policy, self._names, self._tls)
        self._pool = Pool(dialler, MAX_CONNECTIONS)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None
        if self._names is not None:
            self._names.close()
            self._names = None

    async def send(self, request: Request) -> Outcome:
        """POST it once. Whatever happens is an outcome; nothing is raised.

        The time-out of the request covers everything: looking up the name, TLS,
        headers and body. An answer that breaks off has its status and an error class.

        A connection that was kept may have been closed by the other side just as the
        request was written. If it ends before any byte of an answer, the request is
        written once more, to a new connection. The receiver may then get it twice, as
        after any attempt of which the answer was lost: `webhook-id` is the same.
        """
        began_s = self._clock.monotonic()
        answer = Answer()
        fault = await self._attempt(request, answer)
        return Outcome(
            status=answer.status,
            error_class=None if fault is None else fault.error_class,
            duration=timedelta(seconds=self._clock.monotonic() - began_s),
            detail=None if fault is None else fault.detail,
            headers=answer.headers,
            body=bytes(answer.body),
        )

    async def _attempt(self, request: Request, answer: Answer) -> Fault | None:
        try:
            await self._exchange(request, answer)
        # The last two are of a header that cannot be sent and of a closed sender.
        except (Failed, OSError, ValueError, RuntimeError) as error:
            return fault_of(error)
        return fault_of_status(answer.status)

    async def _exchange(self, request: Request, answer: Answer) -> None:
        target = self._target_of(request.url)
        if isinstance(target, Breach):
            raise AddressBlocked(target)
        pool = self._pool
        if pool is None:
            detail = "the sender is not open"
            raise RuntimeError(detail)
        message = target.message(request.headers, request.body)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + request.timeout.total_seconds()
        kept = pool.take(target.origin)
        if kept is not None:
            try:
                await kept.exchange(message, answer, until_s=until_s)
            except Failed as failed:
                if kept.has_heard or failed.fault not in (NO_ANSWER, RESET):
                    raise
            else:
                return
            finally:
                pool.give(kept)
        async with asyncio.timeout_at(until_s):
            connection = await pool.dial(target)
        try:
            await connection.exchange(message, answer, until_s=until_s)
        finally:
            pool.give(connection)
