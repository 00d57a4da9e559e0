"""The store, opened: the ports of the use cases on one database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from random import SystemRandom
from uuid import uuid4

from sqlalchemy import Column, Connection, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.bridge.ports import Clock, Meter
from gateway.domain.errors import Unavailable
from gateway.domain.ids import Ids
from gateway.domain.model import Source, Webhook
from gateway.storage import head, sources, webhooks
from gateway.storage.attachments import Attachments
from gateway.storage.database import Database, is_postgres, postgres, sqlite
from gateway.storage.deliveries import Deliveries
from gateway.storage.directory import Directory
from gateway.storage.engine import Reader
from gateway.storage.erasing import Erasing
from gateway.storage.errors import BadMasterKeys, MasterKeyMismatch, StoreUnusable
from gateway.storage.fanout import FanOut
from gateway.storage.following import Following
from gateway.storage.fresh import Fresh
from gateway.storage.history import History
from gateway.storage.inbox import Inbox
from gateway.storage.log import Log
from gateway.storage.messages import Messages
from gateway.storage.outbox import Outbox
from gateway.storage.pacing import Pace
from gateway.storage.replays import Replays
from gateway.storage.resealing import FINGERPRINT, Resealing
from gateway.storage.retention import Retention, Swept
from gateway.storage.rooms import Rooms
from gateway.storage.rows import micros
from gateway.storage.sealing import Sealer, minted_keys, parse_keys
from gateway.storage.settling import Settling
from gateway.storage.sources import Sources
from gateway.storage.tables import delivery, inbound, message
from gateway.storage.tracing import Traces
from gateway.storage.webhooks import Webhooks
from gateway.storage.writer import Writer

PROBE_TIMEOUT_S = 2.0
INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Where the store is and how it is opened.

    Attributes:
        data_dir: Made with mode 0700; holds the lock, and what is minted. With
            PostgreSQL it is not touched.
        url: `sqlite:///…` or `postgresql://…`; `None` for `gateway.db` in the data
            directory.
        lock_wait: How long to wait for another gateway to end.
        master_keys: `id:base64` of 32 bytes, newest first; empty: one is minted, which
            PostgreSQL does not allow.
    """

    data_dir: Path
    url: str | None = field(default=None, repr=False)
    lock_wait: timedelta = timedelta(seconds=30)
    master_keys: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """What is read once, when the store is opened."""

    head: head.Head
    instance: str
    webhooks: list[Webhook]
    sources: list[Source]
    last_position: int
    last_number: int
    last_inbound: int


