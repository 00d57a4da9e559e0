"""A real Alertmanager tells the room of its alerts, as docs/sources says."""

import re
import resource
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession

from tests.acceptance.stage import Stage, a_stage
from tests.acceptance.waiting import PATIENCE_S, clock, until
from tests.fakes.receiver import refused_port
from tests.guide.pages import blocks
from tests.interop.conftest import missing
from tests.interop.senders import SECRET, a_source, running, text_of

NAME = "prometheus-alertmanager"
FAILED = re.compile(
    r'^alertmanager_notification_requests_failed_total{.*"webhook"} (\d+)', re.MULTILINE
)
GLANCE_S = 0.1
QUICK = "  group_wait: 100ms\n  group_interval: 1s\n"


class Alertmanager:
    """One that runs."""

    def __init__(self, url: str, http: ClientSession) -> None:
        self._url = url
        self._http = http

    @classmethod
    @asynccontextmanager
    async def telling(
        cls, url: str, home: Path, http: ClientSession
    ) -> AsyncIterator["Alertmanager"]:
        """Run one that is configured as the page says, to tell an address."""
        command = shutil.which(NAME)
        if command is None:
            missing(NAME)
        (page,) = blocks("../sources/alertmanager.md", "Make the source", "yaml")
        given = re.sub(r"url: \S+", f"url: {url}", page)
        given = given.replace("receivers:\n", f"{QUICK}receivers:\n", 1)
        (home / "alertmanager.yml").write_text(given)
        (home / "alerts-secret").write_text(SECRET)
        address = f"127.0.0.1:{refused_port()}"
        options = {
            "config.file": "alertmanager.yml",
            "storage.path": "alerts",
            "web.listen-address": address,
            "cluster.listen-address": "",
        }
        flags = [f"--{name}={value}" for name, value in options.items()]
        async with running(str(command), *flags, home=home):
            alertmanager = cls(f"http://{address}", http)
            await alertmanager.is_ready()
            yield alertmanager

    async def is_ready(self) -> None:
        """Wait until it takes alerts."""
        until_s = clock.monotonic() + PATIENCE_S
        while clock.monotonic() < until_s:
            try:
                async with self._http.get(f"{self._url}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except ClientConnectionError:
                pass
            await clock.sleep(GLANCE_S)
        pytest.fail("it does not start")

    async def fire(self, *instances: str, is_over: bool = False) -> None:
        """Have alerts fire, or be resolved."""
        ends = clock.now() + timedelta(hours=-1 if is_over else 1)
        starts = ends - timedelta(hours=2)
        alerts = [
            {
                "labels": {"alertname": "DiskFull", "instance": instance},
                "annotations": {"summary": "Disk is 95 % full"},
                "startsAt": starts.isoformat(),
                "endsAt": ends.isoformat(),
            }
            for instance in instances
        ]
        async with self._http.post(f"{self._url}/api/v2/alerts", json=alerts) as answer:
            assert answer.status == 200, await answer.text()

    async def failures(self) -> int:
        """Return how many of its requests to a webhook have failed."""
        async with self._http.get(f"{self._url}/metrics") as answer:
            found = FAILED.search(await answer.text())
        return int(found[1]) if found else 0

    async def has_failed(self, more_than: int) -> int:
        """Wait until more of its requests have failed; return how many."""
        until_s = clock.monotonic() + PATIENCE_S
        while clock.monotonic() < until_s:
            count = await self.failures()
            if count > more_than:
                return count
            await clock.sleep(GLANCE_S)
        pytest.fail("none of its requests fails")


def limited(stage: Stage, size: int) -> int:
    """Let no file of the gateway grow beyond a size; return the limit before."""
    given = (size, resource.RLIM_INFINITY)
    before, _ = resource.prlimit(stage.process.pid, resource.RLIMIT_FSIZE, given)
    return before


async def test_an_alert_fires_grows_and_is_resolved(tmp_path: Path) -> None:
    """Each is told once; what is answered 503, or not at all, is told again."""
    port = str(refused_port())
    homes = [tmp_path / "gateway", tmp_path / "alertmanager"]
    for home in homes:
        home.mkdir()
    async with (
        a_stage(homes[0], GATEWAY_PORT=port) as stage,
        stage.person("alice") as alice,
    ):
        url = await a_source(stage, "bearer", format="alertmanager")
        async with Alertmanager.telling(url, homes[1], stage.http) as alertmanager:
            await alertmanager.fire("db-1")
            await alice.hears(1)
            await alertmanager.fire("db-2")
            await alice.hears(2)
            log = homes[0] / "data" / "gateway.db-wal"
            before = limited(stage, log.stat().st_size)
            await alertmanager.fire("db-3")
            failed = await alertmanager.has_failed(0)
            limited(stage, before)
            await alice.hears(3)
            await stage.away()
            await alertmanager.fire("db-1", "db-2", "db-3", is_over=True)
            await until(
                lambda: len(stage.process.lines("source.accepted")) == 4, "not taken in"
            )
            await stage.back()
            heard = await alice.hears(4)

    assert failed > 0
    assert [text_of(each).splitlines()[0] for each in heard] == [
        "1 firing: DiskFull",
        "2 firing: DiskFull",
        "3 firing: DiskFull",
        "3 resolved: DiskFull",
    ]
    assert "on db-3: Disk is 95 % full" in text_of(heard[2])
