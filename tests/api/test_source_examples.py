"""Examples of sources that are true."""

import json

import pytest

from gateway.api.source_examples import (
    DUPLICATE,
    PATCHED,
    SAMPLES,
    SECRETS,
    WANTED,
)
from gateway.api.source_shapes import (
    SampleBody,
    SecretsBody,
    SourceBody,
    SourcePatch,
    TakenShape,
)
from gateway.cli.openapi import description
from gateway.domain.model import InboundState, Preset, Profile, Verification
from gateway.inbound import terms
from gateway.inbound.amending import amend, rotated
from gateway.inbound.simulating import simulated
from gateway.inbound.wording import Sizes
from tests.fakes.clock import NOON
from tests.fakes.inbound import SECRET, a_source, room_of

SOURCE = a_source(verify=Verification(Profile.BEARER, (SECRET,)))


@pytest.mark.parametrize("name", WANTED)
def test_sources_that_are_shown_are_accepted(name: str) -> None:
    """Whoever copies an example gets no refusal."""
    value = WANTED[name]["value"]

    assert terms.parse(value, room_of).name
    SourceBody.model_validate(value)


@pytest.mark.parametrize("name", PATCHED)
def test_changes_that_are_shown_are_accepted(name: str) -> None:
    """They are as the rules and the description have them."""
    value = PATCHED[name]["value"]

    assert amend(SOURCE, value, room_of).name
    SourcePatch.model_validate(value)


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_that_are_shown_are_accepted(name: str) -> None:
    """The new one counts first."""
    value = SECRETS[name]["value"]

    assert rotated(SOURCE, value).verify.secrets[0] == value["secret"]
    SecretsBody.model_validate(value)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_that_are_shown_are_worded(name: str) -> None:
    """By a source of that kind."""
    value = SAMPLES[name]["value"]
    source = a_source(preset=Preset.GITHUB)

    result = simulated(source, value, NOON, Sizes())

    assert result.state is InboundState.SAID
    assert "octocat/hello-world" in (result.message or "")
    SampleBody.model_validate(value)


def test_a_repeat_is_shown_as_it_is_answered() -> None:
    """Not as what is taken in for the first time."""
    paths = json.loads(description())["paths"]

    for operation in paths["/in/{token}"].values():
        answer = operation["responses"]["200"]["content"]["application/json"]
        assert answer["example"] == DUPLICATE
    assert TakenShape.model_validate(DUPLICATE).status == "duplicate"