class Store:
    """Everything kept, by port.

    Attributes:
        sealer: Seals what must not be readable in the database.
        instance: What tells this store from all others, for as long as it lives.
        epoch: What tells this log from one that was recreated or restored.
        lost: Done when another gateway has taken the store over: stop then.
    """

    def __init__(
        self,
        opened: Opened,
        writer: Writer,
        reader: Reader,
        sealer: Sealer,
        clock: Clock,
        meter: Meter,
    ) -> None:
        directory = Directory(opened.webhooks)
        ids = Ids(clock, SystemRandom())
        # Places begin at the time, so that none comes again after its row is gone.
        now = micros(clock.now())
        positions = count(max(opened.last_position + 1, now))
        numbers = count(max(opened.last_number + 1, now))
        arrivals = count(max(opened.last_inbound + 1, now))
        self._fresh = fresh = Fresh()
        following = Following(opened.head.seq)
        fan_out = FanOut(directory, ids, clock, numbers, fresh, following)
        attachments = Attachments(writer, reader, clock)
        self._writer = writer
        self._clock = clock
        pace = Pace(clock)
        self._retention = Retention(writer, reader, pace, following)
        self._erasing = Erasing(writer, reader, pace, fresh, following)
        self._resealing = Resealing(writer, reader, sealer, pace, meter)
        self.sealer = sealer
        self.instance = opened.instance
        self.epoch = opened.head.epoch
        self.lost = writer.lost
        self.outbox = Outbox(writer, reader, attachments, fan_out, positions)
        self.log = Log(writer, reader, attachments, fan_out, positions)
        self.history = History(reader, following, self.epoch)
        self.rooms = Rooms(writer, reader)
        self.messages = Messages(reader, attachments, self._erasing)
        settling = Settling(writer, reader, directory, clock, partial(next, numbers))
        self._settling = settling
        self.deliveries = Deliveries(
            writer, reader, directory, fan_out, settling, clock
        )
        self.webhooks = Webhooks(writer, reader, directory, fan_out, settling, sealer)
        self.replays = Replays(writer, reader, directory, fan_out, clock)
        self.traces = Traces(reader)
        self.sources = Sources(writer, reader, sealer, opened.sources)
        self.inbox = Inbox(writer, reader, attachments, arrivals)

    def derive_key(self, purpose: str) -> bytes:
        """Return 32 secret bytes for a purpose, the same until the master key changes.

        Source: RFC 5869 (HKDF-SHA256).
        """
        return self.sealer.derive(purpose)

    def former_keys(self, purpose: str) -> Sequence[bytes]:
        """Return what `derive_key` gave under the master keys that are older."""
        return self.sealer.derive_former(purpose)

    async def persist(self) -> None:
        """Do what is done beside all else, until cancelled.

        What a failing store broke off is carried to its end, and what was sealed with
        an older master key is sealed anew.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._settling.persist(), name="store-settling")
            tasks.create_task(self._resealing.run(), name="store-resealing")

    async def is_writable(self) -> bool:
        """Say whether a commit succeeds: the last one did, or one made now does."""
        if not self._writer.is_failing:
            return True
        if self.lost.done():
            return False
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await self._writer.submit(lambda _batch: None)
        except (Unavailable, TimeoutError):
            return False
        return True

    async def sweep(
        self, *, messages: timedelta, dead: timedelta, most_bytes: int | None = None
    ) -> Swept:
        """Remove what has been kept long enough; called at start and hourly.

        Args:
            messages: How long messages, events, attempts and requests of third
                parties are kept.
            dead: How long dead and held deliveries are kept.
            most_bytes: How large the store may be; the oldest goes first.
        """
        now = self._clock.now()
        await self.sources.forget_deleted(now)
        return await self._retention.sweep(
            now,
            messages=messages,
            dead=dead,
            most_bytes=most_bytes,
            deleted=[one.id for one in self.sources.known() if one.deleted_at],
        )

    async def erase_delivered(self) -> int:
        """Erase what messages said that nobody is owed any more; return how many.

        Called each minute with `GATEWAY_STORE_PAYLOADS=until_delivered`; messages of
        the last minute are left alone. So is what third parties sent and was not said.
        """
        now = self._clock.now()
        await self._retention.erase_requests(now)
        return await self._erasing.erase_delivered(now)


@asynccontextmanager
async def open_store(
    options: StoreOptions, *, clock: Clock, meter: Meter
) -> AsyncIterator[Store]:
    """Open the store for the time of a block; what was submitted is then committed.

    Raises:
        StartRefused: It can't be opened, for one of the reasons in `storage.errors`.
    """
    async with AsyncExitStack() as stack:
        with _refusing():
            keys = parse_keys(options.master_keys)
            opening = _opening(options, clock, meter)
            database = await stack.enter_async_context(opening)
            # Under the lock: of two gateways that start, one mints.
            keys = keys or minted_keys(options.data_dir / "master.key")
            running = _running(database, Sealer(keys), clock, meter)
            store = await stack.enter_async_context(running)
        yield store


def _opening(
    options: StoreOptions, clock: Clock, meter: Meter
) -> AbstractAsyncContextManager[Database]:
    wait_s = options.lock_wait.total_seconds()
    url, folder = options.url, options.data_dir
    if url is not None and is_postgres(url):
        if not options.master_keys:
            why = "a database of its own needs GATEWAY_MASTER_KEYS"
            raise BadMasterKeys(why)
        return postgres(url, wait_s=wait_s, clock=clock, meter=meter)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return sqlite(url, folder, wait_s=wait_s, clock=clock, meter=meter)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what hinders the opening of a store into one sentence."""
    try:
        yield
    except OSError as error:
        why = f"{error.strerror}: {error.filename}"
        raise StoreUnusable(why) from error
    except DBAPIError as error:
        raise StoreUnusable(str(error.orig)) from error
    except (SQLAlchemyError, UnicodeDecodeError) as error:
        raise StoreUnusable(str(error)) from error


@asynccontextmanager
async def _running(
    database: Database, sealer: Sealer, clock: Clock, meter: Meter
) -> AsyncIterator[Store]:
    opened = await database.begin(partial(_take, sealer))
    writer = Writer(database.channel, opened.head, clock, meter)
    failed: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run(), name="store-writer")
        watching = tasks.create_task(_watch(database, writer), name="store-watch")
        store = Store(opened, writer, database.reader, sealer, clock, meter)
        persisting = tasks.create_task(store.persist(), name="store-persist")
        try:
            yield store
        except Exception as error:  # noqa: BLE001  # It is raised below, unwrapped.
            failed = error
        finally:
            watching.cancel()
            persisting.cancel()
            writer.close()
    if failed is not None:
        raise failed


async def _watch(database: Database, writer: Writer) -> None:
    """Stop the writer once another gateway has the lock."""
    if database.replaced is not None:
        await database.replaced()
        writer.lose()


def _take(sealer: Sealer, connection: Connection) -> Opened:
    """Make the store ours and read what is kept in memory."""
    taken = head.take(connection)
    known = head.fact_of(connection, FINGERPRINT)
    if known is not None and not sealer.knows(known):
        raise MasterKeyMismatch
    loaded = webhooks.load(connection, sealer), sources.load(connection, sealer)
    if known is None:
        head.set_fact(connection, FINGERPRINT, sealer.fingerprint)
    return Opened(
        head=taken,
        instance=_remembered(connection, INSTANCE, lambda: uuid4().hex),
        webhooks=loaded[0],
        sources=loaded[1],
        last_position=_highest(connection, message.c.position),
        last_number=_highest(connection, delivery.c.number),
        last_inbound=_highest(connection, inbound.c.position),
    )


def _remembered(connection: Connection, name: str, mint: Callable[[], str]) -> str:
    value = head.fact_of(connection, name)
    if value is None:
        value = mint()
        head.set_fact(connection, name, value)
    return value


def _highest(connection: Connection, key: Column[int]) -> int:
    return connection.execute(select(func.max(key))).scalar_one() or 0
