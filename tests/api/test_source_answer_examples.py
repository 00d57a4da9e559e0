"""Examples of answers about sources are what is answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from gateway.api import source_answer_examples as examples
from gateway.api.shapes import Shape
from gateway.api.source_answers import (
    simulation_shown,
    source_addressed,
    source_shown,
)
from gateway.api.source_examples import SAMPLES, WANTED
from gateway.api.source_request_shapes import RequestList, RequestShape
from gateway.api.source_shapes import (
    SimulationShape,
    SourceAddressed,
    SourceDetail,
    SourceShape,
)
from gateway.domain.model import Preset
from gateway.inbound import terms
from gateway.inbound.simulating import simulated
from gateway.inbound.wording import Sizes
from tests.fakes.clock import NOON
from tests.fakes.inbound import a_source, room_of


@pytest.mark.parametrize(
    ("shape", "example"),
    [
        (SourceShape, examples.SHOWN),
        (SourceAddressed, examples.ADDRESSED),
        (SourceDetail, examples.DETAILED),
        (RequestShape, examples.REQUEST),
        (RequestList, examples.LISTED),
        (SimulationShape, examples.SIMULATED),
    ],
)
def test_an_example_has_its_shape(
    shape: type[Shape], example: Mapping[str, Any]
) -> None:
    """Whole: no member is left to be guessed."""
    shown = shape.model_validate(example)

    assert shown.model_fields_set == set(shape.model_fields)


def test_what_is_shown_first_is_the_answer_to_what_is_asked_first() -> None:
    """The example of an answer belongs to the first example of a body."""
    at = datetime.fromisoformat(examples.SHOWN["created_at"])
    blank = a_source(examples.SHOWN["id"], created_at=at, updated_at=at)
    made = terms.parse(next(iter(WANTED.values()))["value"], room_of).applied_to(blank)
    token = examples.ADDRESSED["path"].removeprefix("/in/")

    assert source_shown(made) == examples.SHOWN
    assert source_addressed(made, token, "https://gateway.example.com") == (
        examples.ADDRESSED
    )


def test_what_is_simulated_is_what_is_made_of_the_sample() -> None:
    """Whatever the words are today."""
    source = a_source(preset=Preset.GITHUB)
    sample = next(iter(SAMPLES.values()))["value"]

    shown = simulation_shown(source, simulated(source, sample, NOON, Sizes()))

    assert told_by(shown) == told_by(examples.SIMULATED)


def told_by(answer: Mapping[str, Any]) -> object:
    """Return an answer less the words that are for people."""
    return {**answer, "message": {**answer["message"], "text": ""}}


def test_an_answer_is_described_with_its_example() -> None:
    """Beside its shape."""
    told = examples.answered(SourceShape, examples.SHOWN)

    assert told["model"] is SourceShape
    assert told["content"]["application/json"]["example"] == examples.SHOWN
