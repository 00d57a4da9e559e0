"""The Python receivers of docs/receiving.md do what the page says of them."""

from pathlib import Path

import pytest

from tests.guide import promises
from tests.guide.receivers import FASTAPI, PYTHON, Recipe

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.parametrize("recipe", [PYTHON, FASTAPI], ids=["plain", "fastapi"]),
]


async def test_an_event_is_worked_off_once(recipe: Recipe, tmp_path: Path) -> None:
    """However often it comes, one after another or all at once."""
    await promises.works_off_once(recipe, tmp_path)


async def test_a_restart_forgets_no_id(recipe: Recipe, tmp_path: Path) -> None:
    """What was worked off before the process died is not worked off again."""
    await promises.knows_ids_after_a_restart(recipe, tmp_path)


async def test_a_forgery_is_not_believed(recipe: Recipe, tmp_path: Path) -> None:
    """Another body, time, id or secret, and headers that break verifiers: 401."""
    await promises.believes_nothing_forged(recipe, tmp_path)


async def test_a_rotation_is_no_outage(recipe: Recipe, tmp_path: Path) -> None:
    """The receiver's secret may be changed at any moment of the grace."""
    await promises.outlasts_a_rotation(recipe, tmp_path)


async def test_a_body_too_large_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    """Nobody fills its memory."""
    await promises.refuses_a_body_too_large(recipe, tmp_path)


async def test_what_a_crash_left_is_worked_off(recipe: Recipe, tmp_path: Path) -> None:
    """An event that was answered 2xx and not worked off is, at the next start."""
    await promises.works_off_what_was_left(recipe, tmp_path)
