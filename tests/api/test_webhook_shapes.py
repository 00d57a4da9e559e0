"""The description of webhooks says what the rules do."""

import pytest
from pydantic import ValidationError

from gateway.api.webhook_shapes import WebhookBody
from gateway.delivery import terms
from gateway.domain.errors import Invalid
from tests.fakes.delivering import a_webhook

URL = "https://example.com/hook"


def test_every_member_is_described() -> None:
    """The description has the members that the rules know, and no other."""
    described = WebhookBody.model_json_schema(by_alias=True)["properties"]

    assert set(described) == {*terms.as_json(a_webhook()), "secret"}


def test_the_defaults_described_are_the_defaults() -> None:
    """Asking for every default in writing is the same as leaving it out."""
    written = WebhookBody(url=URL).model_dump(by_alias=True)

    assert terms.parse(written) == terms.parse({"url": URL})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "x" * 3000},
        {"url": URL, "colour": "red"},
        {"url": URL, "format": "flat"},
        {"url": URL, "timeout_s": 31},
        {"url": URL, "max_in_flight": 0},
        {"url": URL, "events": []},
        {"url": URL, "signature": "md5"},
        {"url": URL, "retry": {"schedule": [1] * 31}},
    ],
)
def test_what_the_description_excludes_is_refused(body: dict[str, object]) -> None:
    """A body that does not fit the description breaks a rule."""
    with pytest.raises(ValidationError):
        WebhookBody.model_validate(body)
    with pytest.raises(Invalid):
        terms.parse(body)
