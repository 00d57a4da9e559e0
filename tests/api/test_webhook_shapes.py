"""The description of webhooks says what the rules do."""

import pytest
from pydantic import ValidationError

from gateway.api.webhook_shapes import RotationBody, WebhookBody, WebhookPatch
from gateway.delivery import terms
from gateway.delivery.rotation import read_rotation
from gateway.domain.errors import Invalid
from tests.fakes.delivering import a_webhook

URL = "https://example.com/hook"


def test_every_member_is_described() -> None:
    """The description has the members that the rules know, and no other."""
    described = WebhookBody.model_json_schema(by_alias=True)["properties"]

    own = {"secret", "target_url", "hookUrl", "event"}
    assert set(described) == {*terms.as_json(a_webhook()), *own}
    changed = WebhookPatch.model_json_schema(by_alias=True)["properties"]
    assert set(changed) == set(terms.as_json(a_webhook()))


def test_the_defaults_described_are_the_defaults() -> None:
    """Asking for every default in writing is the same as leaving it out."""
    written = WebhookBody(url=URL).model_dump(by_alias=True)

    assert terms.parse_request(written) == terms.parse({"url": URL})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "x" * 3000},
        {"url": URL, "colour": "red"},
        {"url": URL, "target_url": URL},
        {"url": URL, "format": "xml"},
        {"url": URL, "template": 5},
        {"url": URL, "filter": ""},
        {"url": URL, "filter": "x" * 1001},
        {"url": URL, "ordering": "name"},
        {"url": URL, "rate_limit": {}},
        {"url": URL, "rate_limit": {"per_second": 0.001}},
        {"url": URL, "rate_limit": {"per_second": 1, "burst": 10_001}},
        {"url": URL, "rate_limit": {"per_second": 1, "for": "all"}},
        {"url": URL, "timeout_s": 31},
        {"url": URL, "max_in_flight": 0},
        {"url": URL, "events": []},
        {"url": URL, "signature": "md5"},
        {"url": URL, "headers": {"X-Team": None}},
        {"url": URL, "retry": {"schedule": [1] * 31}},
    ],
)
def test_what_the_description_excludes_is_refused(body: dict[str, object]) -> None:
    """A body that does not fit the description breaks a rule."""
    with pytest.raises(ValidationError):
        WebhookBody.model_validate(body)
    with pytest.raises(Invalid):
        terms.parse_request(body)


@pytest.mark.parametrize(
    "body",
    [
        {"grace_s": -1},
        {"grace_s": 604_801},
        {"grace": 5},
    ],
)
def test_what_a_rotation_excludes_is_refused(body: dict[str, object]) -> None:
    """A body that does not fit the description breaks a rule."""
    with pytest.raises(ValidationError):
        RotationBody.model_validate(body)
    with pytest.raises(Invalid):
        read_rotation(body)
