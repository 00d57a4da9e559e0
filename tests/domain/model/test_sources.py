"""Sources and what came in by them."""

import pytest

from gateway.domain.model import Inbound, InboundState, Profile, Verification
from tests.domain.arriving import SOURCE
from tests.fakes.clock import NOON


@pytest.mark.parametrize("state", list(InboundState))
def test_only_what_is_accepted_still_waits(state: InboundState) -> None:
    """All other states are the end, unless somebody asks for more."""
    assert state.is_final is (state is not InboundState.ACCEPTED)


def test_no_secret_is_shown_by_accident() -> None:
    """Neither the secrets of a source nor its token's hash are in its `repr`."""
    verification = Verification(Profile.GITHUB, ("between us",))

    assert "between us" not in repr(verification)
    assert SOURCE.token_hash not in repr(SOURCE)


def test_nothing_of_a_request_is_shown_by_accident() -> None:
    """Neither its headers nor its body are in its `repr`."""
    inbound = Inbound("inb_1", "src_1", NOON, "POST", "", {"x-a": "private"}, b"mine")

    assert "private" not in repr(inbound)
    assert "mine" not in repr(inbound)
