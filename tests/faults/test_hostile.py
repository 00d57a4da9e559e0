"""Receivers that do their worst to a whole gateway, all at once."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from tests.fakes.receiver import (
    Answer,
    Receiver,
    drip,
    endless_body,
    endless_headers,
    gzip_bomb,
    leave,
    not_http,
    redirect,
    refused_port,
    reset,
    reset_in_body,
)
from tests.faults.accounts import every_delivery, nothing_open, received
from tests.faults.town import Json, Town, a_town, clock

EVENTS = 4
GROWTH_KIB = 64 * 1024  # Any one of the answers would take more if it were kept.
PAUSE_S = 4
EGRESS = {
    "GATEWAY_EGRESS_ALLOW_CIDRS": "127.0.0.0/8",
    "GATEWAY_EGRESS_ALLOW_PORTS": "1-65535",
    "GATEWAY_EGRESS_REQUIRE_HTTPS": "false",
    "RES_OPTIONS": "timeout:1 attempts:1",  # Where no name server answers.
}
TERMS: Json = {"types": ["load"], "retry": {"schedule": [1]}, "timeout_s": 5}
TAKEN = ("delivered", None, 1)

BEHAVIOURS = {
    "drip": (drip, "timeout_total"),
    "endless headers": (endless_headers, "http_status"),
    "RST": (reset, "connection_reset"),
    "RST in the body": (reset_in_body, "connection_reset"),
    "leaves": (leave, "connection_reset"),
    "another protocol": (not_http, "http_status"),
}


def gave_up(error_class: str) -> tuple[str, str, int]:
    """Return what becomes of a delivery that fails twice in one way."""
    return "dead", error_class, 2


class Authority:
    """An authority that the gateway trusts, and receivers with its certificates."""

    def __init__(self, home: Path) -> None:
        self._ca = trustme.CA()
        self.file = home / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def tls(self, host: str = "127.0.0.1", *, days: int = 1) -> ssl.SSLContext:
        """Return the TLS of a receiver."""
        now = datetime.now(UTC)  # noqa: TID251  # OpenSSL reads the real clock.
        certificate = self._ca.issue_cert(host, not_after=now + timedelta(days=days))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context


class Street:
    """Receivers side by side, and what is to become of deliveries to each."""

    def __init__(self, town: Town, doors: AsyncExitStack) -> None:
        self._town = town
        self._doors = doors
        self._names: dict[str, str] = {}
        self._expected: dict[str, tuple[str, str | None, int]] = {}

    async def door(
        self,
        name: str,
        receiver: Receiver,
        expected: tuple[str, str | None, int] = TAKEN,
    ) -> Receiver:
        """Open a receiver, and have events delivered to it."""
        await self._doors.enter_async_context(receiver)
        await self.url(name, receiver.url, expected)
        return receiver

    async def url(
        self, name: str, url: str, expected: tuple[str, str | None, int]
    ) -> str:
        """Have events delivered to a URL, and return the webhook's id."""
        made = await self._town.post("/webhooks", {"url": url, **TERMS})
        assert "id" in made, made
        self._names[made["id"]] = name
        self._expected[name] = expected
        return str(made["id"])

    async def assert_all_as_expected(self) -> None:
        """Assert that what became of each delivery is on record with its reason."""
        found: dict[str, set[tuple[str, str | None, int]]] = {}
        for row in await every_delivery(self._town):
            kept = await self._town.get(f"/deliveries/{row['id']}")
            name = self._names[kept["webhook_id"]]
            classes = {attempt["error_class"] for attempt in kept["attempts"]}
            assert len(classes) == 1, (name, kept)
            became = kept["status"], classes.pop(), len(kept["attempts"])
            found.setdefault(name, set()).add(became)
        assert found == {name: {each} for name, each in self._expected.items()}


@asynccontextmanager
async def a_street(home: Path) -> AsyncIterator[tuple[Town, Street, Authority]]:
    """Run a town with a street of receivers that speak for themselves."""
    authority = Authority(home)
    settings = {**EGRESS, "SSL_CERT_FILE": str(authority.file)}
    town_of_it = a_town(home, told=False, **settings)
    async with town_of_it as town, AsyncExitStack() as doors:
        yield town, Street(town, doors), authority


def peak_kib(town: Town) -> int:
    """Return the most memory that the gateway has had, in KiB."""
    try:
        status = Path(f"/proc/{town.process.pid}/status").read_text(encoding="ascii")
    except FileNotFoundError:  # Not Linux: the rest of the test is worth as much.
        return 0
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])


