"""The description of sources says what the rules do."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.api.source_shapes import (
    SampleBody,
    SecretsBody,
    SourceBody,
    SourcePatch,
    VerifyBody,
)
from gateway.domain.errors import Invalid
from gateway.domain.model import Profile, Verification
from gateway.inbound import terms
from gateway.inbound.amending import rotated
from gateway.inbound.simulating import simulated
from gateway.inbound.wording import Sizes
from tests.fakes.clock import NOON
from tests.fakes.inbound import SECRET, a_source, room_of

WANTED: dict[str, Any] = {
    "name": "shop",
    "broadcast": True,
    "verify": {"profile": "none"},
}
HMAC = {"profile": "hmac", "secret": "x", "header": "X-Signature"}


def members(model: type[SourceBody | SourcePatch]) -> set[str]:
    """Return what a body may have."""
    return set(model.model_json_schema(by_alias=True)["properties"])


def test_every_member_is_described() -> None:
    """The description has the members that the rules know, and no other."""
    known = set(terms.as_json(a_source()))

    assert members(SourceBody) == known
    assert members(SourcePatch) == known


@pytest.mark.parametrize("verify", [{"profile": "none"}, HMAC])
def test_the_defaults_described_are_the_defaults(verify: dict[str, object]) -> None:
    """Asking for every default in writing is the same as leaving it out."""
    wanted = {**WANTED, "verify": verify}
    written = SourceBody.model_validate(wanted).model_dump(mode="json")

    assert terms.parse(written, room_of) == terms.parse(wanted, room_of)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"colour": "red"},
        {"to": "alice"},
        {"broadcast": False},
        {"format": "xml"},
        {"template": 5},
        {"template": [1]},
        {"filter": ""},
        {"filter": "x" * 1001},
        {"dedup": ""},
        {"methods": []},
        {"methods": ["PUT"]},
        {"max_body": 0},
        {"max_body": 25 * 1024**2 + 1},
        {"ttl": 0},
        {"ttl": 86_401},
        {"response": {"status": 301}},
        {"response": {"content_type": "text/html"}},
        {"response": {"body": "x" * 4097}},
        {"response": {"headers": {}}},
        {"description": ""},
        {"verify": None},
        {"verify": {}},
        {"verify": {"profile": "md5"}},
        {"verify": {**HMAC, "algorithm": "md5"}},
        {"verify": {**HMAC, "encoding": "base32"}},
        {"verify": {**HMAC, "tolerance": 0}},
        {"verify": {**HMAC, "tolerance": 3601}},
        {"verify": {**HMAC, "colour": "red"}},
        {"verify": {"profile": "github", "secrets": [*"abcdefghijk"]}},
    ],
)
def test_what_the_description_excludes_is_refused(changes: dict[str, object]) -> None:
    """A body that does not fit the description breaks a rule."""
    body = {**WANTED, **changes}

    with pytest.raises(ValidationError):
        SourceBody.model_validate(body)
    with pytest.raises(Invalid):
        terms.parse(body, room_of)


@pytest.mark.parametrize(
    "body", [{}, {"secret": 5}, {"secret": "x", "keep": 10}, {"secret": "x", "all": 1}]
)
def test_what_a_rotation_excludes_is_refused(body: dict[str, object]) -> None:
    """A body that does not fit the description breaks a rule."""
    source = a_source(verify=Verification(Profile.BEARER, (SECRET,)))

    with pytest.raises(ValidationError):
        SecretsBody.model_validate(body)
    with pytest.raises(Invalid):
        rotated(source, body)


@pytest.mark.parametrize(
    "body",
    [{"colour": "red"}, {"headers": {"X": 1}}, {"method": "PUT"}, {"query": 5}],
)
def test_what_a_sample_excludes_is_refused(body: dict[str, object]) -> None:
    """A body that does not fit the description breaks a rule."""
    with pytest.raises(ValidationError):
        SampleBody.model_validate(body)
    with pytest.raises(Invalid):
        simulated(a_source(), body, NOON, Sizes())


def test_every_profile_can_be_asked_for() -> None:
    """As the rules know them."""
    assert [VerifyBody(profile=each).profile for each in Profile] == list(Profile)
