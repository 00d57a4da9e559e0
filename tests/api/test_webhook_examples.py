"""Examples of webhooks that are true."""

from gateway.api.webhook_examples import PATCHED, RELEASED, ROTATED, TRIED, WANTED
from gateway.api.webhook_shapes import (
    ReleaseBody,
    RotationBody,
    TrialBody,
    WebhookBody,
    WebhookPatch,
)
from gateway.delivery import terms
from gateway.delivery.amending import amend
from gateway.delivery.releasing import read_release
from gateway.delivery.rotation import read_rotation
from gateway.domain.model import EventType
from tests.fakes.clock import NOON
from tests.fakes.delivering import a_webhook


def test_webhooks_that_are_shown_are_accepted() -> None:
    """Whoever copies an example gets no refusal."""
    for example in WANTED.values():
        assert terms.parse_request(example["value"]).url
        WebhookBody.model_validate(example["value"])


def test_changes_that_are_shown_are_accepted() -> None:
    """They are as the rules and the description have them."""
    for example in PATCHED.values():
        assert amend(a_webhook(), example["value"]).url
        WebhookPatch.model_validate(example["value"])


def test_other_bodies_that_are_shown_are_accepted() -> None:
    """Rotations, releases and tests."""
    for example in ROTATED.values():
        assert read_rotation(example["value"]).secret is None
        RotationBody.model_validate(example["value"])
    for example in RELEASED.values():
        assert not read_release(example["value"], NOON).none
        ReleaseBody.model_validate(example["value"])
    for example in TRIED.values():
        tried = TrialBody.model_validate(example["value"])
        assert tried.event in set(EventType)