@pytest.mark.timeout(180)
async def test_each_receiver_hurts_itself_alone(tmp_path: Path) -> None:
    """Every failure has its class, the others get all, and memory stays flat."""
    bomb = gzip_bomb()
    assert len(gzip.decompress(bomb.body)) > GROWTH_KIB * 1024
    async with a_street(tmp_path) as (town, street, authority):
        healthy = [
            await street.door("healthy", Receiver()),
            await street.door("healthy over TLS", Receiver(tls=authority.tls())),
        ]
        inside = await street.door("inside", Receiver())
        outside = redirect(307, inside.url)
        for name, (behave, error_class) in BEHAVIOURS.items():
            hostile = Receiver(default=Answer(behave=behave))
            await street.door(name, hostile, gave_up(error_class))
        await street.door("bomb", Receiver(default=bomb))
        await street.door("endless body", Receiver(default=Answer(behave=endless_body)))
        redirecting = Receiver(default=outside)
        await street.door("redirect", redirecting, gave_up("redirect"))
        expired = Receiver(tls=authority.tls(days=-1))
        await street.door("expired", expired, gave_up("tls_error"))
        another = Receiver(tls=authority.tls("example.com"))
        await street.door("another's", another, gave_up("tls_error"))
        nowhere = f"http://127.0.0.1:{refused_port()}/"
        await street.url("nobody", nowhere, gave_up("connection_refused"))
        unknown = "http://nobody.invalid/"
        await street.url("unknown", unknown, gave_up("dns_error"))
        before_kib = peak_kib(town)

        await town.peer.flood(EVENTS, to="gateway", type_="load")
        await received(town, EVENTS)
        await nothing_open(town, patience_s=120)
        after_kib = peak_kib(town)

        await street.assert_all_as_expected()
        # It got what was for itself, and nothing that was led there.
        assert [len(each.requests) for each in (*healthy, inside)] == [EVENTS] * 3
        assert expired.requests == another.requests == []
        print(f"memory grew by {after_kib - before_kib} KiB")  # noqa: T201
        assert after_kib - before_kib < GROWTH_KIB


@pytest.mark.timeout(120)
async def test_one_that_is_gone_is_left_and_what_it_is_owed_is_held(
    tmp_path: Path,
) -> None:
    """410 disables the webhook; once it is enabled again it gets all but that one."""
    async with a_street(tmp_path) as (town, street, _):
        async with Receiver(410) as gone:
            made = await town.post(
                "/webhooks", {"url": gone.url, **TERMS, "max_in_flight": 1}
            )
            healthy = await street.door("healthy", Receiver())
            await town.peer.flood(EVENTS, to="gateway", type_="load")
            await healthy.received(EVENTS)
            path = f"/webhooks/{made['id']}"
            async with asyncio.timeout(60):
                while (await town.get(path))["active"]:
                    await clock.sleep(0.05)
            await nothing_open(town)
            held = await town.get(path)
            asked = len(gone.requests)

            await town.post(f"{path}/enable", {})
            await nothing_open(town)
            rows = await every_delivery(town, made["id"])

        assert (held["disabled_reason"], asked) == ("gone", 1)
        assert (held["held"], held["dead"]) == (EVENTS - 1, 1)
        assert sorted(row["status"] for row in rows) == [
            "dead",
            *["delivered"] * (EVENTS - 1),
        ]
        assert len(gone.requests) == EVENTS


@pytest.mark.timeout(120)
async def test_one_that_asks_for_time_is_left_alone_as_a_whole(tmp_path: Path) -> None:
    """`Retry-After` holds for every delivery to it, over a kill, and costs none."""
    busy = Answer(503, {"Retry-After": str(PAUSE_S)})
    async with a_street(tmp_path) as (town, street, _):
        async with Receiver(busy) as asking:
            made = await town.post(
                "/webhooks", {"url": asking.url, **TERMS, "max_in_flight": 1}
            )
            healthy = await street.door("healthy", Receiver())
            await town.peer.flood(EVENTS, to="gateway", type_="load")
            await asking.received()
            await healthy.received(EVENTS)
            await town.peer.flood(EVENTS, to="gateway", type_="load")
            await healthy.received(2 * EVENTS)
            await town.kill()
            await town.start()
            await town.state("ready")
            await nothing_open(town)
            rows = await every_delivery(town, made["id"])

        first, second, *_ = asking.requests
        assert second.at_s - first.at_s >= PAUSE_S
        assert [row["status"] for row in rows] == ["delivered"] * 2 * EVENTS
        assert sum(row["attempt_count"] for row in rows) == len(rows) + 1
