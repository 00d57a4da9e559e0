"""The Express receiver of docs/receiving.md does what the page says of it."""

import shutil
from pathlib import Path

import pytest

from tests.guide import promises
from tests.guide.receivers import EXPRESS, Recipe
from tests.interop.conftest import missing
from tests.interop.driver import HERE

MODULES = HERE / "node" / "node_modules"


@pytest.fixture
def recipe() -> Recipe:
    """Start the receiver with the Node that is on PATH."""
    node = shutil.which("node")
    if node is None or not (MODULES / "express").is_dir():
        missing("Express")
    return Recipe(EXPRESS.section, (str(node), *EXPRESS.command[1:]), EXPRESS.path)


async def test_an_event_is_worked_off_once(recipe: Recipe, tmp_path: Path) -> None:
    """However often it comes, one after another or all at once."""
    await promises.works_off_once(recipe, tmp_path, NODE_PATH=str(MODULES))


async def test_a_restart_forgets_no_id(recipe: Recipe, tmp_path: Path) -> None:
    """What was worked off before the process died is not worked off again."""
    await promises.knows_ids_after_a_restart(recipe, tmp_path, NODE_PATH=str(MODULES))


async def test_a_forgery_is_not_believed(recipe: Recipe, tmp_path: Path) -> None:
    """Another body, time, id or secret, and headers that break verifiers: 401."""
    await promises.believes_nothing_forged(recipe, tmp_path, NODE_PATH=str(MODULES))


async def test_a_rotation_is_no_outage(recipe: Recipe, tmp_path: Path) -> None:
    """The receiver's secret may be changed at any moment of the grace."""
    await promises.outlasts_a_rotation(recipe, tmp_path, NODE_PATH=str(MODULES))


async def test_a_body_too_large_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    """Nobody fills its memory."""
    await promises.refuses_a_body_too_large(recipe, tmp_path, NODE_PATH=str(MODULES))


async def test_a_line_that_a_crash_cut_short_harms_nothing(
    recipe: Recipe, tmp_path: Path
) -> None:
    """Its event was not answered 2xx, and comes again."""
    (tmp_path / "inbox.jsonl").write_text('\n{"id":"evt_2","event":{"v":1}')

    await promises.works_off_once(recipe, tmp_path, NODE_PATH=str(MODULES))
