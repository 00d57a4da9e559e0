"""The shapes of what third parties sent are those of the answers."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.api.source_request_shapes import (
    RefusalShape,
    RequestDetail,
    RequestList,
    RequestShape,
)
from gateway.domain.model import InboundState

REQUEST: dict[str, Any] = {
    "id": "inb_1",
    "source_id": "src_1",
    "status": "accepted",
    "reason": None,
    "message_id": None,
    "identity": None,
    "replay_of": None,
    "method": "POST",
    "query": "",
    "size": 2,
    "received_at": "2030-01-31T12:00:00.000Z",
}


def test_a_list_has_requests_and_refusals() -> None:
    """Nothing else."""
    page = {"requests": [REQUEST], "next_cursor": None, "refused": []}

    assert RequestList.model_validate(page).requests[0].id == "inb_1"
    with pytest.raises(ValidationError):
        RequestList.model_validate({**page, "total": 1})


def test_every_status_is_explained() -> None:
    """Whoever looks at a request reads there what its status means."""
    told = RequestShape.model_json_schema()["properties"]["status"]["description"]

    assert all(f"`{state.value}`" in told for state in InboundState)


@pytest.mark.parametrize("shape", [RequestDetail, RefusalShape])
def test_what_is_not_plain_is_described(
    shape: type[RequestDetail] | type[RefusalShape],
) -> None:
    """In a sentence that ends."""
    members = shape.model_json_schema()["properties"].values()

    told = [member["description"] for member in members if "description" in member]
    assert len(told) > 3
    assert all(text.endswith(".") for text in told)
