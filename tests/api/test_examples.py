"""Examples that are true."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from gateway.api.batch_bodies import batch_drafts
from gateway.api.bodies import FORM, JSON, Body, Limits
from gateway.api.examples import (
    BATCH_BODIES,
    BROADCAST_BODIES,
    SEND_BODIES,
    batch_receipts,
    receipts,
)
from gateway.api.schemas import broadcast_draft, send_draft
from gateway.api.shapes import BatchAnswer, Receipt


@pytest.mark.parametrize("kind", [JSON, FORM])
def test_bodies_that_are_shown_are_accepted(kind: str) -> None:
    """Whoever copies an example gets no refusal."""
    typed = kind == JSON

    for example in SEND_BODIES[kind].values():
        assert send_draft(Body(example["value"], typed=typed), Limits()).to
    for example in BROADCAST_BODIES[kind].values():
        assert broadcast_draft(Body(example["value"], typed=typed), Limits()).body


@pytest.mark.parametrize("operation", ["send", "broadcast"])
def test_answers_that_are_shown_have_their_shape(operation: str) -> None:
    """The receipts of the examples are receipts."""
    shown: list[Any] = [
        answer["content"][JSON]["example"] for answer in receipts(operation).values()
    ]

    found = [TypeAdapter(Receipt).validate_python(each, strict=False) for each in shown]

    assert [each.status.value for each in found] == ["sent", "queued"]


def test_a_batch_that_is_shown_is_accepted() -> None:
    """And its answers are answers to a batch."""
    for example in BATCH_BODIES[JSON].values():
        assert len(batch_drafts(example["value"], Limits())) == 2
    for answer in batch_receipts().values():
        assert BatchAnswer.model_validate(answer["content"][JSON]["example"]).results
