"""Sources are shown without their tokens and secrets."""

import json

import pytest

from gateway.api.source_answers import (
    counts_shown,
    simulation_shown,
    source_addressed,
    source_shown,
)
from gateway.api.source_shapes import SimulationShape, SourceAddressed, SourceShape
from gateway.domain.model import (
    Address,
    AddressKind,
    InboundState,
    OwnResponse,
    Profile,
    Source,
    Verification,
)
from gateway.inbound.simulating import Simulation
from tests.fakes.inbound import SECRET, TOKEN, a_source

HMAC = Verification(Profile.HMAC, (SECRET, "b"), header="X-Signature")
FULL = a_source(
    verify=HMAC,
    to=(Address(AddressKind.ROLE, "agent"), Address(AddressKind.ANY, "alice")),
    template='{"text":"{{ n }}"}',
    response=OwnResponse(200, "thanks"),
)


@pytest.mark.parametrize("source", [a_source(), FULL])
def test_a_source_has_its_shape(source: Source) -> None:
    """With nothing in it that proves anything."""
    shown = json.dumps(source_shown(source))

    SourceShape.model_validate_json(shown)
    assert SECRET not in shown
    assert source.token_hash not in shown


def test_secrets_are_counted() -> None:
    """And how they are used is shown."""
    assert source_shown(FULL)["verify"] == {
        "profile": "hmac",
        "tolerance": 300,
        "header": "X-Signature",
        "algorithm": "sha256",
        "encoding": "hex",
        "prefix": "",
        "timestamp_header": None,
        "secret_count": 2,
    }


def test_the_address_is_below_that_of_the_gateway() -> None:
    """Absolute, and as it is routed here."""
    shown = source_addressed(FULL, TOKEN, "https://example.com/gw")

    SourceAddressed.model_validate_json(json.dumps(shown))
    assert shown["url"] == "https://example.com/gw/in/a-token"
    assert shown["path"] == "/in/a-token"


def test_every_state_is_counted() -> None:
    """Those that nothing is in as 0."""
    shown = counts_shown({InboundState.SAID: 3})

    assert shown == {each.value: 0 for each in InboundState} | {"said": 3}


@pytest.mark.parametrize(
    "result",
    [
        Simulation(InboundState.SAID, '{"text":"5"}', 17, identity="dedup:5"),
        Simulation(InboundState.FILTERED, reason="the filter is not true of it"),
    ],
)
def test_a_simulation_has_its_shape(result: Simulation) -> None:
    """Whether or not something would be said."""
    shown = json.dumps(simulation_shown(FULL, result))

    parsed = SimulationShape.model_validate_json(shown)
    assert parsed.to == [{"role": "agent"}, "alice"]
    assert parsed.attachment_size == (result.attachment_bytes or None)
