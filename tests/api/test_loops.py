"""What the gateway itself delivers does not come in again."""

import pytest

from tests.fakes.bridge import Bridge
from tests.fakes.caller import calling

HI = {"to": "alice", "text": "hi"}


@pytest.mark.parametrize(("hop", "status"), [("gw_one", 422), ("gw_two", 200)])
async def test_a_delivery_of_our_own_says_nothing(hop: str, status: int) -> None:
    """A webhook that leads back to us by a proxy would go round for ever."""
    bridge = Bridge()

    async with calling(bridge.services()) as caller:
        answer = await caller.post("/send", json=HI, headers={"gateway-hop": hop})

    assert answer.status == status
    assert status == 200 or answer.code == "loop_detected"
    assert len(bridge.sending.accepted) == (status == 200)
