"""The store as a whole, on SQLite."""

import asyncio
import base64
import sqlite3
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.bridge.ports import MessageFilter
from gateway.delivery.ports import DeliveryFilter
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Attachment
from gateway.storage.errors import (
    LockHeld,
    MasterKeyMismatch,
    SchemaTooNew,
    StoreUnusable,
)
from gateway.storage.store import StoreOptions, open_store
from tests.conformance.ports import (
    event_ids,
    incoming,
    joined,
    outgoing,
    received,
    webhook,
)
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.meter import FakeMeter
from tests.storage.opening import Listener, opened, query, run_sql

OLD = "1:" + base64.b64encode(bytes(32)).decode()
NEW = "2:" + base64.b64encode(bytes(range(32))).decode()


def raw(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Run a statement on the file, as somebody else would."""
    connection = sqlite3.connect(path / "data" / "gateway.db")
    try:
        found = connection.execute(statement).fetchall()
        connection.commit()
    finally:
        connection.close()
    return found


async def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    """Messages, the log, webhooks and what is owed survive; places go on."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        await store.outbox.add(outgoing("1o"))
        await store.deliveries.claim("wh_1", 1)
        before = (store.instance, store.epoch, store.derive_key("links"))

    async with opened(tmp_path) as store:
        taken_over = await store.deliveries.take_over()
        await store.log.append(joined("2"))
        await store.outbox.add(outgoing("2o"))

        due = await store.deliveries.claim("wh_1", 9)
        pending = await store.outbox.pending("lobby")
        assert taken_over == 1
        assert event_ids(due) == ["evt_1", "evt_2"]
        assert [event.seq for event in await store.log.read()] == [1, 2]
        assert [message.id for message in pending] == ["msg_1o", "msg_2o"]
        assert store.webhooks.get("wh_1") == webhook()
        assert (store.instance, store.epoch, store.derive_key("links")) == before


async def test_positions_do_not_come_again_after_a_sweep(tmp_path: Path) -> None:
    """A message stored after all others were trimmed stands behind them."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.outbox.add(outgoing("1"))
        (first,) = await store.outbox.pending("lobby")
        await run_sql(store, "DELETE FROM message")
    clock.jump(1)

    async with opened(tmp_path, clock=clock) as store:
        await store.outbox.add(outgoing("2"))
        (second,) = await store.outbox.pending("lobby")

    assert second.position > first.position


async def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    """With no space left nothing is accepted; with space again everything is."""
    large = bytes(900_000)
    first = outgoing("1", attachment=Attachment(len(large), "x"))
    async with opened(tmp_path) as store:
        ((pages,),) = await query(store, "PRAGMA page_count")
        await run_sql(store, f"PRAGMA max_page_count={pages + 20}")

        with pytest.raises(StoreUnavailable):
            await store.outbox.add(first, large)
        full = await store.messages.get("msg_1")
        await run_sql(store, "PRAGMA max_page_count=1000000")
        await store.outbox.add(first, large)

        assert full is None
        assert await store.outbox.attachment("msg_1") == large
        assert await store.is_writable()


async def test_a_store_that_fails_says_so_until_a_commit_succeeds(
    tmp_path: Path,
) -> None:
    """Readiness tries a commit of its own while the last one failed."""
    async with opened(tmp_path) as store:
        other = sqlite3.connect(tmp_path / "data" / "gateway.db")
        await run_sql(store, "PRAGMA busy_timeout=1")
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable):
            await store.outbox.add(outgoing("1"))
        while_locked = await store.is_writable()
        other.rollback()
        other.close()

        assert not while_locked
        assert await store.is_writable()


async def test_a_store_that_cannot_be_read_says_so_at_every_port(
    tmp_path: Path,
) -> None:
    """Whatever is read, the failure is one that can be told to a caller."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        file = tmp_path / "data" / "gateway.db"
        raw(tmp_path, "PRAGMA wal_checkpoint(TRUNCATE)")
        file.write_bytes(bytes(file.stat().st_size))
        questions = [
            store.outbox.pending("lobby"),
            store.outbox.attachment("msg_1"),
            store.messages.get("msg_1"),
            store.messages.list(MessageFilter()),
            store.messages.attachment("msg_1"),
            store.deliveries.next_due_at("wh_1"),
            store.deliveries.get("dlv_1"),
            store.deliveries.list(DeliveryFilter()),
            store.deliveries.health("wh_1"),
            store.rooms.load("lobby"),
            store.log.read(),
        ]

        answers = await asyncio.gather(*questions, return_exceptions=True)

    assert {type(answer) for answer in answers} == {StoreUnavailable}


async def test_a_store_taken_over_is_lost(tmp_path: Path) -> None:
    """When another owner writes itself into the head, nothing is accepted here."""
    async with opened(tmp_path) as store:
        raw(tmp_path, "UPDATE log_head SET owner = 'another'")

        with pytest.raises(StoreUnavailable):
            await store.outbox.add(outgoing("1"))

        assert store.lost.done()
        assert not await store.is_writable()
        assert await store.messages.get("msg_1") is None


async def test_secrets_cannot_be_read_in_the_files(tmp_path: Path) -> None:
    """Neither secrets, header values nor the URL of a webhook stand there in clear."""
    secretive = webhook(
        url="https://hooks.example.com/T0KEN", headers={"X-Api": "s3cr3t-value"}
    )
    async with opened(tmp_path) as store:
        await store.webhooks.put(secretive)

        data = b"".join(
            path.read_bytes() for path in (tmp_path / "data").glob("gateway.db*")
        )

    assert b"wh_1" in data
    for secret in (b"T0KEN", b"s3cr3t-value", secretive.secret.encode()):
        assert secret not in data


async def test_the_data_directory_is_its_owners_alone(tmp_path: Path) -> None:
    """The directory has mode 0700 and every file in it 0600."""
    async with opened(tmp_path) as store:
        await store.outbox.add(outgoing("1"))
        data = tmp_path / "data"

        assert data.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in data.iterdir()} == {0o600}


