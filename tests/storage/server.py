"""A PostgreSQL of the tests' own, from the binaries that are on this machine."""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NoReturn, Protocol

import pytest

PLACES = "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/*/bin"
QUICK = (
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=100",
)
USER = "postgres"  # A server does not run as root.
URL = "GATEWAY_TEST_POSTGRES_URL"

_numbers = count(1)


class Databases(Protocol):
    """Where a test gets an empty database."""

    async def new(self) -> str:
        """Make an empty database and return its URL."""
        ...


@dataclass
class Server:
    """A server in a folder, listening on a port of 127.0.0.1."""

    binaries: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where its first database is."""
        return self.url_of("postgres")

    def url_of(self, name: str) -> str:
        """Where one of its databases is."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}?sslmode=disable"

    def prepare(self) -> None:
        """Make the folder of its data."""
        self._run(
            "initdb", "-D", str(self.data), "-U", USER, "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync", "--no-instructions",
        )  # fmt: skip

    @property
    def data(self) -> Path:
        """Where its data is."""
        return self.folder / "data"

    def start(self) -> None:
        """Start it, and return once it answers."""
        settings = [*QUICK, "listen_addresses=127.0.0.1", f"port={self.port}"]
        settings.append(f"unix_socket_directories={self.folder}")
        options = " ".join(f"-c {setting}" for setting in settings)
        log = str(self.folder / "log")
        self._run(
            "pg_ctl", "-D", str(self.data), "-o", options, "-l", log, "-w", "start"
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends sessions, `immediate` does as kill -9 would."""
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    async def new(self) -> str:
        """Make an empty database and return its URL."""
        return await new_database(self.url)

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self.binaries / name), *arguments]
        done = subprocess.run(  # noqa: S603  # The server's own programs.
            [*as_its_user(), *command],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()


@dataclass
class Elsewhere:
    """A server that somebody else runs."""

    url: str

    async def new(self) -> str:
        """Make an empty database and return its URL."""
        return await new_database(self.url)


async def new_database(url: str) -> str:
    """Make an empty database on a server and return its URL."""
    import asyncpg  # noqa: PLC0415  # Not where the tests that need it are skipped.

    name = f"gateway_{os.getpid()}_{next(_numbers)}"
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    base, _, query = url.partition("?")
    return f"{base.rpartition('/')[0]}/{name}?{query}"


async def emptied(url: str) -> None:
    """Take every row out of a database, but keep its schema."""
    import asyncpg  # noqa: PLC0415  # See above.

    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            "AND tablename <> 'alembic_version'"
        )
        if tables:
            names = ", ".join(f'"{table[0]}"' for table in tables)
            await connection.execute(f"TRUNCATE {names}")
    finally:
        await connection.close()


async def end_sessions(url: str) -> None:
    """Cut everybody off a database."""
    import asyncpg  # noqa: PLC0415  # See above.

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()


def as_its_user() -> Sequence[str]:
    """Return what has to stand before a command so that it does not run as root."""
    if os.getuid() != 0:
        return ()
    return (
        "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
        "env", f"HOME={tempfile.gettempdir()}",
    )  # fmt: skip


def binaries() -> Path | None:
    """Return where the newest server's programs are."""
    found = [path for place in PLACES for path in Path("/").glob(f"{place[1:]}/initdb")]
    if found:
        return max(found).parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


def is_driver_there() -> bool:
    """Say whether the extra `postgres` is installed."""
    return importlib.util.find_spec("asyncpg") is not None


def missing(why: str) -> NoReturn:
    """Skip a test that has no server; where everything has to run, fail."""
    if os.environ.get("CI"):  # noqa: TID251  # The settings of the tests themselves.
        pytest.fail(why)
    pytest.skip(why)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def a_server() -> Iterator[Server]:
    """Run a server for the time of a block."""
    programs = binaries()
    if programs is None:
        missing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, USER, USER)
        server = Server(programs, folder, free_port())
        server.prepare()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def databases() -> Iterator[Databases]:
    """Have a server for the time of a block: the one that is named, or one of ours."""
    if not is_driver_there():
        missing("asyncpg is not installed (the extra `postgres`)")
    url = os.environ.get(URL)  # noqa: TID251  # The settings of the tests themselves.
    if url is not None:
        yield Elsewhere(url)
        return
    with a_server() as server:
        yield server
