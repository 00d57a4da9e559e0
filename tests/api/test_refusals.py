"""A refusal reaches whoever is still writing."""

from tests.fakes.bridge import Bridge
from tests.fakes.caller import calling


async def test_whoever_is_refused_in_the_middle_of_a_body_sees_why() -> None:
    """A connection that is not kept is not closed before its request has come."""
    headers = {"Origin": "http://evil.example", "Connection": "close"}
    async with calling(Bridge().services()) as caller:
        answers = [
            await caller.post("/send", headers=headers, data=b"x" * 500_000)
            for _ in range(10)
        ]

    assert [answer.status for answer in answers] == [403] * 10
