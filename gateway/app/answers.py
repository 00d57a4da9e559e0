"""What receivers of webhooks return, said in the room."""

from collections.abc import Mapping
from typing import Final

from gateway.api.bodies import Body, Limits
from gateway.api.schemas import reply_draft
from gateway.bridge.ports import Once
from gateway.bridge.replying import Loop, Replying
from gateway.bridge.sending import Draft
from gateway.delivery.ports import Due, Said
from gateway.domain.errors import (
    GatewayError,
    Invalid,
    MalformedJson,
    StoreUnavailable,
)
from gateway.domain.json_text import dumps
from gateway.domain.model import IncomingMessage, Webhook

LOOP: Final = "loop"
INVALID: Final = "invalid"
UNANSWERABLE: Final = "not_found"


class Answers:
    """Satisfies the `Replies` port of the delivery.

    Args:
        replying: Says it.
        limits: The largest message and attachment, as for callers over HTTP.
    """

    def __init__(self, replying: Replying, limits: Limits) -> None:
        self._replying = replying
        self._limits = limits

    async def say(
        self, webhook: Webhook, due: Due, answer: Mapping[str, object]
    ) -> Said:
        """Send `answer`, a body of POST /messages/{id}/reply, to the event's sender.

        Once per webhook and event, however often it is called. Nothing is raised but
        `StoreUnavailable`.
        """
        if not isinstance(due.message, IncomingMessage):
            return Said(skipped=UNANSWERABLE)
        once = Once(f"reply:{webhook.id}", due.event.id)
        try:
            draft = self._draft(webhook, due, answer)
            message_id = await self._replying.reply(due.message, draft, once)
        except StoreUnavailable:
            raise
        except Loop:
            return Said(skipped=LOOP)
        except GatewayError as error:
            return Said(skipped=_reason(error))
        return Said(message_id=message_id)

    def _draft(self, webhook: Webhook, due: Due, answer: Mapping[str, object]) -> Draft:
        _refuse_half_characters(answer)
        return reply_draft(
            Body(answer),
            self._limits,
            key_id=webhook.key_id,
            traceparent=due.event.traceparent,
        )


def _refuse_half_characters(answer: Mapping[str, object]) -> None:
    """Refuse what no store could keep and no room be told."""
    try:
        dumps(answer).encode()
    except UnicodeEncodeError as error:
        detail = "half of a surrogate pair is not text"
        raise MalformedJson(detail) from error


def _reason(error: GatewayError) -> str:
    is_malformed = type(error) is Invalid or isinstance(error, MalformedJson)
    return INVALID if is_malformed else error.code
