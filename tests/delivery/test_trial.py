"""A webhook is tried out at once, and nothing of it is kept."""

import json

import pytest

from gateway.delivery.headers import MASK
from gateway.delivery.trial import SHOWN_BYTES, Trial
from gateway.domain.errors import Invalid, NotFound
from gateway.domain.model import ErrorClass, Format, Webhook
from tests.fakes.delivering import Delivering, a_webhook
from tests.fakes.sender import Answer, an_outcome


async def a_trial(webhook: Webhook, *answers: Answer) -> tuple[Trial, Delivering]:
    """Return a trial of a webhook that so answers."""
    world = Delivering(*answers)
    await world.add(webhook)
    requests = world.attempts.requests
    trial = Trial(world.roster, requests, world.sender, world.clock, world.ids)
    return trial, world


async def test_a_sample_is_sent_and_nothing_stored() -> None:
    """The first event wanted is sent, signed, and leaves no delivery behind."""
    trial, world = await a_trial(a_webhook(events=("room.*",)))

    result = await trial.run("wh_one")

    assert result.ok
    assert json.loads(world.sender.requests[0].body)["type"] == "room.connected"
    assert "webhook-signature" in result.request_headers
    assert (world.deliveries, world.store.events) == ([], [])


async def test_the_event_may_be_chosen() -> None:
    """A type that the webhook does not want can be tried too."""
    trial, world = await a_trial(a_webhook())

    await trial.run("wh_one", "message.failed")

    body = json.loads(world.sender.requests[0].body)
    assert (body["type"], body["data"]["status"]) == ("message.failed", "failed")


async def test_the_trace_of_whoever_tries_is_sent_along() -> None:
    """As one that caused an event would be."""
    trial, world = await a_trial(a_webhook())
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    await trial.run("wh_one", traceparent=trace)

    assert world.sender.requests[0].headers["traceparent"] == trace


async def test_what_went_wrong_is_said() -> None:
    """A refused connection is the trial's result, not an error."""
    trial, _ = await a_trial(a_webhook(), ErrorClass.CONNECTION_REFUSED)

    result = await trial.run("wh_one")

    assert not result.ok
    assert result.outcome.error_class is ErrorClass.CONNECTION_REFUSED


async def test_own_headers_are_sent_and_masked() -> None:
    """The receiver gets the value, the caller sees the mask."""
    webhook = a_webhook(headers={"Authorization": "Bearer x"})
    trial, world = await a_trial(webhook)

    result = await trial.run("wh_one")

    assert world.sender.requests[0].headers["Authorization"] == "Bearer x"
    assert result.request_headers["Authorization"] == MASK


async def test_own_headers_that_an_answer_repeats_are_masked() -> None:
    """A receiver may send back all that it got."""
    webhook = a_webhook(headers={"Authorization": "Bearer s3cr3t-t0ken"})
    answer = an_outcome(200, body=b'{"authorization":"Bearer s3cr3t-t0ken"}')
    trial, _ = await a_trial(webhook, answer)

    result = await trial.run("wh_one")

    assert result.outcome.body == f'{{"authorization":"{MASK}"}}'.encode()


async def test_what_was_rendered_is_shown() -> None:
    """A template is filled in with the sample, as for a delivery."""
    webhook = a_webhook(format=Format.TEMPLATE, template='{"said":"{{ text }}"}')
    trial, world = await a_trial(webhook)

    result = await trial.run("wh_one")

    assert result.request_body == world.sender.requests[0].body
    assert result.request_body is not None
    assert "a test" in json.loads(result.request_body)["said"]


async def test_only_the_start_of_what_was_sent_is_shown() -> None:
    """A person does not read more, and an answer has its bounds."""
    text = "x" * (2 * SHOWN_BYTES)
    webhook = a_webhook(
        format=Format.TEMPLATE, template=json.dumps(text), content_type="text/plain"
    )
    trial, world = await a_trial(webhook)

    result = await trial.run("wh_one")

    assert result.request_body == text[:SHOWN_BYTES].encode()
    assert world.sender.requests[0].body == text.encode()


async def test_a_template_that_fails_sends_nothing() -> None:
    """The result says why, without a request and without an answer."""
    endless = "{% for a in (1..1000) %}{% for b in (1..1000) %}{% endfor %}{% endfor %}"
    webhook = a_webhook(format=Format.TEMPLATE, template=json.dumps({"said": endless}))
    trial, world = await a_trial(webhook)

    result = await trial.run("wh_one")

    assert not result.ok
    assert result.outcome.detail == (
        "The template failed: /said: its loops take more than 10000 turns."
    )
    assert (result.request_body, world.sender.requests) == (None, [])


async def test_an_inactive_webhook_can_be_tried() -> None:
    """Before enabling it again one may see whether it answers."""
    trial, _ = await a_trial(a_webhook(active=False))

    assert (await trial.run("wh_one")).ok


async def test_a_webhook_removed_from_configuration_gets_a_message() -> None:
    """With no event wanted the sample is a message."""
    trial, world = await a_trial(a_webhook(events=()))

    await trial.run("wh_one")

    assert json.loads(world.sender.requests[0].body)["type"] == "message.received"


async def test_unknown_names_are_refused() -> None:
    """Neither an unknown event nor an unknown webhook can be tried."""
    trial, _ = await a_trial(a_webhook())

    with pytest.raises(Invalid, match="is no event"):
        await trial.run("wh_one", "message.lost")
    with pytest.raises(NotFound):
        await trial.run("wh_two")
