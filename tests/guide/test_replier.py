"""The receiver of docs/receiving.md that answers a person."""

import json
from pathlib import Path

import pytest

from tests.guide.deliveries import (
    SECRET,
    answer_to,
    forged,
    genuine,
    whole_answer_to,
)
from tests.guide.receivers import REPLIER, running

pytestmark = pytest.mark.timeout(120)


async def test_the_reply_is_returned(tmp_path: Path) -> None:
    """To a message with a reply, to any other event without."""
    REPLIER.write(tmp_path)
    gap = genuine(body=b'{"type":"room.gap","data":{}}')

    async with running(REPLIER, tmp_path, SECRET) as replier:
        status, body = await whole_answer_to(replier.url, genuine())
        other = await whole_answer_to(replier.url, gap)

    assert (status, json.loads(body)) == (200, {"reply": {"text": "You said: hé"}})
    assert other == (204, b"")


async def test_a_forgery_is_not_answered(tmp_path: Path) -> None:
    """Whoever does not know the secret has nothing said in the room."""
    REPLIER.write(tmp_path)

    async with running(REPLIER, tmp_path, SECRET) as replier:
        answers = {await answer_to(replier.url, sent) for sent in forged().values()}

    assert answers == {401}
