"""Connections to PostgreSQL, and the store on them."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from gateway.bridge.ports import Once
from gateway.delivery.ports import Release
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Sender
from gateway.storage import head
from gateway.storage.errors import BadMasterKeys, LockHeld, StoreUnusable
from gateway.storage.moving import STEP
from gateway.storage.store import StoreOptions, open_store
from gateway.storage.tables import metadata
from gateway.system import SystemClock
from tests.conformance.ports import (
    incoming,
    joined,
    outgoing,
    received,
    sent,
    webhook,
)
from tests.fakes.clock import NOON, FakeClock, settle
from tests.fakes.meter import FakeMeter
from tests.storage.opening import KEY, Listener, opened_on, query
from tests.storage.owing import owing_many
from tests.storage.server import Databases, Server

NEW = "new:" + base64.b64encode(bytes(range(32))).decode()

pg = pytest.importorskip("gateway.storage.postgres", exc_type=ImportError)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+asyncpg://u:p%40@h:1/d", "postgresql://u:p%40@h:1/d"),
        ("postgres://h/d?sslmode=require", "postgresql://h/d?sslmode=require"),
        ("postgresql://h/d?ssl=require", "postgresql://h/d?sslmode=require"),
        (
            "postgresql://h/d?channel_binding=require&sslmode=require",
            "postgresql://h/d?sslmode=require",
        ),
    ],
)
def test_a_url_is_read_in_the_forms_people_have_it(url: str, expected: str) -> None:
    """SQLAlchemy's form, libpq's, and what providers give to be pasted."""
    assert pg.dsn_of(url) == expected


async def test_migrations_and_tables_meet_here_too(server: Databases) -> None:
    """What the migrations make is what the tables say, to the last index."""
    where = pg.Server(await server.new())
    await pg.migrated(where)
    engine = where.writing()

    def differences(connection: Connection) -> object:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, metadata)

    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()

    assert found == []


async def test_what_was_committed_is_there_after_a_restart(server: Databases) -> None:
    """Messages, the log and webhooks survive; places go on."""
    url = await server.new()
    async with opened_on(url) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        before = (store.instance, store.epoch)

    async with opened_on(url) as store:
        await store.log.append(joined("2"))

        assert [event.seq for event in await store.log.read()] == [1, 2]
        assert store.webhooks.get("wh_1") == webhook()
        assert (store.instance, store.epoch) == before


async def test_a_text_with_nul_is_stored_with_a_sign_in_its_place(
    server: Databases,
) -> None:
    """PostgreSQL has no U+0000: nothing is lost because of one, but the character."""
    async with opened_on(await server.new()) as store:
        odd = replace(incoming("1"), sender=Sender("p-1", "b\0b", "user"))

        await store.log.append(received("1", from_name="b\0b"), message=odd)

        (event,) = await store.log.read()
        assert event.from_name == "b\ufffdb"


async def test_a_reader_cannot_write(server: Databases) -> None:
    """A connection that reads refuses to change anything."""
    async with opened_on(await server.new()) as store:
        with pytest.raises(StoreUnavailable, match="cannot be read"):
            await store.log._reader.read(
                lambda c: c.execute(text("DELETE FROM message"))
            )


async def test_one_that_cannot_be_written_harms_no_other(server: Databases) -> None:
    """Its neighbours are committed without it."""
    async with opened_on(await server.new()) as store:
        results = await asyncio.gather(
            store.outbox.add(outgoing("1")),
            store.outbox.add(outgoing("1")),
            store.outbox.add(outgoing("2", type="\ud800")),
            store.outbox.add(outgoing("3")),
            return_exceptions=True,
        )

        assert [result is None for result in results] == [True, False, False, True]
        assert not any(isinstance(result, StoreUnavailable) for result in results)
        assert len(await store.outbox.pending("lobby")) == 2


async def test_master_keys_are_not_minted_for_it(tmp_path: Path) -> None:
    """They would be on one machine, and the database for several."""
    options = StoreOptions(data_dir=tmp_path, url="postgresql://127.0.0.1/d")

    with pytest.raises(BadMasterKeys, match="GATEWAY_MASTER_KEYS"):
        async with open_store(options, clock=SystemClock(), meter=FakeMeter()):
            pass


async def test_a_database_that_is_not_there_is_one_sentence(server: Databases) -> None:
    """What will not pass by itself is not waited for."""
    base, _, query = (await server.new()).partition("?")

    with pytest.raises(StoreUnusable, match="does not exist"):
        async with opened_on(f"{base}_missing?{query}"):
            pass


async def test_a_second_gateway_is_refused_by_pid(server: Databases) -> None:
    """The refusal names the process that has the database."""
    url = await server.new()
    async with opened_on(url):
        with pytest.raises(LockHeld, match="holds the database") as refusal:
            async with opened_on(url):
                pass

    assert refusal.value.pid is not None


async def test_nothing_is_lost_over_a_restart_of_the_server(
    own_server: Server,
) -> None:
    """Refused while it is away, taken once it is back, and what was taken is there."""
    meter = FakeMeter()
    url = await own_server.new()
    async with opened_on(url, meter=meter) as store:
        await store.log.append(joined("before"))
        await asyncio.to_thread(own_server.stop, "immediate")
        with pytest.raises(StoreUnavailable):
            await store.log.append(joined("while"))
        with pytest.raises(StoreUnavailable):
            await store.log.read()
        is_writable_while_away = await store.is_writable()
        await asyncio.to_thread(own_server.start)
        await store.log.append(joined("after"))

        names = [event.id for event in await store.log.read()]

        assert names == ["evt_before", "evt_after"]
        assert not is_writable_while_away
        assert await store.is_writable()
        assert not store.lost.done()


async def test_a_transaction_that_has_not_ended_is_waited_for(
    server: Databases,
) -> None:
    """A COMMIT that nobody heard the end of may take effect later than it failed."""
    where = pg.Server(await server.new())
    await pg.migrated(where)
    engine = where.writing()
    channel = pg.PostgresChannel(engine)
    taken = await channel.transact(head.take)
    other = await where.connect()
    ending = other.transaction()
    await ending.start()
    await other.execute("UPDATE log_head SET turn = turn + 1, seq = seq + 1")
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(20):
        work = partial(head.place_of, owner=taken.owner)
        asking = tasks.create_task(channel.transact(work))
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not await other.fetchval(waits):
            await settle(1)
        was_done = asking.done()
        await ending.commit()

    await other.close()
    await channel.close()
    await engine.dispose()

    assert not was_done
    assert asking.result() == (taken.seq + 1, taken.turn + 1)


async def test_a_server_that_is_away_at_the_start_is_waited_for(
    own_server: Server,
) -> None:
    """The gateway may be started before its database."""
    meter = Listener()
    url = await own_server.new()
    await asyncio.to_thread(own_server.stop)
    async with asyncio.TaskGroup() as tasks:
        opening = opened_on(url, meter=meter)
        waiting = tasks.create_task(opening.__aenter__())
        await meter.heard("store.awaited")
        await asyncio.to_thread(own_server.start)
        async with asyncio.timeout(20):
            store = await waiting

    await store.log.append(joined("1"))
    await opening.__aexit__(None, None, None)


async def test_long_work_is_done_here_too(server: Databases) -> None:
    """Moves in steps, erasure, sweeps and new master keys mean the same here."""
    url, clock = await server.new(), FakeClock()
    async with opened_on(url, clock=clock) as store:
        await owing_many(store, STEP * 2 + 1)
        await store.outbox.add(outgoing("o", created_at=NOON), once=Once("link", "x"))
        await store.outbox.change(*sent(outgoing("o", created_at=NOON)))
        await store.webhooks.put(webhook(active=False))
        while store._settling._unfinished:
            await settle(1)
        held = await query(store, "SELECT state, count(*) FROM delivery GROUP BY state")
        await store.webhooks.put(webhook(), owed=Release(none=True))
        while store._settling._unfinished:
            await settle(1)
        ends = await query(store, "SELECT DISTINCT state, reason FROM delivery")
        clock.jump(3600)
        erased = await store.erase_delivered()
        clock.jump(timedelta(days=40).total_seconds())
        await store.sweep(messages=timedelta(days=7), dead=timedelta(days=30))
        left = await query(
            store,
            "SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM once), "
            "(SELECT count(*) FROM message)",
        )

    meter = Listener()
    options = StoreOptions(
        data_dir=Path("/nonexistent"), url=url, master_keys=[NEW, KEY]
    )
    async with open_store(options, clock=SystemClock(), meter=meter) as store:
        await meter.heard("store.resealed")
        sealed = await query(store, "SELECT DISTINCT substr(sealed, 1, 4) FROM webhook")

    assert held == [("held", STEP * 2 + 2)]  # That it was sent is owed, too.
    assert ends == [("cancelled", "not_released")]
    assert erased == 2
    assert left == [(0, 0, 0)]
    assert sealed == [("new:",)]
