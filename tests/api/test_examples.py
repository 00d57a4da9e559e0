"""Examples that are true."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from gateway.api.bodies import FORM, JSON, Body, Limits
from gateway.api.examples import BROADCAST_BODIES, SEND_BODIES, receipts
from gateway.api.schemas import broadcast_draft, send_draft
from gateway.api.shapes import Receipt


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
