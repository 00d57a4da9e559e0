"""The lock on a PostgreSQL database: one gateway has it, others stand by.

It belongs to a session of its own and goes with it: when the process dies, or the
server. Whoever had it takes it again after a restart of the server, unless another was
faster; that one's first commit then shuts the other out.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from gateway.bridge.ports import Clock, Meter
from gateway.storage.engine import is_outage
from gateway.storage.errors import LockHeld
from gateway.storage.postgres import NAME, Server
from gateway.storage.retrying import Insistence

POLL_S: Final = 1.0
CLOSE_TIMEOUT_S: Final = 2.0
GRACE_S: Final = 5.0  # A start for whoever had the lock when the server went away.
KEY: Final = 0x6D677779  # The gateways' own among the advisory locks of a database.

# Gateways of two schemas of one database are no rivals.
_TRY: Final = "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))"
_HOLDER: Final = """
SELECT a.application_name
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid::bigint = $1
  AND l.objid::bigint = hashtext(current_schema())::bigint & 4294967295
"""


@dataclass(slots=True)
class Standby:
    """Takes the lock, and sees to it that it is still ours.

    Attributes:
        server: Where the lock is.
        insistence: How to wait for a server that can't be reached.
    """

    server: Server
    clock: Clock
    meter: Meter
    insistence: Insistence
    _session: asyncpg.Connection | None = field(default=None, init=False)
    _was_ours: bool = field(default=False, init=False)
    _was_cut_off: bool = field(default=False, init=False)

    async def take(self, wait_s: float) -> None:
        """Return once the lock is ours.

        Args:
            wait_s: How long to wait for another gateway to give it up; a server that
                can't be reached is waited for as long as it takes.

        Raises:
            LockHeld: Another gateway still has it.
        """
        deadline_s = self.clock.monotonic() + wait_s
        is_told = False
        while not await self._is_taken():
            left_s = deadline_s - self.clock.monotonic()
            holder = await self._holder()
            if left_s <= 0:
                raise LockHeld(pid_of(holder), waited_s=wait_s, what="database")
            if not is_told:
                is_told = True
                pid = pid_of(holder)
                self.meter.info("store.lock_awaited", holder_pid=pid, wait_s=wait_s)
            await self.clock.sleep(min(POLL_S, left_s))
        self._was_ours = True

    async def keep(self) -> None:
        """Return once another gateway has the lock."""
        while True:
            await self.clock.sleep(POLL_S)
            if self._session is not None and await self._is_alive(self._session):
                continue
            self.meter.warning("store.lock_dropped")
            while not await self._is_taken():
                holder = await self._holder()
                # A session of ours that the server has not missed yet is no rival.
                if holder is not None and holder != self.server.name:
                    return
                await self.clock.sleep(POLL_S)
            self.meter.info("store.lock_regained")

    async def close(self) -> None:
        """Give the lock back."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await session.close(timeout=CLOSE_TIMEOUT_S)

    async def _is_taken(self) -> bool:
        """Ask for the lock, on a new session if the last one was cut off."""
        while True:
            session = await self._connected()
            try:
                return bool(await session.fetchval(_TRY, KEY))
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                await self._recover_from(error)

    async def _holder(self) -> str | None:
        session = await self._connected()
        try:
            name: str | None = await session.fetchval(_HOLDER, KEY)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            await self._recover_from(error)
            return None
        return name

    async def _connected(self) -> asyncpg.Connection:
        if self._session is None:
            self._session = await self.insistence.on(self.server.connect)
            if self._was_cut_off and not self._was_ours:
                await self.clock.sleep(GRACE_S)
        return self._session

    async def _recover_from(self, error: Exception) -> None:
        if not (is_outage(error) or isinstance(error, asyncpg.InterfaceError)):
            raise error
        self._cut_off()

    async def _is_alive(self, session: asyncpg.Connection) -> bool:
        try:
            await session.fetchval("SELECT 1")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            self._cut_off()
            return False
        return True

    def _cut_off(self) -> None:
        session, self._session = self._session, None
        self._was_cut_off = True
        if session is not None:
            session.terminate()


def pid_of(session_name: str | None) -> int | None:
    """Return the process that a session of a gateway belongs to."""
    kind, _, rest = (session_name or "").partition(" ")
    pid = rest.partition(" ")[0]
    return int(pid) if kind == NAME and pid.isdigit() else None