async def test_another_master_key_is_refused(tmp_path: Path) -> None:
    """A store is not opened with a key that can't open its secrets."""
    async with opened(tmp_path, master_keys=[OLD]):
        pass

    with pytest.raises(MasterKeyMismatch):
        async with opened(tmp_path, master_keys=[NEW]):
            pass


async def test_a_master_key_is_changed_in_two_starts(tmp_path: Path) -> None:
    """Started with the new key before the old one, the store needs only the new."""
    async with opened(tmp_path, master_keys=[OLD]) as store:
        await store.webhooks.put(webhook())

    meter = Listener()
    async with opened(tmp_path, master_keys=[NEW, OLD], meter=meter):
        await meter.heard("store.resealed")

    async with opened(tmp_path, master_keys=[NEW]) as store:
        assert store.webhooks.get("wh_1") == webhook()


async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A store of a later release is not touched."""
    async with opened(tmp_path):
        pass
    raw(tmp_path, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaTooNew, match="9999"):
        async with opened(tmp_path):
            pass

    assert raw(tmp_path, "SELECT version_num FROM alembic_version") == [("9999",)]


async def test_a_store_in_use_is_refused(tmp_path: Path) -> None:
    """A second gateway does not get the data directory."""
    async with opened(tmp_path):
        with pytest.raises(LockHeld):
            async with opened(tmp_path):
                pass


async def test_a_sweep_leaves_what_is_owed(tmp_path: Path) -> None:
    """Old messages go, unless a delivery still needs them."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.log.append(received("gone"), message=incoming("gone"))
        await store.webhooks.put(webhook())
        await store.log.append(received("owed"), message=incoming("owed"))
        clock.jump(timedelta(days=8).total_seconds())

        swept = await store.sweep(messages=timedelta(days=7), dead=timedelta(days=30))

        assert (swept.events, swept.messages, swept.deliveries) == (1, 1, 0)
        assert event_ids(await store.deliveries.claim("wh_1", 9)) == ["evt_owed"]


async def test_the_log_line_of_a_failure_holds_no_message(tmp_path: Path) -> None:
    """What people said does not get into the log by way of an error."""
    meter = FakeMeter()
    async with opened(tmp_path, meter=meter) as store:
        await store.outbox.add(outgoing("1", body='{"text":"private"}'))
        again = store.outbox.add(outgoing("1", body='{"text":"private"}'))
        (error,) = await asyncio.gather(again, return_exceptions=True)

    assert isinstance(error, Exception)
    assert "private" not in f"{error}{meter.lines}"


async def test_what_fails_inside_is_raised_as_it_is(tmp_path: Path) -> None:
    """The store adds no wrapping to an error, and commits what was submitted."""

    async def submit_and_fail() -> None:
        async with opened(tmp_path) as store:
            _ = store.outbox.add(outgoing("1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await submit_and_fail()

    async with opened(tmp_path) as store:
        assert await store.messages.get("msg_1") is not None


async def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    """A process killed under load has stored every event it was told is stored."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.appending", str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    answered = [int(await process.stdout.readline()) for _ in range(200)]
    process.kill()
    rest, _ = await process.communicate()
    answered += [int(line) for line in rest.splitlines(keepends=True)[:-1]]

    async with opened(tmp_path) as store:
        events = await store.log.read(limit=1_000_000)

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert {f"evt_{n}" for n in answered} <= {event.id for event in events}


async def test_a_message_knows_the_moment_to_the_microsecond(tmp_path: Path) -> None:
    """A time is read as it was written, so that nothing is due too early."""
    moment = NOON + timedelta(microseconds=999_999)
    async with opened(tmp_path) as store:
        await store.outbox.add(replace(outgoing("1"), created_at=moment))

        (found,) = await store.outbox.pending("lobby")

    assert found.created_at == moment


async def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """It names what stands in the way."""
    (tmp_path / "data").write_text("in the way")

    with pytest.raises(StoreUnusable, match=r"File exists: .*/data"):
        async with opened(tmp_path):
            pass


async def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    """And it is left as it is."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "gateway.db").write_text("something else, and long enough")

    with pytest.raises(StoreUnusable, match="file is not a database"):
        async with opened(tmp_path):
            pass

    kept = (tmp_path / "data" / "gateway.db").read_text()
    assert kept == "something else, and long enough"


@pytest.mark.parametrize("url", ["sqlite:////nonexistent/x.db", "nonsense"])
async def test_an_address_that_leads_nowhere_is_one_sentence(
    tmp_path: Path, url: str
) -> None:
    """Whether its folder is missing or it is no address at all."""
    options = StoreOptions(data_dir=tmp_path / "data", url=url)

    with pytest.raises(StoreUnusable):
        async with open_store(options, clock=FakeClock(), meter=FakeMeter()):
            pass
