"""What several rows of faults share."""

from collections.abc import Iterator

import pytest

from tests.storage.server import Databases, Server, a_server, databases


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
