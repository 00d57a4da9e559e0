"""Callers who send anything at all."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.faults.town import a_town

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
DESCRIPTION = Path("openapi/gateway.json").resolve()
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "examples", [pytest.param(15), pytest.param(150, marks=pytest.mark.long)]
)
async def test_whatever_is_sent_is_answered_as_described(
    tmp_path: Path, examples: int
) -> None:
    """No 5xx, and every answer has a status and a shape that the description names."""
    async with a_town(tmp_path) as town:
        process = await asyncio.create_subprocess_exec(
            SCHEMATHESIS,
            "run",
            str(DESCRIPTION),
            f"--url={town.url}",
            f"--max-examples={examples}",
            f"--checks={','.join(CHECKS)}",
            "--phases=examples,fuzzing",
            "--seed=1",
            "--request-timeout=70",  # A poll may wait for 55 s.
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()
