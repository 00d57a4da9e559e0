"""The shapes in the description are those of the answers."""

from dataclasses import replace

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.api.shapes import MessageIn, MessageOut, Receipt
from gateway.domain.model import (
    Attachment,
    MessageError,
    MessageStatus,
    OutgoingMessage,
    Recipient,
)
from gateway.domain.rendering import message_json, receipt_json
from tests.domain.nouns import INCOMING, OUTGOING

FAILURE = MessageError("room_rejected", "No.", 1003)
FAILED = replace(
    OUTGOING,
    status=MessageStatus.FAILED,
    error=FAILURE,
    attachment=Attachment(3, "5ha"),
    recipients=(Recipient(0, "alice", None, MessageStatus.FAILED, 1, FAILURE),),
)
SAID_TO_ALL = replace(OUTGOING, to=None, present=7)


@pytest.mark.parametrize("message", [OUTGOING, FAILED, SAID_TO_ALL])
def test_an_outgoing_message_has_its_shape(message: OutgoingMessage) -> None:
    """As a whole and as a receipt, no member more or less."""
    whole = TypeAdapter(MessageOut).validate_json(message_json(message))
    receipt = TypeAdapter(Receipt).validate_json(receipt_json(message))

    assert whole.status is message.status
    assert receipt.id == message.id


def test_an_incoming_message_has_its_shape() -> None:
    """No member more or less."""
    shown = TypeAdapter(MessageIn).validate_json(message_json(INCOMING))

    assert shown.sender.name == "alice"


def test_a_shape_is_exact() -> None:
    """A member that is not described would be found."""
    with pytest.raises(ValidationError):
        TypeAdapter(Receipt).validate_json('{"more":1}')
