"""What holds for every test."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example takes tells of the machine, not of the code.
settings.register_profile("house", deadline=None)
# For a second run beside one with all examples, as on another Python.
settings.register_profile("brief", deadline=None, max_examples=20)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Whatever a test does to the process's log ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
