"""What several rows of faults share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.server import Databases, Server, a_server, databases

HERE = Path(__file__).parent
# What measures or takes both cores is never run beside another such.
DEMANDING = (
    "test_callers",
    "test_hostile_senders",
    "test_many_readers",
    "test_postgres",
    "test_receivers",
    "test_sources",
    "test_stop",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have what is demanding run one after the other, whatever else runs beside it."""
    for item in items:
        if item.path.parent == HERE and item.path.stem in DEMANDING:
            item.add_marker(pytest.mark.xdist_group("demanding"))


@pytest.fixture(scope="session")
def server() -> Iterator[Databases]:
    """Run a PostgreSQL for all tests that need one."""
    with databases() as running:
        yield running


@pytest.fixture
def own_server() -> Iterator[Server]:
    """Run a PostgreSQL that a test may stop."""
    with a_server() as running:
        yield running
